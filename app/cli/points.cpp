#include "app/cli/points.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace lab::cli {
std::string TracePoint::name() const { return point_name(id.point, id.layer) + (before_first ? "0" : ""); }

bool TracePoint::grows() const { return std::find(shape.begin(), shape.end(), kCachedRows) != shape.end(); }

std::vector<TracePoint> points_of(const ModelInfo& info) {
  const std::vector<std::int64_t> residual{info.hidden};
  std::vector<TracePoint> points{{{Point::emb, -1}, residual}};
  for (int i = 0; i < static_cast<int>(info.layers.size()); ++i) {
    const auto& of_layer = info.layers[static_cast<std::size_t>(i)].points;
    for (const PointShape& point : of_layer) points.push_back({{point.point, i}, point.shape});
    for (const PointShape& point : of_layer)
      if (point.point == Point::h) points.push_back({{point.point, i}, point.shape, true});
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

std::vector<TracePoint> default_points(const std::vector<TracePoint>& all) {
  constexpr Point kDefault[] = {Point::norm1, Point::norm2, Point::conv_state, Point::h,          Point::k_cache,
                                Point::v,     Point::att_state, Point::final_norm, Point::logits};
  std::vector<TracePoint> points;
  std::copy_if(all.begin(), all.end(), std::back_inserter(points), [&](const TracePoint& point) {
    return !point.before_first && std::find(std::begin(kDefault), std::end(kDefault), point.id.point) != std::end(kDefault);
  });
  return points;
}

}  // namespace lab::cli
