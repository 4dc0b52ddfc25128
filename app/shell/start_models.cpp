#include "app/shell/start_models.h"

#include <fmt/format.h>

#include "app/core/builtin.h"
#include "app/core/lab.h"
#include "app/shell/words.h"

namespace lab {

std::vector<StartModel> start_models() {
  std::vector<StartModel> models;
  for (const BuiltinModel& builtin : builtin_models()) {
    const std::string path = "builtin:" + builtin.name;
    const auto opened = open_model(path);
    if (!opened) continue;
    const ModelInfo& info = (*opened)->model->info();
    const auto millions = static_cast<double>(info.parameters) / 1e6;
    models.push_back({path, builtin.name,
                      fmt::format("{}, {} layers, {:.2g} M parameters", family_title(info.family), info.layers.size(), millions),
                      builtin.sentence});
  }
  return models;
}

}  // namespace lab
