#include "app/shell/settings.h"

#include <algorithm>
#include <cmath>

#include "views/panels/figure_pane.h"

namespace lab {
namespace {

constexpr const Theme* kThemes[] = {&kDarkTheme, &kLightTheme, &kContrastTheme};
constexpr const char* kThemeNames[] = {"dark", "light", "high contrast"};
constexpr const char* kSizeNames[] = {"75 %", "87.5 %", "100 %", "112.5 %", "125 %", "150 %", "175 %", "200 %", "250 %", "300 %"};
static_assert(std::size(kSizeNames) == std::size(kSizes));
constexpr const char* kRowNames[] = {"by index", "by half-life", "by norm", "by similarity"};
constexpr RowOrder kRowOrders[] = {RowOrder::index, RowOrder::half_life, RowOrder::norm, RowOrder::similarity};

constexpr Setting kSettings[] = {
    {"theme", "Look", "Theme", "High contrast is white on black, with a line around every control.", Setting::Choice{&Settings::theme, kThemeNames}},
    {"size", "Look", "Size", "Of text and everything else, on top of what the display asks for.", Setting::Choice{&Settings::size, kSizeNames}},
    {"reduced_motion", "Look", "Reduced motion", "While a run goes on, four pictures a second instead of thirty.", Setting::Flag{&Settings::reduced_motion}},
    {"state_colors", "Views", "Colours of states", "All of them can be told apart without seeing red or green.", Setting::Choice{&Settings::state_colors, kMapNames}},
    {"state_scale", "Views", "Scale of states", "Symlog shows small values beside large ones.", Setting::Choice{&Settings::state_scale, kScalingNames}},
    {"state_rows", "Views", "Rows of states", "By half-life puts what remembers longest on top.", Setting::Choice{&Settings::state_rows, kRowNames}},
    {"pca_3d", "Views", "PCA in three dimensions", "A drag turns it.", Setting::Flag{&Settings::pca_3d}},
    {"budget_gib", "Running", "History of a run", "Memory for it; beyond, old tokens are thinned. From the next start.", Setting::Number{&Settings::budget_gib, 0.001, 4096, "%g", "GiB"}},
    {"threads", "Running", "Threads", "0 takes one per core. Never changes a result. From the next start.", Setting::Number{&Settings::threads, 0, 256, "%.0f", ""}},
    {"remember_recent", "Files", "Remember what was opened", "The last twelve models and sessions, offered by the open dialog.", Setting::Flag{&Settings::remember_recent}},
};

template <class... Each>
struct Overloaded : Each... {
  using Each::operator()...;
};

}  // namespace

const Theme& theme_of(const Settings& settings) { return *kThemes[settings.theme]; }

Settings resized(Settings settings, int by) {
  settings.size = by == 0 ? kNormalSize : std::clamp(settings.size + by, 0, static_cast<int>(std::size(kSizes)) - 1);
  return settings;
}

Settings with_other_theme(Settings settings) {
  settings.theme = settings.theme == 0 ? 1 : 0;
  return settings;
}

void apply_to_views(const Settings& before, const Settings& now, PaneMemory& memory) {
  FigureOptions& states = memory.options["state-heatmap"];
  if (now.state_colors != before.state_colors) states.map = static_cast<ColorMap>(now.state_colors);
  if (now.state_scale != before.state_scale) states.scaling = static_cast<Scaling>(now.state_scale);
  if (now.state_rows != before.state_rows) states.order = kRowOrders[now.state_rows];
  if (now.pca_3d != before.pca_3d) memory.pca_3d = now.pca_3d;
}

std::span<const Setting> all_settings() { return kSettings; }

void step(const Setting& setting, Settings& settings, int by) {
  std::visit(Overloaded{[&](const Setting::Choice& choice) {
                          int& value = settings.*choice.member;
                          value = std::clamp(value + by, 0, static_cast<int>(choice.names.size()) - 1);
                        },
                        [&](const Setting::Number& number) {
                          double& value = settings.*number.member;
                          const bool is_whole = number.format[1] == '.';
                          value = std::clamp(is_whole ? value + by : value * std::exp2(by), number.low, number.high);
                        },
                        [&](const Setting::Flag& flag) { settings.*flag.member = by > 0; }},
             setting.kind);
}

bool is_default(const Setting& setting, const Settings& settings) {
  return std::visit([&](const auto& kind) { return settings.*kind.member == Settings().*kind.member; }, setting.kind);
}

void set_default(const Setting& setting, Settings& settings) {
  std::visit([&](const auto& kind) { settings.*kind.member = Settings().*kind.member; }, setting.kind);
}

}  // namespace lab
