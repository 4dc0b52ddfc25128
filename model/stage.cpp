#include "model/stage.h"

#include <array>
#include <charconv>

namespace lab {
namespace {

constexpr std::array<const char*, kPoints> kNames = {
    "emb",      "resid_in",   "norm1",  "mix.in_proj", "mix.z", "mix.xBC",   "mix.x", "mix.conv_state", "mix.conv",
    "mix.u",    "mix.dt_low", "mix.B",  "mix.C",       "mix.dt_raw", "mix.dt", "mix.decay", "mix.h",    "mix.y",
    "mix.gated", "mix.gnorm", "attn.q", "attn.k", "attn.v", "attn.q_rot", "attn.k_rot", "attn.k_cache", "attn.scores",
    "attn.probs", "attn.range", "attn.entropy", "attn.ctx", "att.shift_r", "att.shift_k", "att.shift_v", "att.r", "att.k",
    "att.v", "att.wkv", "att.state", "mixer_out", "resid_mid", "norm2", "ffn.gate", "ffn.up", "ffn.act", "moe.logits",
    "moe.index", "moe.weights", "moe.out", "ffn_out", "resid_out", "final_norm", "logits"};

}  // namespace

const char* short_name(Point point) { return kNames[static_cast<std::size_t>(point)]; }

std::string point_name(Point point, int layer) {
  if (!is_layer_point(point)) return short_name(point);
  return "L" + std::to_string(layer) + "." + short_name(point);
}

std::optional<PointId> parse_point(std::string_view name) {
  int layer = -1;
  if (name.size() > 1 && name[0] == 'L' && name[1] >= '0' && name[1] <= '9') {
    const char* end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data() + 1, end, layer);
    if (error != std::errc() || stop == end || *stop != '.') return std::nullopt;
    name.remove_prefix(static_cast<std::size_t>(stop - name.data()) + 1);
  }
  for (int i = 0; i < kPoints; ++i) {
    const auto point = static_cast<Point>(i);
    if (name == short_name(point) && is_layer_point(point) == (layer >= 0)) return PointId{point, layer};
  }
  return std::nullopt;
}

bool matches_glob(std::string_view name, std::string_view glob) {
  std::size_t n = 0, g = 0, star = std::string_view::npos, retry = 0;
  while (n < name.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      retry = n;
    } else if (g < glob.size() && (glob[g] == '?' || glob[g] == name[n])) {
      ++g;
      ++n;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      n = ++retry;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

const char* name_of(Statistic statistic) {
  static constexpr std::array<const char*, kStatistics> names = {
      "h_norm",    "h_max",  "h_mean",    "h_change",  "h_nonfinite", "write_norm", "decay_mean", "dt_mean",
      "dt_max",    "gate_mean", "gate_shut", "x_norm", "y_norm",      "mixer_norm", "resid_norm", "resid_max",
      "entropy_mean", "score_low", "score_high"};
  return names[static_cast<std::size_t>(statistic)];
}

}  // namespace lab
