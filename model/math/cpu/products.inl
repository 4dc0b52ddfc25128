// Products of stored matrices, written once over sixteen lanes `V`: each weight is read where it lies. Included like kernels.inl.

// Calls body.template operator()<type>() with the type of a matrix.
template <class Body>
inline void with_type(DType type, Body body) {
  switch (type) {
    case DType::f16: return body.template operator()<DType::f16>();
    case DType::bf16: return body.template operator()<DType::bf16>();
    case DType::f64: return body.template operator()<DType::f64>();
    case DType::q8_0: return body.template operator()<DType::q8_0>();
    case DType::q4_0: return body.template operator()<DType::q4_0>();
    case DType::q4_1: return body.template operator()<DType::q4_1>();
    case DType::q5_0: return body.template operator()<DType::q5_0>();
    case DType::q5_1: return body.template operator()<DType::q5_1>();
    case DType::q4_k: return body.template operator()<DType::q4_k>();
    case DType::q5_k: return body.template operator()<DType::q5_k>();
    case DType::q6_k: return body.template operator()<DType::q6_k>();
    default: return body.template operator()<DType::f32>();
  }
}

// Sixteen stored weights as float32.
template <DType type>
inline V widen(const std::byte* p) {
  if constexpr (type == DType::bf16) return load_bf16(p);
  else if constexpr (type == DType::f16) return load_f16(p);
  else if constexpr (type == DType::f64) return load_f64(p);
  else return load_f32(p);
}

// The last n < 16 weights of a row, zeros after them.
template <DType type>
inline V widen_first(const std::byte* p, std::int64_t n) {
  alignas(64) std::byte padded[16 * size_of(type)] = {};
  std::memcpy(padded, p, static_cast<std::size_t>(n) * size_of(type));
  return widen<type>(padded);
}

// Columns whose weights are taken apart into even and odd ones, thirty-two at a time: cheaper than widening sixteen
// neighbours, and the inputs are arranged once for all rows.
template <DType type>
constexpr std::int64_t paired(std::int64_t cols) {
  return type == DType::bf16 ? cols / 32 * 32 : 0;
}

void arrange(const float* x, std::int64_t n, float* out) {
  const std::int64_t pairs = paired<DType::bf16>(n);
  for (std::int64_t k = 0; k < pairs; k += 32) {
    const Pairs split = split_pairs(x + k);
    store(out + k, split.even);
    store(out + k + 16, split.odd);
  }
  std::copy(x + pairs, x + n, out + pairs);
}

// How far ahead of a row its successors are fetched, in bytes. On an Intel processor, the only one this was measured on, BF16 then
// comes from memory at 12.7 GB/s instead of 9.3 and F32 as before; F16 was not measured apart.
constexpr std::size_t kFetchAhead = 6144;

// One row at a time in address order with one accumulator.
template <DType type>
void multiply_typed(const Matrix& w, std::int64_t first, std::int64_t last, const float* x, const float* bias, float* y) {
  const std::int64_t pairs = paired<type>(w.cols), whole = w.cols / 16 * 16, rest = w.cols - whole;
  const std::byte* p = w.row(first);
  for (std::int64_t i = first; i < last; ++i) {
    V sum_of_products = set1(0.0f);
    for (std::int64_t k = 0; k < pairs; k += 32, p += 64) {
      __builtin_prefetch(p + kFetchAhead);
      const Pairs weights = load_pairs_bf16(p);
      sum_of_products = fma(weights.even, load(x + k), sum_of_products);
      sum_of_products = fma(weights.odd, load(x + k + 16), sum_of_products);
    }
    for (std::int64_t k = pairs; k < whole; k += 16, p += 16 * size_of(type)) {
      __builtin_prefetch(p + kFetchAhead);
      sum_of_products = fma(widen<type>(p), load(x + k), sum_of_products);
    }
    if (rest > 0) {
      sum_of_products = fma(widen_first<type>(p, rest), load_first(x + whole, static_cast<int>(rest)), sum_of_products);
      p += static_cast<std::size_t>(rest) * size_of(type);
    }
    const float product = sum(sum_of_products);
    y[i] = bias ? product + bias[i] : product;
  }
}

constexpr std::int64_t kBlockRows = 2, kAhead = 4;

// kR rows of blocks side by side, each in the order of `multiply_typed`: taking blocks apart costs more than reading them, and
// one row alone would wait for its own sums. Rows are short streams that the processor follows too late, so rows further on are
// fetched meanwhile.
template <DType type, int kR>
inline void multiply_blocks(const Matrix& w, std::int64_t row, const float* x, const float* bias, float* y) {
  const std::byte* p[kR];
  V sums[kR];
  for (int r = 0; r < kR; ++r) {
    p[r] = w.row(row + r);
    sums[r] = set1(0.0f);
  }
  const std::size_t ahead = row + kAhead + kR <= w.rows ? kAhead * w.row_bytes() : 0;
  for (std::int64_t k = 0; k < w.cols; k += block_length(type)) {
    const auto blocks = [&]<int... kRs>(std::integer_sequence<int, kRs...>) {
      return std::array<Block<type>, kR>{Block<type>(p[kRs])...};
    }(std::make_integer_sequence<int, kR>());
    for_parts<type>([&](auto part) {
      const V input = load(x + k + 16 * part);
      for (int r = 0; r < kR; ++r) sums[r] = fma(blocks[r].values(part), input, sums[r]);
    });
    for (int r = 0; r < kR; ++r) {
      for (std::size_t at = 0; at < size_of(type); at += 64) __builtin_prefetch(p[r] + ahead + at);
      p[r] += size_of(type);
    }
  }
  for (int r = 0; r < kR; ++r) {
    const float product = sum(sums[r]);
    y[row + r] = bias ? product + bias[row + r] : product;
  }
}

void multiply(const Matrix& w, std::int64_t first, std::int64_t last, const float* x, const float* bias, float* y) {
  with_type(w.type, [&]<DType type>() {
    if constexpr (is_block(type)) {
      std::int64_t row = first;
      for (; row + kBlockRows <= last; row += kBlockRows) multiply_blocks<type, kBlockRows>(w, row, x, bias, y);
      for (; row < last; ++row) multiply_blocks<type, 1>(w, row, x, bias, y);
    } else {
      multiply_typed<type>(w, first, last, x, bias, y);
    }
  });
}

// A tile of kT tokens by kR rows, each dot product in the order of `multiply_typed`.
template <int kT, int kR>
inline void multiply_tile(const float* panel, std::int64_t stride, std::int64_t cols, const float* const* x,
                          const float* bias, float* const* y) {
  V acc[kT][kR];
  for (int t = 0; t < kT; ++t)
    for (int r = 0; r < kR; ++r) acc[t][r] = set1(0.0f);
  const std::int64_t whole = cols / 16 * 16;
  for (std::int64_t k = 0; k < whole; k += 16) {
    V xs[kT];
    for (int t = 0; t < kT; ++t) xs[t] = load(x[t] + k);
    for (int r = 0; r < kR; ++r) {
      const V weight = load(panel + r * stride + k);
      for (int t = 0; t < kT; ++t) acc[t][r] = fma(weight, xs[t], acc[t][r]);
    }
  }
  if (whole < cols) {
    const int rest = static_cast<int>(cols - whole);
    for (int t = 0; t < kT; ++t) {
      const V tail = load_first(x[t] + whole, rest);
      for (int r = 0; r < kR; ++r) acc[t][r] = fma(load_first(panel + r * stride + whole, rest), tail, acc[t][r]);
    }
  }
  float sums[kT * kR];
  for (int i = 0; i < kT * kR / 8 * 8; i += 8) sum_eight(&acc[0][0] + i, sums + i);
  for (int i = kT * kR / 8 * 8; i < kT * kR; ++i) sums[i] = sum((&acc[0][0])[i]);
  for (int t = 0; t < kT; ++t)
    for (int r = 0; r < kR; ++r) y[t][r] = bias ? sums[t * kR + r] + bias[r] : sums[t * kR + r];
}

template <int kT>
void multiply_tokens(const float* panel, std::int64_t stride, std::int64_t cols, std::int64_t row, std::int64_t rows,
                     Rows<const float> x, std::int64_t token, const float* bias, Rows<float> y) {
  const float* xs[kT];
  for (int t = 0; t < kT; ++t) xs[t] = x.row(token + t);
  std::int64_t r = 0;
  const auto outputs = [&](std::int64_t at, float** out) {
    for (int t = 0; t < kT; ++t) out[t] = y.row(token + t) + row + at;
  };
  float* ys[kT];
  for (; r + kRows <= rows; r += kRows) {
    outputs(r, ys);
    multiply_tile<kT, kRows>(panel + r * stride, stride, cols, xs, bias ? bias + row + r : nullptr, ys);
  }
  for (; r < rows; ++r) {
    outputs(r, ys);
    multiply_tile<kT, 1>(panel + r * stride, stride, cols, xs, bias ? bias + row + r : nullptr, ys);
  }
}

template <DType type>
void expand(const Matrix& w, std::int64_t row, float* out) {
  const std::byte* p = w.row(row);
  if constexpr (is_block(type)) {
    for (std::int64_t k = 0; k < w.cols; k += block_length(type), p += size_of(type)) {
      const Block<type> block(p);
      for_parts<type>([&](auto part) { store(out + k + 16 * part, block.values(part)); });
    }
  } else {
    const std::int64_t pairs = paired<type>(w.cols), whole = w.cols / 16 * 16;
    for (std::int64_t k = 0; k < pairs; k += 32) {
      const Pairs weights = load_pairs_bf16(p + 2 * k);
      store(out + k, weights.even);
      store(out + k + 16, weights.odd);
    }
    for (std::int64_t k = pairs; k < whole; k += 16) store(out + k, widen<type>(p + bytes_of(type, k)));
    if (whole < w.cols) store(out + whole, widen_first<type>(p + bytes_of(type, whole), w.cols - whole));
  }
}

// The rows of a panel as float32: widened into `panel`, or where they lie when that is what they are already.
inline const float* panel_of(const Matrix& w, std::int64_t row, std::int64_t rows, std::int64_t stride, float* panel) {
  const bool ready = w.type == DType::f32 && stride == w.cols && reinterpret_cast<std::uintptr_t>(w.data) % alignof(float) == 0;
  if (ready) return reinterpret_cast<const float*>(w.row(row));
  with_type(w.type, [&]<DType type>() {
    for (std::int64_t r = 0; r < rows; ++r) expand<type>(w, row + r, panel + r * stride);
  });
  return panel;
}

// While one panel is multiplied the next one is fetched, a part with every tile of tokens, so that the memory never rests.
class Fetch {
 public:
  Fetch(const Matrix& w, std::int64_t first, std::int64_t last, std::int64_t steps)
      : at_(w.row(first)), end_(w.row(last)), part_((end_ - at_) / steps + 1) {}
  void step() {
    for (const std::byte* stop = std::min(at_ + part_, end_); at_ < stop; at_ += 64) __builtin_prefetch(at_, 0, 2);
  }

 private:
  const std::byte *at_, *end_;
  std::ptrdiff_t part_;
};

void multiply_many(const Matrix& w, std::int64_t first, std::int64_t last, Rows<const float> x, const float* bias,
                   Rows<float> y, float* panel) {
  const std::int64_t stride = (w.cols + 15) / 16 * 16;
  for (std::int64_t row = first; row < last; row += kPanelRows) {
    const std::int64_t rows = std::min(kPanelRows, last - row), next = row + rows;
    const float* weights = panel_of(w, row, rows, stride, panel);
    Fetch fetch(w, next, std::min(next + kPanelRows, last), (x.count + kTokens - 1) / kTokens);
    std::int64_t t = 0;
    for (; t + kTokens <= x.count; t += kTokens) {
      fetch.step();
      multiply_tokens<kTokens>(weights, stride, w.cols, row, rows, x, t, bias, y);
    }
    for (; t < x.count; ++t) multiply_tokens<1>(weights, stride, w.cols, row, rows, x, t, bias, y);
  }
}
