#include "app/cli/points.h"

#include <algorithm>
#include <utility>

namespace lab::cli {
namespace {

using Shaped = std::pair<Point, std::vector<std::int64_t>>;

// Sizes as in the glossaries: d hidden, di inner, N states, K kernel, R rank, H heads of P channels, G groups.
std::vector<Shaped> mixer_points(const ModelInfo& info, const LayerInfo& layer) {
  const std::int64_t di = info.inner, N = info.state_size, K = info.conv_kernel;
  if (layer.kind == "mamba1")
    return {{Point::in_proj, {2 * di}},
            {Point::x, {di}},
            {Point::z, {di}},
            {Point::conv_state, {di, K}},
            {Point::conv, {di}},
            {Point::u, {di}},
            {Point::dt_low, {info.time_step_rank}},
            {Point::B, {N}},
            {Point::C, {N}},
            {Point::dt_raw, {di}},
            {Point::dt, {di}},
            {Point::decay, {di, N}},
            {Point::h, {di, N}},
            {Point::y, {di}},
            {Point::gated, {di}}};
  const std::int64_t H = info.heads, P = info.head_dim, G = info.groups, C = di + 2 * G * N;
  return {{Point::in_proj, {di + C + H}},
          {Point::z, {di}},
          {Point::xBC, {C}},
          {Point::conv_state, {C, K}},
          {Point::conv, {C}},
          {Point::x, {H, P}},
          {Point::B, {G, N}},
          {Point::C, {G, N}},
          {Point::dt_raw, {H}},
          {Point::dt, {H}},
          {Point::decay, {H}},
          {Point::h, {H, P, N}},
          {Point::y, {H, P}},
          {Point::gated, {di}},
          {Point::gnorm, {di}}};
}

}  // namespace

std::string TracePoint::name() const { return point_name(id.point, id.layer) + (before_first ? "0" : ""); }

std::int64_t TracePoint::elements() const {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) count *= extent;
  return count;
}

std::vector<TracePoint> points_of(const ModelInfo& info) {
  const std::vector<std::int64_t> residual{info.hidden};
  std::vector<TracePoint> points{{{Point::emb, -1}, residual}};
  for (int i = 0; i < static_cast<int>(info.layers.size()); ++i) {
    points.push_back({{Point::resid_in, i}, residual});
    points.push_back({{Point::norm1, i}, residual});
    std::vector<std::int64_t> state;
    for (auto& [point, shape] : mixer_points(info, info.layers[static_cast<std::size_t>(i)])) {
      if (point == Point::h) state = shape;
      points.push_back({{point, i}, std::move(shape)});
    }
    points.push_back({{Point::mixer_out, i}, residual});
    points.push_back({{Point::resid_out, i}, residual});
    points.push_back({{Point::h, i}, std::move(state), true});
  }
  points.push_back({{Point::final_norm, -1}, residual});
  points.push_back({{Point::logits, -1}, {info.vocabulary}});
  return points;
}

Result<std::vector<TracePoint>> choose_points(const std::vector<TracePoint>& all, const std::string& globs) {
  std::vector<bool> chosen(all.size());
  for (std::size_t begin = 0; begin <= globs.size();) {
    const std::size_t end = std::min(globs.find(',', begin), globs.size());
    const std::string glob = globs.substr(begin, end - begin);
    begin = end + 1;
    bool found = false;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!matches_glob(all[i].name(), glob) || (all[i].before_first && !glob.ends_with("h0"))) continue;
      chosen[i] = found = true;
    }
    if (!found)
      return Error{.code = Code::bad_argument,
                   .field = "--points",
                   .expected = "globs over names as L0.mix.h, emb, logits",
                   .found = printable(glob),
                   .message = "no point of this model has such a name"};
  }
  std::vector<TracePoint> points;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (chosen[i]) points.push_back(all[i]);
  return points;
}

}  // namespace lab::cli
