#include "tests/phenomena/streams.h"

#include <algorithm>
#include <fstream>
#include <numeric>

#include <nlohmann/json.hpp>

namespace lab::test {

namespace {

int draw_below(std::mt19937& random, int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); }
double draw_share(std::mt19937& random) { return static_cast<double>(random()) / 4294967296.0; }

}  // namespace

CopyCase draw_copy(std::mt19937& random) {
  CopyCase made{Ids(32, 0), {}};
  std::vector<int> places(32);
  std::iota(places.begin(), places.end(), 0);
  for (int i = 0; i < 4; ++i) std::swap(places[static_cast<std::size_t>(i)], places[static_cast<std::size_t>(i + draw_below(random, 32 - i))]);
  std::sort(places.begin(), places.begin() + 4);
  for (int i = 0; i < 4; ++i) {
    made.data.push_back(1 + draw_below(random, 14));
    made.ids[static_cast<std::size_t>(places[static_cast<std::size_t>(i)])] = made.data.back();
  }
  return made;
}

TopicChains::TopicChains(const std::string& file) {
  const auto json = nlohmann::json::parse(std::ifstream(file));
  for (const auto& topic : json["permutations"]) {
    std::vector<std::vector<double>> chain(32, std::vector<double>(32, 0.2 / 32));
    const double weights[] = {0.55, 0.25};
    for (std::size_t w = 0; w < 2; ++w)
      for (std::size_t from = 0; from < 32; ++from) chain[from][topic[w][from].get<std::size_t>()] += weights[w];
    for (auto& row : chain) std::partial_sum(row.begin(), row.end(), row.begin());
    cumulative_.push_back(std::move(chain));
  }
}

TopicStream TopicChains::draw(std::mt19937& random, int length, double hazard, int switch_at) const {
  TopicStream stream;
  int topic = draw_below(random, 6);
  std::int32_t symbol = draw_below(random, 32);
  for (int t = 0; t < length; ++t) {
    if (t > 0) {
      const bool change = switch_at >= 0 ? t == switch_at : draw_share(random) < hazard;
      if (change) topic = (topic + 1 + draw_below(random, 5)) % 6;
      const auto& row = cumulative_[static_cast<std::size_t>(topic)][static_cast<std::size_t>(symbol)];
      symbol = static_cast<std::int32_t>(std::min<std::ptrdiff_t>(31, std::lower_bound(row.begin(), row.end(), draw_share(random)) - row.begin()));
    }
    stream.ids.push_back(symbol);
    stream.topics.push_back(topic);
  }
  return stream;
}

FlipStream draw_flips(std::mt19937& random, int length) {
  FlipStream stream;
  int bits = 0;
  const Ids cleared = {0, 2, 4, kHold, kHold, kHold};
  for (int t = 0; t < length; ++t) {
    const std::int32_t id = t < 6 ? cleared[static_cast<std::size_t>(t)] : draw_share(random) < 0.25 ? draw_below(random, 6) : kHold;
    if (id < kHold) bits = id % 2 ? bits | 1 << id / 2 : bits & ~(1 << id / 2);
    stream.ids.push_back(id);
    stream.bits.push_back(bits);
  }
  return stream;
}

}  // namespace lab::test
