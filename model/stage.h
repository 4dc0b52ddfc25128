#pragma once
// The stages of a step that can be watched or replaced, and their names. Source: the trace points of the reference format.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lab {

/// One named value of the forward pass. Order is the order of computation within a layer.
enum class Point : std::uint8_t {
  emb,         // [d]        embedding of the token
  resid_in,    // [d]        residual stream before the layer
  norm1,       // [d]        normalised residual
  in_proj,     // [...]      all rows of the input projection
  z,           // [di]       gate before silu
  xBC,         // [C]        Mamba-2: x, B and C before the convolution
  x,           // [di]       Mamba-1: before the convolution; Mamba-2 [H,P]: after it
  conv_state,  // [C,K]      raw inputs of the convolution after the token, column 0 oldest
  conv,        // [C]        convolution before silu
  u,           // [di]       Mamba-1: after silu
  dt_low,      // [R]        Mamba-1: low-rank time step
  B,           // [N] or [G,N]
  C,           // [N] or [G,N]
  dt_raw,      // [di] or [H] time step without bias
  dt,          // [di] or [H] after bias, softplus and limits
  decay,       // [di,N] or [H]: exp(dt A)
  h,           // [di,N] or [H,P,N]: the state after the token
  y,           // [di] or [H,P]: read-out including the D skip
  gated,       // [di]       y silu(z)
  gnorm,       // [di]       Mamba-2: after the gated norm
  q,           // [Hq,hd]    attention: queries, keys and values as projected
  k,           // [Hkv,hd]
  v,           // [Hkv,hd]
  q_rot,       // [Hq,hd]    after rotation; without one the same as q
  k_rot,       // [Hkv,hd]
  k_cache,     // [rows,Hkv,hd] keys seen by this token, its own the last
  scores,      // [Hq,rows]  scale q.k
  probs,       // [Hq,rows]  softmax of the scores
  attn_range,  // [Hq,2]     smallest and largest score
  attn_entropy,  // [Hq]     of the weights, in nats
  ctx,         // [Hq,hd]    sum of values by weight
  shift_r,     // [d]        RWKV: inputs mixed with those of the token before
  shift_k,     // [d]
  shift_v,     // [d]
  att_r,       // [da]       receptance after the sigmoid
  att_k,       // [da]
  att_v,       // [da]
  wkv,         // [da]       weighted mean of the values
  att_state,   // [3,da]     aa, bb, pp after the token
  mixer_out,   // [d]        what the mixer adds to the residual stream, before its multiplier
  resid_mid,   // [d]        residual stream between mixer and feed-forward
  norm2,       // [d]        normalised for the feed-forward
  ffn_gate,    // [I]        before silu; RWKV: receptance after the sigmoid
  ffn_up,      // [I]        the factor; RWKV: W_k x
  ffn_act,     // [I]        silu(gate) up; RWKV: squared relu
  moe_logits,  // [E]        of the router
  moe_index,   // [k]        experts chosen, best first
  moe_weights, // [k]        their shares
  moe_out,     // [d]        what the experts give together
  ffn_out,     // [d]        what the feed-forward adds, before its multiplier
  resid_out,   // [d]        residual stream after the layer
  final_norm,  // [d]
  logits,      // [V]
  count_
};

constexpr int kPoints = static_cast<int>(Point::count_);
constexpr std::uint64_t bit(Point point) { return std::uint64_t{1} << static_cast<int>(point); }

/// Whether the value belongs to a layer (all but emb, final_norm, logits).
constexpr bool is_layer_point(Point point) {
  return point != Point::emb && point != Point::final_norm && point != Point::logits;
}

/// Full name, as "L3.mix.h" or "logits".
std::string point_name(Point point, int layer);
/// Name without the layer, as "mix.h".
const char* short_name(Point point);

struct PointId {
  Point point = Point::emb;
  int layer = -1;  // -1 for points outside the layers
  friend bool operator==(const PointId&, const PointId&) = default;
};
/// The inverse of point_name; nothing for an unknown name.
std::optional<PointId> parse_point(std::string_view name);

/// Whether `name` matches a glob of * and ? (as "L*.mix.h").
bool matches_glob(std::string_view name, std::string_view glob);

/// Numbers about one layer at one token, computed inside the step; NaN where a layer has no such thing. h is the recurrent
/// state after the token. For attention h is the cache and the write is the row added to it, x are the queries; for RWKV h
/// is (aa, bb), the gate is the receptance, x are the keys and the write is the value.
enum class Statistic : std::uint8_t {
  h_norm,        // ||h||_2
  h_max,         // max |h|
  h_mean,        // mean h
  h_change,      // ||h_t - h_{t-1}||_2
  h_nonfinite,   // count of NaN and infinite elements of h
  write_norm,    // ||dt x B||_2
  decay_mean,    // mean exp(dt A)
  dt_mean,
  dt_max,
  gate_mean,     // mean |silu(z)|
  gate_shut,     // share of channels with |silu(z)| < 0.01
  x_norm,        // ||x||_2 after convolution and silu
  y_norm,        // ||y||_2
  mixer_norm,    // ||mixer_out||_2
  resid_norm,    // ||resid_out||_2
  resid_max,     // max |resid_out|
  entropy_mean,  // attention: mean entropy of the heads' weights, in nats
  score_low,     // attention: smallest and largest score q.k scale of all heads
  score_high,
  count_
};
constexpr int kStatistics = static_cast<int>(Statistic::count_);
const char* name_of(Statistic statistic);

}  // namespace lab
