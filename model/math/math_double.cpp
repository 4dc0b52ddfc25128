// The oracle: the same operations in double precision, as plain as they can be written.
#include <algorithm>
#include <cmath>
#include <vector>

#include "model/base/check.h"
#include "model/math/dequantise.h"
#include "model/math/math.h"
#include "model/math/scalar.h"

namespace lab {
namespace {

std::vector<float> row_of(const Matrix& w, std::int64_t row) {
  std::vector<float> values(static_cast<std::size_t>(w.cols));
  dequantise_row(w, row, values);
  return values;
}

// Calls body(head, channel of the head, place of the channel's state 0 in h).
template <class Body>
void for_each_channel(const Scan<double>& s, Body body) {
  for (std::int64_t head = 0; head < s.heads; ++head)
    for (std::int64_t p = 0; p < s.width; ++p)
      body(head, p, ((head * s.tiles() + p / 16) * s.states) * 16 + p % 16);
}

double time_step_of(const Scan<double>& s, std::int64_t token, std::int64_t head, std::int64_t p) {
  return s.dt.row(token)[s.per_head ? head : p];
}

}  // namespace

template <>
struct Math<double>::Threads {};

template <>
Math<double>::Math(int, const char*) {}
template <>
Math<double>::~Math() = default;

template <>
int Math<double>::threads() const {
  return 1;
}

template <>
const char* Math<double>::instruction_set() const {
  return "double";
}

template <>
void Math<double>::embed(const Matrix& w, std::int64_t row, std::span<double> out) const {
  const std::vector<float> values = row_of(w, row);
  std::copy(values.begin(), values.end(), out.begin());
}

template <>
void Math<double>::linear(const Matrix& w, std::span<const double> bias, Rows<const double> x, Rows<double> y) {
  for (std::int64_t o = 0; o < w.rows; ++o) {
    const std::vector<float> weights = row_of(w, o);
    for (std::int64_t t = 0; t < x.count; ++t) {
      double sum = bias.empty() ? 0.0 : bias[static_cast<std::size_t>(o)];
      for (std::int64_t i = 0; i < w.cols; ++i) sum += static_cast<double>(weights[static_cast<std::size_t>(i)]) * x.row(t)[i];
      y.row(t)[o] = sum;
    }
  }
}

template <>
void Math<double>::rms_norm(Rows<const double> x, std::span<const double> w, double epsilon, std::int64_t groups,
                            Rows<double> y) {
  const std::int64_t n = x.width / groups;
  for (std::int64_t t = 0; t < x.count; ++t)
    for (std::int64_t g = 0; g < groups; ++g) {
      const double* in = x.row(t) + g * n;
      double squares = 0;
      for (std::int64_t i = 0; i < n; ++i) squares += in[i] * in[i];
      const double scale = 1 / std::sqrt(squares / static_cast<double>(n) + epsilon);
      for (std::int64_t i = 0; i < n; ++i) y.row(t)[g * n + i] = in[i] * scale * w[static_cast<std::size_t>(g * n + i)];
    }
}

template <>
void Math<double>::add(Rows<const double> x, Rows<double> into) {
  for (std::int64_t t = 0; t < x.count; ++t)
    for (std::int64_t i = 0; i < x.width; ++i) into.row(t)[i] += x.row(t)[i];
}

template <>
void Math<double>::convolve(Rows<const double> window, std::int64_t kernel, std::span<const double> w,
                            std::span<const double> bias, Rows<double> y) {
  for (std::int64_t t = 0; t < y.count; ++t)
    for (std::int64_t c = 0; c < y.width; ++c) {
      double sum = bias.empty() ? 0.0 : bias[static_cast<std::size_t>(c)];
      for (std::int64_t k = 0; k < kernel; ++k) sum += w[static_cast<std::size_t>(k * y.width + c)] * window.row(t + k)[c];
      y.row(t)[c] = sum;
    }
}

template <>
void Math<double>::silu(Rows<const double> x, Rows<double> y) {
  for (std::int64_t t = 0; t < x.count; ++t)
    for (std::int64_t i = 0; i < x.width; ++i) y.row(t)[i] = scalar::silu(x.row(t)[i]);
}

template <>
void Math<double>::time_step(Rows<const double> raw, std::span<const double> bias, double low, double high, Rows<double> dt) {
  for (std::int64_t t = 0; t < raw.count; ++t)
    for (std::int64_t i = 0; i < raw.width; ++i) {
      const double step = scalar::softplus(raw.row(t)[i] + bias[static_cast<std::size_t>(i)]);
      dt.row(t)[i] = std::fmin(high, std::fmax(low, step));
    }
}

template <>
void Math<double>::gate(Rows<const double> y, Rows<const double> z, Rows<double> out) {
  for (std::int64_t t = 0; t < y.count; ++t)
    for (std::int64_t i = 0; i < y.width; ++i) out.row(t)[i] = y.row(t)[i] * scalar::silu(z.row(t)[i]);
}

template <>
void Math<double>::attention_scores(const Attention<double>& a, const double* q, double* scores) {
  for (std::int64_t head = 0; head < a.heads; ++head)
    for (std::int64_t i = 0; i < a.rows; ++i) {
      const double* k = a.k->row(a.first + i) + head / a.heads_per_group * a.width;
      double product = 0;
      for (std::int64_t c = 0; c < a.width; ++c) product += q[head * a.width + c] * k[c];
      scores[head * a.rows + i] = a.scale * product;
    }
}

template <>
void Math<double>::attention_weights(const Attention<double>& a, const double* scores, double* weights, HeadAttention<double>* heads) {
  for (std::int64_t head = 0; head < a.heads; ++head) {
    const double* s = scores + head * a.rows;
    const auto [low, high] = std::minmax_element(s, s + a.rows);
    HeadAttention<double> about{*low, *high, 0};
    double total = 0;
    for (std::int64_t i = 0; i < a.rows; ++i) total += std::exp(s[i] - about.high);
    for (std::int64_t i = 0; i < a.rows; ++i) {
      const double log_weight = s[i] - about.high - std::log(total), weight = std::exp(log_weight);
      about.entropy -= weight * log_weight;
      weights[head * a.rows + i] = weight;
    }
    heads[head] = about;
  }
}

template <>
void Math<double>::attention_context(const Attention<double>& a, const double* weights, double* context) {
  for (std::int64_t head = 0; head < a.heads; ++head)
    for (std::int64_t c = 0; c < a.width; ++c) {
      double sum = 0;
      for (std::int64_t i = 0; i < a.rows; ++i)
        sum += weights[head * a.rows + i] * a.v->row(a.first + i)[head / a.heads_per_group * a.width + c];
      context[head * a.width + c] = sum;
    }
}

template <>
void Math<double>::attend(const Attention<double>& attention, Rows<const double> q, Rows<double> context, HeadAttention<double>* heads) {
  for (std::int64_t t = 0; t < q.count; ++t) {
    Attention<double> a = attention;
    a.rows += t;
    std::vector<double> weights(static_cast<std::size_t>(a.heads * a.rows));
    attention_scores(a, q.row(t), weights.data());
    attention_weights(a, weights.data(), weights.data(), heads + t * a.heads);
    attention_context(a, weights.data(), context.row(t));
  }
}

template <>
void Math<double>::scan_decay(const Scan<double>& s, std::int64_t token, double* decay) {
  if (s.per_head) {
    for (std::int64_t head = 0; head < s.heads; ++head) decay[head] = std::exp(s.dt.row(token)[head] * s.A[head]);
    return;
  }
  for_each_channel(s, [&](std::int64_t, std::int64_t p, std::int64_t at) {
    for (std::int64_t n = 0; n < s.states; ++n) decay[at + n * 16] = std::exp(s.dt.row(token)[p] * s.A[at + n * 16]);
  });
}

template <>
void Math<double>::scan_state(const Scan<double>& s, std::int64_t token, const double* decay) {
  for_each_channel(s, [&](std::int64_t head, std::int64_t p, std::int64_t at) {
    const double du = time_step_of(s, token, head, p) * s.u.row(token)[head * s.width + p];
    const double* b = s.B.row(token) + head / s.heads_per_group * s.states;
    for (std::int64_t n = 0; n < s.states; ++n) {
      double& h = s.h[at + n * 16];
      h = decay[s.per_head ? head : at + n * 16] * h + du * b[n];
    }
  });
}

template <>
void Math<double>::scan_output(const Scan<double>& s, std::int64_t token) {
  for_each_channel(s, [&](std::int64_t head, std::int64_t p, std::int64_t at) {
    const double* c = s.C.row(token) + head / s.heads_per_group * s.states;
    double y = s.D[s.per_head ? head : p] * s.u.row(token)[head * s.width + p];
    for (std::int64_t n = 0; n < s.states; ++n) y += s.h[at + n * 16] * c[n];
    s.y.row(token)[head * s.width + p] = y;
  });
}

template <>
void Math<double>::scan(const Scan<double>& s) {
  LAB_CHECK(s.sums == nullptr, ==, true);
  AlignedBuffer<double> decay(static_cast<std::size_t>(s.per_head ? s.heads : s.stored()));
  for (std::int64_t t = 0; t < s.u.count; ++t) {
    scan_decay(s, t, decay.data());
    scan_state(s, t, decay.data());
    if (s.y.count > 0) scan_output(s, t);
  }
}

}  // namespace lab
