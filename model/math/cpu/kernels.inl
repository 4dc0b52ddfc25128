// The kernels, written once over sixteen lanes `V`. Included by kernels_*.cpp after a lanes_*.h, inside its namespace.

// e^x for x <= 0 (or NaN): 2^(n/16) from a table times e^r, |r| <= ln 2 / 32, by its Taylor polynomial, whose remainder is
// 1e-8. float(ln 2) is right to 3e-9, so one step of reduction is enough: within 1.3e-7 relative down to -16, 4e-7 at -87.
// Below 2^-126 it is zero.
inline V exp_nonpositive(V x) {
  const V magic = set1(12582912.0f);
  const V shifted = fma(x, set1(23.0831207f), magic);  // 16 / ln 2
  const V r = fma(sub(shifted, magic), set1(-0.0433216989f), x);
  const V power = power_of_sixteenth(shifted);
  const V slope = fma(fma(r, set1(0.166666667f), set1(0.5f)), r, set1(1.0f));
  return zero_below(fma(mul(power, r), slope, power), x, set1(-87.3365f));
}

inline V silu_of(V x) {
  const V e = exp_nonpositive(sub(set1(0.0f), abs(x)));
  const V quotient = div(x, add(set1(1.0f), e));
  return select_nonnegative(x, quotient, mul(quotient, e));
}

// max(x, 0) + log1p(e^-|x|), the logarithm as 2 atanh(e / (2 + e)): within 5e-7 relative everywhere.
inline V softplus_of(V x) {
  const V e = exp_nonpositive(sub(set1(0.0f), abs(x)));
  const V s = div(e, add(set1(2.0f), e));
  const V s2 = mul(s, s);
  V series = set1(2.0f / 15);
  for (const float coefficient : {2.0f / 13, 2.0f / 11, 2.0f / 9, 2.0f / 7, 2.0f / 5, 2.0f / 3, 2.0f})
    series = fma(series, s2, set1(coefficient));
  return fma(series, s, max(x, set1(0.0f)));
}

// Calls body(at, n) for whole vectors (n = 16) and once for the rest.
template <class Body>
inline void for_lanes(std::int64_t first, std::int64_t last, Body body) {
  std::int64_t i = first;
  for (; i + 16 <= last; i += 16) body(i, 16);
  if (i < last) body(i, static_cast<int>(last - i));
}
inline V take(const float* p, int n) { return n == 16 ? load(p) : load_first(p, n); }
inline void put(float* p, V a, int n) {
  if (n == 16) store(p, a);
  else store_first(p, a, n);
}

void rms_norm(const float* x, const float* w, float epsilon, std::int64_t n, float* y) {
  V squares = set1(0.0f);
  for_lanes(0, n, [&](std::int64_t i, int m) {
    const V a = take(x + i, m);
    squares = fma(a, a, squares);
  });
  const V scale = set1(1.0f / std::sqrt(sum(squares) / static_cast<float>(n) + epsilon));
  for_lanes(0, n, [&](std::int64_t i, int m) { put(y + i, mul(mul(take(x + i, m), scale), take(w + i, m)), m); });
}

// Sixteen channels through all tokens at a time, so that their weights stay in registers. kTaps: the kernel's width, or 0
// where it is not known beforehand.
template <int kTaps>
void convolve_taps(Rows<const float> window, std::int64_t kernel, const float* w, const float* bias, std::int64_t first,
                   std::int64_t last, Rows<float> y) {
  const std::int64_t taps = kTaps > 0 ? kTaps : kernel;
  for_lanes(first, last, [&](std::int64_t c, int m) {
    const V start = bias ? take(bias + c, m) : set1(0.0f);
    for (std::int64_t t = 0; t < y.count; ++t) {
      V acc = start;
      for (std::int64_t k = 0; k < taps; ++k) acc = fma(take(w + k * y.width + c, m), take(window.row(t + k) + c, m), acc);
      put(y.row(t) + c, acc, m);
    }
  });
}

void convolve(Rows<const float> window, std::int64_t kernel, const float* w, const float* bias, std::int64_t first,
              std::int64_t last, Rows<float> y) {
  if (kernel == 4) convolve_taps<4>(window, kernel, w, bias, first, last, y);
  else convolve_taps<0>(window, kernel, w, bias, first, last, y);
}

void silu(const float* x, std::int64_t n, float* y) {
  for_lanes(0, n, [&](std::int64_t i, int m) { put(y + i, silu_of(take(x + i, m)), m); });
}

void time_step(const float* raw, const float* bias, float low, float high, std::int64_t n, float* dt) {
  const V lowest = set1(low), highest = set1(high);
  for_lanes(0, n, [&](std::int64_t i, int m) {
    const V step = softplus_of(add(take(raw + i, m), take(bias + i, m)));
    put(dt + i, min(highest, max(lowest, step)), m);
  });
}

void gate(const float* y, const float* z, std::int64_t n, float* out) {
  for_lanes(0, n, [&](std::int64_t i, int m) { put(out + i, mul(take(y + i, m), silu_of(take(z + i, m))), m); });
}

void add_into(const float* x, std::int64_t n, float* into) {
  for_lanes(0, n, [&](std::int64_t i, int m) { put(into + i, add(take(into + i, m), take(x + i, m)), m); });
}

// Where query i of a group of heads is, or its context.
template <class T>
inline T* query_of(const Attention<float>& a, std::int64_t kv_head, Rows<T> q, std::int64_t i) {
  return q.row(i / a.heads_per_group) + (kv_head * a.heads_per_group + i % a.heads_per_group) * a.width;
}
inline std::int64_t rows_seen(const Attention<float>& a, std::int64_t i) { return a.rows + i / a.heads_per_group; }

// Calls body(row of the span, rows, where a head's part of the first one is) for those of `rows` cached rows that lie together.
template <class Body>
inline void for_tiles(const Attention<float>& a, const RowTiles<float>& cache, std::int64_t kv_head, std::int64_t rows, Body body) {
  constexpr std::int64_t kTileRows = RowTiles<float>::kRows;
  for (std::int64_t i = 0; i < rows;) {
    const std::int64_t row = a.first + i, n = std::min(kTileRows - row % kTileRows, rows - i);
    body(i, n, cache.row(row) + kv_head * a.width);
    i += n;
  }
}

// Calls body(first query, constant count of queries) for `queries` queries, kTokens at a time.
template <class Body>
inline void for_queries(std::int64_t queries, Body body) {
  std::int64_t i = 0;
  for (; i + kTokens <= queries; i += kTokens) body(i, std::integral_constant<int, kTokens>());
  for (; i < queries; ++i) body(i, std::integral_constant<int, 1>());
}

// kQ queries by the keys of one tile, as a product of matrices.
template <int kQ>
inline void score_tile(const float* keys, std::int64_t key_stride, std::int64_t rows, std::int64_t width, float scale, const float* const* q,
                       float* const* scores) {
  constexpr int kKeys = std::min(kRows, 4);  // divides the rows of a tile
  float* at[kQ];
  std::copy_n(scores, kQ, at);
  std::int64_t row = 0;
  const auto step = [&](auto keys_at_once) {
    multiply_tile<kQ, keys_at_once>(keys + row * key_stride, key_stride, width, q, nullptr, at);
    for (float*& each : at) each += keys_at_once;
    row += keys_at_once;
  };
  while (row + kKeys <= rows) step(std::integral_constant<int, kKeys>());
  while (row < rows) step(std::integral_constant<int, 1>());
  for (int t = 0; t < kQ; ++t)
    for_lanes(0, rows, [&](std::int64_t i, int m) { put(scores[t] + i, mul(set1(scale), take(scores[t] + i, m)), m); });
}

// A tile of keys is read once for all queries.
void attention_scores(const Attention<float>& a, std::int64_t kv_head, Rows<const float> q, float* scores, std::int64_t stride) {
  for_tiles(a, *a.k, kv_head, a.rows + q.count - 1, [&](std::int64_t row, std::int64_t rows, const float* keys) {
    for_queries(q.count * a.heads_per_group, [&](std::int64_t i, auto count) {
      const float* queries[count];
      float* to[count];
      for (int t = 0; t < count; ++t) {
        queries[t] = query_of(a, kv_head, q, i + t);
        to[t] = scores + (i + t) * stride + row;
      }
      score_tile<count>(keys, a.k->width(), rows, a.width, a.scale, queries, to);
    });
  });
}

// The smallest and largest of n numbers, n > 0.
inline void range_of(const float* x, std::int64_t n, float* low, float* high) {
  const std::int64_t whole = n / 16 * 16;
  const V zero = set1(-0.0f);
  V most = set1(x[0]), least = sub(zero, most);
  for (std::int64_t i = 0; i < whole; i += 16) {
    most = max(load(x + i), most);
    least = max(sub(zero, load(x + i)), least);
  }
  *high = largest(most);
  *low = -largest(least);
  for (std::int64_t i = whole; i < n; ++i) {
    *high = x[i] > *high ? x[i] : *high;
    *low = x[i] < *low ? x[i] : *low;
  }
}

// With s = score - highest: p = e^s / Z, and the entropy -sum p ln p = ln Z - sum s e^s / Z.
void softmax(const float* scores, std::int64_t n, float* weights, HeadAttention<float>* head) {
  float low = 0, high = 0;
  range_of(scores, n, &low, &high);
  V powers = set1(0.0f), weighted = set1(0.0f);
  for_lanes(0, n, [&](std::int64_t i, int m) {
    const V s = sub(take(scores + i, m), set1(high));
    const V e = exp_nonpositive(s);
    put(weights + i, e, m);
    const V kept = take(weights + i, m);  // zeros beyond the end
    powers = add(powers, kept);
    weighted = fma(kept, s, weighted);
  });
  const float total = sum(powers);
  const V scale = set1(1.0f / total);
  for_lanes(0, n, [&](std::int64_t i, int m) { put(weights + i, mul(take(weights + i, m), scale), m); });
  *head = {low, high, std::log(total) - sum(weighted) / total};
}

// Adds rows of values to kC times sixteen channels (the last vector of m) of kQ contexts, one after the other.
template <int kQ, int kC>
inline void add_channels(const float* values, std::int64_t value_stride, std::int64_t rows, const float* const* weights, std::int64_t channel,
                         int m, float* const* context) {
  V total[kQ][kC];
  for (int t = 0; t < kQ; ++t)
    for (int c = 0; c < kC; ++c) total[t][c] = take(context[t] + channel + 16 * c, m);
  for (std::int64_t i = 0; i < rows; ++i) {
    V value[kC];
    for (int c = 0; c < kC; ++c) value[c] = take(values + i * value_stride + channel + 16 * c, m);
    for (int t = 0; t < kQ; ++t)
      for (int c = 0; c < kC; ++c) total[t][c] = fma(set1(weights[t][i]), value[c], total[t][c]);
  }
  for (int t = 0; t < kQ; ++t)
    for (int c = 0; c < kC; ++c) put(context[t] + channel + 16 * c, total[t][c], m);
}

template <int kQ>
inline void add_values(const float* values, std::int64_t value_stride, std::int64_t rows, std::int64_t width, const float* const* weights,
                       float* const* context) {
  std::int64_t c = 0;
  for (; c + 32 <= width; c += 32) add_channels<kQ, 2>(values, value_stride, rows, weights, c, 16, context);
  for_lanes(c, width, [&](std::int64_t at, int m) { add_channels<kQ, 1>(values, value_stride, rows, weights, at, m, context); });
}

// Rows that all of a few queries see are added to their contexts together, then each adds the rows that it sees alone.
void attention_context(const Attention<float>& a, std::int64_t kv_head, const float* weights, std::int64_t stride, Rows<float> context) {
  const std::int64_t queries = context.count * a.heads_per_group, value_stride = a.v->width();
  for (std::int64_t i = 0; i < queries; ++i) std::fill_n(query_of(a, kv_head, context, i), a.width, 0.0f);
  for_tiles(a, *a.v, kv_head, a.rows + context.count - 1, [&](std::int64_t row, std::int64_t rows, const float* values) {
    const auto seen_here = [&](std::int64_t i) { return std::clamp<std::int64_t>(rows_seen(a, i) - row, 0, rows); };
    for_queries(queries, [&](std::int64_t i, auto count) {
      const float* from[count];
      float* to[count];
      for (int t = 0; t < count; ++t) {
        from[t] = weights + (i + t) * stride + row;
        to[t] = query_of(a, kv_head, context, i + t);
      }
      const std::int64_t common = seen_here(i);
      add_values<count>(values, value_stride, common, a.width, from, to);
      for (int t = 0; t < count; ++t) {
        const float* own = from[t] + common;
        add_values<1>(values + common * value_stride, value_stride, seen_here(i + t) - common, a.width, &own, &to[t]);
      }
    });
  });
}

// The recurrence. Fused and staged forms share these three lines, so they share their bits.
inline V decay_of(V dt, V a) { return exp_nonpositive(mul(dt, a)); }
inline V state_of(V decay, V h, V write) { return fma(decay, h, write); }
inline V output_of(V h, V c, V y) { return fma(h, c, y); }

// Where one tile of a scan finds its operands.
struct Tile {
  Tile(const Scan<float>& s, std::int64_t head, std::int64_t tile)
      : channel(head * s.width + tile * 16), lanes(static_cast<int>(std::min<std::int64_t>(16, s.width - tile * 16))),
        group(head / s.heads_per_group), h(s.h + (head * s.tiles() + tile) * s.states * 16),
        a(s.per_head ? nullptr : s.A + tile * s.states * 16) {}
  std::int64_t channel;  // first channel
  int lanes;             // channels in this tile
  std::int64_t group;
  float* h;
  const float* a;
};

inline float head_decay(const Scan<float>& s, std::int64_t token, std::int64_t head) {
  alignas(64) float lanes[16];
  store(lanes, decay_of(set1(s.dt.row(token)[head]), set1(s.A[head])));
  return lanes[0];
}

inline V time_step_of(const Scan<float>& s, std::int64_t token, std::int64_t head, const Tile& tile) {
  return s.per_head ? set1(s.dt.row(token)[head]) : take(s.dt.row(token) + tile.channel, tile.lanes);
}

// The state of one tile while it moves: in registers where the family's count of states is known, else where it lies.
template <int kStates>
class Held {
 public:
  Held(float* h, std::int64_t) : at_(h) {
    for (int n = 0; n < kStates; ++n) h_[n] = load(h + n * 16);
  }
  ~Held() {
    for (int n = 0; n < kStates; ++n) store(at_ + n * 16, h_[n]);
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  static constexpr std::int64_t count() { return kStates; }
  V get(std::int64_t n) const { return h_[n]; }
  void set(std::int64_t n, V h) { h_[n] = h; }

 private:
  float* at_;
  V h_[kStates];
};
template <>
class Held<0> {
 public:
  Held(float* h, std::int64_t states) : at_(h), states_(states) {}
  std::int64_t count() const { return states_; }
  V get(std::int64_t n) const { return load(at_ + n * 16); }
  void set(std::int64_t n, V h) { store(at_ + n * 16, h); }

 private:
  float* at_;
  std::int64_t states_;
};

inline float* lanes_of(float* sums, ScanSum which) { return sums + static_cast<std::int64_t>(which) * 16; }

// What a tile adds to the statistics of its block and token.
struct Sums {
  explicit Sums(float* sums)
      : squares(load(lanes_of(sums, ScanSum::squares))), largest_h(load(lanes_of(sums, ScanSum::largest))),
        total(load(lanes_of(sums, ScanSum::sum))), change(load(lanes_of(sums, ScanSum::change))), decays(set1(0.0f)) {}

  void count(V h, V before) {
    const V step = sub(h, before);
    squares = fma(h, h, squares);
    largest_h = max_abs(h, largest_h);
    total = add(total, h);
    change = fma(step, step, change);
  }

  template <class State>
  void keep(float* sums, const Tile& tile, V du, const State& state) const {
    store(lanes_of(sums, ScanSum::squares), squares);
    store(lanes_of(sums, ScanSum::largest), largest_h);
    store(lanes_of(sums, ScanSum::sum), total);
    store(lanes_of(sums, ScanSum::change), change);
    float* write = lanes_of(sums, ScanSum::write);
    store(write, fma(du, du, load(write)));
    float* decay = lanes_of(sums, ScanSum::decay);
    put(decay, add(take(decay, tile.lanes), decays), tile.lanes);
    if (any_nonfinite(squares)) {  // rare: only then is it worth counting
      V count = load(lanes_of(sums, ScanSum::nonfinite));
      for (std::int64_t n = 0; n < state.count(); ++n) count = add(count, nonfinite(state.get(n)));
      store(lanes_of(sums, ScanSum::nonfinite), count);
    }
  }

  V squares, largest_h, total, change, decays;
};

// In place of Sums where nobody counts.
struct NoSums {
  explicit NoSums(float*) {}
  void count(V, V) {}
};

// The write du B of a tile is an outer product, so the sum of its squares is one of du^2 times one of B^2.
inline void finish_sums(const float* b, std::int64_t states, float* sums) {
  V squares = set1(0.0f);
  for_lanes(0, states, [&](std::int64_t n, int m) {
    const V part = take(b + n, m);
    squares = fma(part, part, squares);
  });
  float* write = lanes_of(sums, ScanSum::write);
  store(write, mul(load(write), set1(sum(squares))));
}

template <bool kPerHead, bool kOutput, bool kSums, int kStates>
inline void scan_token(const Scan<float>& s, std::int64_t token, std::int64_t head, const Tile& tile, Held<kStates>& state,
                       float* sums) {
  const float* b = s.B.row(token) + tile.group * s.states;
  const float* c = kOutput ? s.C.row(token) + tile.group * s.states : nullptr;
  const V dt = time_step_of(s, token, head, tile);
  const V u = take(s.u.row(token) + tile.channel, tile.lanes);
  const V du = mul(dt, u);
  const V shared_decay = set1(kPerHead ? head_decay(s, token, head) : 0.0f);
  V y = set1(0.0f);
  std::conditional_t<kSums, Sums, NoSums> tally(sums);
  for (std::int64_t n = 0; n < state.count(); ++n) {
    const V before = state.get(n);
    const V decay = kPerHead ? shared_decay : decay_of(dt, load(tile.a + n * 16));
    const V h = state_of(decay, before, mul(du, set1(b[n])));
    state.set(n, h);
    if constexpr (kOutput) y = output_of(h, set1(c[n]), y);
    tally.count(h, before);
    if constexpr (kSums && !kPerHead) tally.decays = add(tally.decays, decay);
  }
  if constexpr (kOutput) {
    const V skip = kPerHead ? set1(s.D[head]) : take(s.D + tile.channel, tile.lanes);
    put(s.y.row(token) + tile.channel, fma(skip, u, y), tile.lanes);
  }
  if constexpr (kSums) {
    if constexpr (kPerHead) tally.decays = mul(shared_decay, set1(static_cast<float>(s.states)));
    tally.keep(sums, tile, du, state);
  }
}

template <bool kPerHead, bool kOutput, bool kSums, int kStates>
inline void scan_tile(const Scan<float>& s, std::int64_t head, const Tile& tile, float* sums) {
  Held<kStates> state(tile.h, s.states);
  for (std::int64_t token = 0; token < s.u.count; ++token)
    scan_token<kPerHead, kOutput, kSums, kStates>(s, token, head, tile, state, kSums ? sums + token * kScanSums * 16 : nullptr);
}

template <bool kPerHead, bool kOutput, bool kSums>
void scan_block(const Scan<float>& s, std::int64_t block) {
  const std::int64_t tokens = s.u.count;
  float* sums = kSums ? s.sums + block * tokens * kScanSums * 16 : nullptr;
  if constexpr (kSums) std::fill_n(sums, tokens * kScanSums * 16, 0.0f);
  const std::int64_t head = kPerHead ? block : 0;
  const std::int64_t first = kPerHead ? 0 : block * Scan<float>::kTilesPerBlock;
  const std::int64_t last = kPerHead ? s.tiles() : std::min(first + Scan<float>::kTilesPerBlock, s.tiles());
  for (std::int64_t t = first; t < last; ++t) {
    const Tile tile(s, head, t);
    const bool in_registers = !kPerHead && s.states == 16 && tokens > 1;
    if (in_registers) scan_tile<kPerHead, kOutput, kSums, 16>(s, head, tile, sums);
    else scan_tile<kPerHead, kOutput, kSums, 0>(s, head, tile, sums);
  }
  if constexpr (kSums)
    for (std::int64_t token = 0; token < tokens; ++token)
      finish_sums(s.B.row(token) + head / s.heads_per_group * s.states, s.states, sums + token * kScanSums * 16);
}

template <bool kPerHead>
void scan_blocks(const Scan<float>& s, std::int64_t first, std::int64_t last) {
  const bool output = s.y.count > 0, sums = s.sums != nullptr;
  for (std::int64_t block = first; block < last; ++block) {
    if (output && sums) scan_block<kPerHead, true, true>(s, block);
    else if (output) scan_block<kPerHead, true, false>(s, block);
    else if (sums) scan_block<kPerHead, false, true>(s, block);
    else scan_block<kPerHead, false, false>(s, block);
  }
}

void scan(const Scan<float>& s, std::int64_t first, std::int64_t last) {
  if (s.per_head) scan_blocks<true>(s, first, last);
  else scan_blocks<false>(s, first, last);
}

// decay: [H] per head, else in the layout of h.
void scan_decay(const Scan<float>& s, std::int64_t token, float* decay) {
  if (s.per_head) {
    for (std::int64_t head = 0; head < s.heads; ++head) decay[head] = head_decay(s, token, head);
    return;
  }
  for (std::int64_t t = 0; t < s.tiles(); ++t) {
    const Tile tile(s, 0, t);
    const V dt = time_step_of(s, token, 0, tile);
    for (std::int64_t n = 0; n < s.states; ++n)
      store(decay + (t * s.states + n) * 16, decay_of(dt, load(tile.a + n * 16)));
  }
}

void scan_state(const Scan<float>& s, std::int64_t token, const float* decay) {
  for (std::int64_t head = 0; head < s.heads; ++head)
    for (std::int64_t t = 0; t < s.tiles(); ++t) {
      const Tile tile(s, head, t);
      const float* b = s.B.row(token) + tile.group * s.states;
      const V du = mul(time_step_of(s, token, head, tile), take(s.u.row(token) + tile.channel, tile.lanes));
      for (std::int64_t n = 0; n < s.states; ++n) {
        const V factor = s.per_head ? set1(decay[head]) : load(decay + (t * s.states + n) * 16);
        store(tile.h + n * 16, state_of(factor, load(tile.h + n * 16), mul(du, set1(b[n]))));
      }
    }
}

void scan_output(const Scan<float>& s, std::int64_t token) {
  for (std::int64_t head = 0; head < s.heads; ++head)
    for (std::int64_t t = 0; t < s.tiles(); ++t) {
      const Tile tile(s, head, t);
      const float* c = s.C.row(token) + tile.group * s.states;
      V y = set1(0.0f);
      for (std::int64_t n = 0; n < s.states; ++n) y = output_of(load(tile.h + n * 16), set1(c[n]), y);
      const V skip = s.per_head ? set1(s.D[head]) : take(s.D + tile.channel, tile.lanes);
      put(s.y.row(token) + tile.channel, fma(skip, take(s.u.row(token) + tile.channel, tile.lanes), y), tile.lanes);
    }
}

void scan_sums(const Scan<float>& s, std::int64_t token, const float* before, const float* decay) {
  for (std::int64_t block = 0; block < s.blocks(); ++block) {
    float* sums = s.sums + (block * s.u.count + token) * kScanSums * 16;
    std::fill_n(sums, kScanSums * 16, 0.0f);
    const std::int64_t head = s.per_head ? block : 0;
    const std::int64_t first = s.per_head ? 0 : block * Scan<float>::kTilesPerBlock;
    const std::int64_t last = s.per_head ? s.tiles() : std::min(first + Scan<float>::kTilesPerBlock, s.tiles());
    for (std::int64_t t = first; t < last; ++t) {
      const Tile tile(s, head, t);
      const float* was = before + (tile.h - s.h);
      const V du = mul(time_step_of(s, token, head, tile), take(s.u.row(token) + tile.channel, tile.lanes));
      const Held<0> state(tile.h, s.states);
      Sums tally(sums);
      for (std::int64_t n = 0; n < s.states; ++n) {
        tally.count(state.get(n), load(was + n * 16));
        if (!s.per_head) tally.decays = add(tally.decays, load(decay + (t * s.states + n) * 16));
      }
      if (s.per_head) tally.decays = mul(set1(decay[head]), set1(static_cast<float>(s.states)));
      tally.keep(sums, tile, du, state);
    }
    finish_sums(s.B.row(token) + head / s.heads_per_group * s.states, s.states, sums);
  }
}

void total_sums(const Scan<float>& s, std::int64_t token, float* out) {
  for (std::int64_t which = 0; which < kScanSums; ++which) {
    const bool is_largest = which == static_cast<std::int64_t>(ScanSum::largest);
    V all = set1(0.0f);
    for (std::int64_t block = 0; block < s.blocks(); ++block) {
      const V part = load(s.sums + ((block * s.u.count + token) * kScanSums + which) * 16);
      all = is_largest ? max(part, all) : add(all, part);
    }
    out[which] = is_largest ? largest(all) : sum(all);
  }
}

void measure(const float* x, std::int64_t n, float* sum_of_squares, float* largest_abs) {
  V squares = set1(0.0f), most = set1(0.0f);
  for_lanes(0, n, [&](std::int64_t i, int m) {
    const V a = take(x + i, m);
    squares = fma(a, a, squares);
    most = max(abs(a), most);
  });
  *sum_of_squares = sum(squares);
  *largest_abs = largest(most);
}

void measure_gate(const float* z, std::int64_t n, float* sum_of_abs, float* shut) {
  V total = set1(0.0f), closed = set1(0.0f);
  for_lanes(0, n, [&](std::int64_t i, int m) {
    const V opening = abs(silu_of(take(z + i, m)));
    total = add(total, opening);
    closed = add(closed, less(opening, set1(0.01f)));
  });
  *sum_of_abs = sum(total);
  // Lanes beyond the last element are zero and were counted as shut.
  *shut = sum(closed) - static_cast<float>((16 - n % 16) % 16);
}

void measure_step(const float* dt, std::int64_t n, float* total, float* largest_step) {
  V steps = set1(0.0f), most = set1(0.0f);
  for_lanes(0, n, [&](std::int64_t i, int m) {
    const V a = take(dt + i, m);
    steps = add(steps, a);
    most = max(a, most);
  });
  *total = sum(steps);
  *largest_step = largest(most);
}

constexpr Kernels table(const char* name) {
  return {name,      arrange,  multiply,   multiply_many, rms_norm,    convolve, silu,         time_step,   gate, add_into,
          attention_scores, softmax, attention_context,
          scan,      scan_decay, scan_state,    scan_output, scan_sums, total_sums, measure,  measure_gate, measure_step};
}
