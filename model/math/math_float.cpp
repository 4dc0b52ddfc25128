#include <algorithm>
#include <cmath>
#include <thread>
#include <vector>

#include "model/base/check.h"
#include "model/math/cpu/kernels.h"
#include "model/math/cpu/pool.h"
#include "model/math/dequantise.h"
#include "model/math/math.h"

namespace lab {
namespace {

// The least of a matrix that is worth a stream of its own.
constexpr std::int64_t kLeastBytes = 32 << 10;
// Below this many multiply-adds a second thread costs more than it brings.
constexpr std::int64_t kWorthSharing = 16 << 10;
// More parts than this only cost; the pool takes no more than 2^20.
constexpr std::int64_t kMostParts = 1 << 16;
// Queries whose attention one thread computes together: enough to make reading the cache cheap, few enough that the scores of
// thousands of rows stay near.
constexpr std::int64_t kQueries = 24;

// The statistics of one token around a scan.
void measure_token(const Kernels& k, const Scan<float>& s, std::int64_t token, std::span<const float> z, std::span<float> out) {
  const auto set = [&](Statistic which, float value) { out[static_cast<std::size_t>(which)] = value; };
  float sums[kScanSums];
  k.total_sums(s, token, sums);
  const auto total = [&](ScanSum which) { return sums[static_cast<std::int64_t>(which)]; };
  const auto elements = static_cast<float>(s.heads * s.width * s.states);
  set(Statistic::h_norm, std::sqrt(total(ScanSum::squares)));
  set(Statistic::h_max, total(ScanSum::largest));
  set(Statistic::h_mean, total(ScanSum::sum) / elements);
  set(Statistic::h_change, std::sqrt(total(ScanSum::change)));
  set(Statistic::h_nonfinite, total(ScanSum::nonfinite));
  set(Statistic::write_norm, std::sqrt(total(ScanSum::write)));
  set(Statistic::decay_mean, total(ScanSum::decay) / elements);
  float a = 0, b = 0;
  k.measure_step(s.dt.row(token), s.dt.width, &a, &b);
  set(Statistic::dt_mean, a / static_cast<float>(s.dt.width));
  set(Statistic::dt_max, b);
  k.measure_gate(z.data(), static_cast<std::int64_t>(z.size()), &a, &b);
  set(Statistic::gate_mean, a / static_cast<float>(z.size()));
  set(Statistic::gate_shut, b / static_cast<float>(z.size()));
  k.measure(s.u.row(token), s.u.width, &a, &b);
  set(Statistic::x_norm, std::sqrt(a));
  k.measure(s.y.row(token), s.y.width, &a, &b);
  set(Statistic::y_norm, std::sqrt(a));
}

}  // namespace

template <>
struct Math<float>::Threads {
  Threads(int threads, const char* isa) : pool(threads), panels(static_cast<std::size_t>(threads)),
        weights(static_cast<std::size_t>(threads)) {
    kernels = *isa ? find_kernels(isa) : &best_kernels();
    LAB_CHECK(kernels != nullptr, ==, true);
  }
  Pool pool;
  const Kernels* kernels;
  std::vector<AlignedBuffer<float>> panels;  // one a thread
  std::vector<AlignedBuffer<float>> weights;  // of kQueries queries, one a thread
  AlignedBuffer<float> arranged;             // inputs in the order that BF16 matrices want
  std::vector<std::int64_t> ends;            // of the parts that are being shared

  // Splits [0, n) into equal parts and calls body(first, last), on the pool when the work is worth it.
  template <class Body>
  void share(std::int64_t n, std::int64_t part, std::int64_t work, const Body& body) {
    part = std::max(part, n / kMostParts + 1);
    const std::int64_t parts = (n + part - 1) / part;
    if (work < kWorthSharing || pool.threads() == 1) {
      body(std::int64_t{0}, n);
      return;
    }
    pool.run(parts, [&](std::int64_t i) { body(i * part, std::min(n, (i + 1) * part)); });
  }

  // The same in parts that shrink: each is one thread's share of what is left, but at least `least`. Long streams are read
  // fastest, and small parts at the end let all threads finish together.
  template <class Body>
  void share_shrinking(std::int64_t n, std::int64_t least, std::int64_t work, const Body& body) {
    if (work < kWorthSharing || pool.threads() == 1) {
      body(std::int64_t{0}, n);
      return;
    }
    ends.clear();
    for (std::int64_t at = 0; at < n; ends.push_back(at)) at = std::min(n, at + std::max(least, (n - at) / pool.threads()));
    pool.run(static_cast<std::int64_t>(ends.size()), [&](std::int64_t i) {
      const auto part = static_cast<std::size_t>(i);
      body(part == 0 ? 0 : ends[part - 1], ends[part]);
    });
  }
};

template <>
Math<float>::Math(int threads, const char* isa)
    : own_(std::make_unique<Threads>(threads > 0 ? threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency())),
                                     isa)) {}
template <>
Math<float>::~Math() = default;

template <>
int Math<float>::threads() const {
  return own_->pool.threads();
}

template <>
const char* Math<float>::instruction_set() const {
  return own_->kernels->name;
}

template <>
void Math<float>::embed(const Matrix& w, std::int64_t row, std::span<float> out) const {
  dequantise_row(w, row, out);
}

template <>
void Math<float>::linear(const Matrix& w, std::span<const float> bias, Rows<const float> x, Rows<float> y) {
  if (x.count == 0) return;
  const float* b = bias.empty() ? nullptr : bias.data();
  const Kernels& k = *own_->kernels;
  if (w.type == DType::bf16) {
    const Rows<float> arranged(own_->arranged.ensure(static_cast<std::size_t>(x.count * x.width)), x.count, x.width);
    own_->share(x.count, 8, x.count * x.width, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t t = first; t < last; ++t) k.arrange(x.row(t), x.width, arranged.row(t));
    });
    x = arranged;
  }
  if (x.count == 1) {
    const auto least = std::max<std::int64_t>(4, kLeastBytes / static_cast<std::int64_t>(w.row_bytes()));
    own_->share_shrinking(w.rows, least, w.rows * w.cols, [&](std::int64_t first, std::int64_t last) {
      k.multiply(w, first, last, x.data, b, y.data);
    });
    return;
  }
  const std::size_t panel_size = static_cast<std::size_t>(kPanelRows * ((w.cols + 15) / 16 * 16));
  // Made here for all threads: whether a thread gets a part is chance, and a call like the last one must allocate nothing.
  for (AlignedBuffer<float>& panel : own_->panels) panel.ensure(panel_size);
  own_->share_shrinking((w.rows + kPanelRows - 1) / kPanelRows, 1, w.rows * w.cols * x.count, [&](std::int64_t first, std::int64_t last) {
    float* panel = own_->panels[static_cast<std::size_t>(Pool::index())].data();
    k.multiply_many(w, first * kPanelRows, std::min(w.rows, last * kPanelRows), x, b, y, panel);
  });
}

template <>
void Math<float>::rms_norm(Rows<const float> x, std::span<const float> w, float epsilon, std::int64_t groups, Rows<float> y) {
  const std::int64_t n = x.width / groups;
  own_->share(x.count, 8, x.count * x.width, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t t = first; t < last; ++t)
      for (std::int64_t g = 0; g < groups; ++g)
        own_->kernels->rms_norm(x.row(t) + g * n, w.data() + g * n, epsilon, n, y.row(t) + g * n);
  });
}

template <>
void Math<float>::add(Rows<const float> x, Rows<float> into) {
  for (std::int64_t t = 0; t < x.count; ++t) own_->kernels->add(x.row(t), x.width, into.row(t));
}

template <>
void Math<float>::convolve(Rows<const float> window, std::int64_t kernel, std::span<const float> w,
                           std::span<const float> bias, Rows<float> y) {
  const float* b = bias.empty() ? nullptr : bias.data();
  own_->share(y.width, 128, y.count * y.width * kernel, [&](std::int64_t first, std::int64_t last) {
    own_->kernels->convolve(window, kernel, w.data(), b, first, last, y);
  });
}

template <>
void Math<float>::silu(Rows<const float> x, Rows<float> y) {
  own_->share(x.count, 8, x.count * x.width * 8, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t t = first; t < last; ++t) own_->kernels->silu(x.row(t), x.width, y.row(t));
  });
}

template <>
void Math<float>::time_step(Rows<const float> raw, std::span<const float> bias, float low, float high, Rows<float> dt) {
  own_->share(raw.count, 8, raw.count * raw.width * 8, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t t = first; t < last; ++t)
      own_->kernels->time_step(raw.row(t), bias.data(), low, high, raw.width, dt.row(t));
  });
}

template <>
void Math<float>::gate(Rows<const float> y, Rows<const float> z, Rows<float> out) {
  own_->share(y.count, 8, y.count * y.width * 8, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t t = first; t < last; ++t) own_->kernels->gate(y.row(t), z.row(t), y.width, out.row(t));
  });
}

template <>
void Math<float>::attention_scores(const Attention<float>& a, const float* q, float* scores) {
  for (std::int64_t g = 0; g < a.groups(); ++g)
    own_->kernels->attention_scores(a, g, {q, 1, a.heads * a.width}, scores + g * a.heads_per_group * a.rows, a.rows);
}

template <>
void Math<float>::attention_weights(const Attention<float>& a, const float* scores, float* weights, HeadAttention<float>* heads) {
  for (std::int64_t head = 0; head < a.heads; ++head)
    own_->kernels->softmax(scores + head * a.rows, a.rows, weights + head * a.rows, heads + head);
}

template <>
void Math<float>::attention_context(const Attention<float>& a, const float* weights, float* context) {
  for (std::int64_t g = 0; g < a.groups(); ++g)
    own_->kernels->attention_context(a, g, weights + g * a.heads_per_group * a.rows, a.rows, {context, 1, a.heads * a.width});
}

// What a thread does at a time: a few tokens by the heads of one group, so that the cache is read once for all of them.
template <>
void Math<float>::attend(const Attention<float>& attention, Rows<const float> q, Rows<float> context, HeadAttention<float>* heads) {
  const Kernels& k = *own_->kernels;
  const std::int64_t group = attention.heads_per_group, most = std::min(q.count, std::max<std::int64_t>(kQueries / group, 1));
  const std::int64_t longest = attention.rows + q.count - 1, stride = (longest / 16 + 2) * 16, parts = (q.count + most - 1) / most;
  for (AlignedBuffer<float>& weights : own_->weights) weights.ensure(static_cast<std::size_t>(most * group * stride));
  own_->share(parts * attention.groups(), 1, q.count * attention.heads * longest * attention.width,
              [&](std::int64_t first, std::int64_t last) {
                float* weights = own_->weights[static_cast<std::size_t>(Pool::index())].data();
                for (std::int64_t i = first; i < last; ++i) {
                  const std::int64_t kv_head = i % attention.groups(), token = i / attention.groups() * most;
                  const std::int64_t tokens = std::min(most, q.count - token);
                  Attention<float> a = attention;
                  a.rows += token;
                  k.attention_scores(a, kv_head, q.rows(token, tokens), weights, stride);
                  for (std::int64_t j = 0; j < tokens * group; ++j) {
                    HeadAttention<float>* head = heads + (token + j / group) * a.heads + kv_head * group + j % group;
                    k.softmax(weights + j * stride, a.rows + j / group, weights + j * stride, head);
                  }
                  k.attention_context(a, kv_head, weights, stride, context.rows(token, tokens));
                }
              });
}

template <>
void Math<float>::scan(const Scan<float>& s) {
  own_->share(s.blocks(), 1, s.stored() * s.u.count * 8,
              [&](std::int64_t first, std::int64_t last) { own_->kernels->scan(s, first, last); });
}

template <>
void Math<float>::scan_decay(const Scan<float>& s, std::int64_t token, float* decay) {
  own_->kernels->scan_decay(s, token, decay);
}

template <>
void Math<float>::scan_state(const Scan<float>& s, std::int64_t token, const float* decay) {
  own_->kernels->scan_state(s, token, decay);
}

template <>
void Math<float>::scan_output(const Scan<float>& s, std::int64_t token) {
  own_->kernels->scan_output(s, token);
}

template <>
void Math<float>::scan_sums(const Scan<float>& s, std::int64_t token, const float* before, const float* decay) {
  own_->kernels->scan_sums(s, token, before, decay);
}

template <>
void Math<float>::mixer_statistics(const Scan<float>& s, Rows<const float> z, Rows<float> out) {
  own_->share(z.count, 1, z.count * (s.blocks() * kScanSums * 16 + 12 * z.width), [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t t = first; t < last; ++t) measure_token(*own_->kernels, s, t, z[t], out[t]);
  });
}

template <>
void Math<float>::stream_statistics(Rows<const float> mixer_out, Rows<const float> resid_out, Rows<float> out) {
  own_->share(out.count, 8, out.count * 2 * mixer_out.width, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t t = first; t < last; ++t) {
      float squares = 0, most = 0;
      own_->kernels->measure(mixer_out.row(t), mixer_out.width, &squares, &most);
      out.row(t)[static_cast<std::size_t>(Statistic::mixer_norm)] = std::sqrt(squares);
      own_->kernels->measure(resid_out.row(t), resid_out.width, &squares, &most);
      out.row(t)[static_cast<std::size_t>(Statistic::resid_norm)] = std::sqrt(squares);
      out.row(t)[static_cast<std::size_t>(Statistic::resid_max)] = most;
    }
  });
}

}  // namespace lab
