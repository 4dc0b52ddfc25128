// The families the lab knows: one line each in the table at the end.
#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <set>

#include "model/families/mamba1/mamba1.h"
#include "model/families/mamba2/mamba2.h"
#include "model/families/sequence_model.h"

namespace lab {
namespace {

// A keyframe costs memory, replay costs time: a power of two near 2.5 states' worth of drivers, from 64 to 128.
std::int64_t keyframe_spacing(const LayerSchema& schema, const LayerInfo& info) {
  std::int64_t state = 0, drivers = 0;
  for (const TensorSchema& tensor : schema.tensors) state += tensor.elements();
  for (const Driver& driver : info.drivers) drivers += driver.width;
  const std::int64_t wanted = std::clamp<std::int64_t>(state * 5 / (2 * drivers), 64, 128);
  return wanted > 96 ? 128 : 64;
}

std::set<std::string> dtypes_of(const TensorTable& table) {
  std::set<std::string> names;
  for (const TensorView& tensor : table.all()) names.insert(name_of(tensor.dtype));
  return names;
}

// Whether a head of its own says something else than the embedding it is said to be tied to. Equal copies are read once.
bool differs(const TensorView* head, const TensorView& embedding) {
  if (!head || head->data == embedding.data) return false;
  return head->dtype != embedding.dtype || head->bytes != embedding.bytes || std::memcmp(head->data, embedding.data, head->bytes) != 0;
}

struct Family {
  std::string model_type;
  std::function<void(const Checkpoint&, std::vector<Error>&)> validate;
  std::function<std::unique_ptr<const Model>(const Checkpoint&)> load;
};

// Everything a family's namespace offers, bound to its Config and Layer.
template <class Config, template <class> class Layer>
Family family(std::string model_type, Config (*read_config)(const Json&, std::vector<Error>&),
              void (*expect_layer)(const Config&, std::int64_t, std::vector<Expected>&), LayerSchema (*layer_schema)(const Config&),
              LayerInfo (*layer_info)(const Config&), void (*describe)(const Config&, ModelInfo&)) {
  const auto validate = [=](const Checkpoint& checkpoint, std::vector<Error>& problems) {
    Config config = read_config(*checkpoint.config, problems);
    if (!problems.empty()) return;
    config.vocabulary = padded_vocabulary(*checkpoint.tensors, config.vocabulary);
    check_tensors(*checkpoint.tensors, expected_tensors(config, expect_layer), problems);
    check_layer_count(*checkpoint.tensors, config.layers, problems);
  };
  const auto load = [=](const Checkpoint& checkpoint) -> std::unique_ptr<const Model> {
    std::vector<Error> none;
    Config config = read_config(*checkpoint.config, none);
    config.vocabulary = padded_vocabulary(*checkpoint.tensors, config.vocabulary);
    ModelInfo info{.model_type = checkpoint.model_type, .name = checkpoint.name,
                   .weight_bytes = static_cast<std::int64_t>(checkpoint.weight_bytes), .tied_head = config.tied};
    describe(config, info);
    if (config.tied && differs(checkpoint.tensors->find("lm_head.weight"), *find_embedding(*checkpoint.tensors))) {
      info.tied_head = false;
      info.warnings.push_back("lm_head.weight differs from the embedding although they should be tied: the output uses lm_head.weight");
    }
    for (const TensorView& tensor : checkpoint.tensors->all())
      if (!info.tied_head || tensor.name != "lm_head.weight") info.parameters += tensor.elements();
    const auto types = dtypes_of(*checkpoint.tensors);
    info.dtypes.assign(types.begin(), types.end());
    const LayerSchema schema = layer_schema(config);
    LayerInfo layer = layer_info(config);
    layer.keyframe_every = keyframe_spacing(schema, layer);
    info.layers.assign(static_cast<std::size_t>(config.layers), layer);
    auto state = std::make_shared<const StateSchema>(checkpoint.model_type,
                                                     std::vector<LayerSchema>(static_cast<std::size_t>(config.layers), schema));
    return std::make_unique<SequenceModel<Config, Layer>>(config, checkpoint, std::move(info), std::move(state));
  };
  return {std::move(model_type), validate, load};
}

const std::vector<Family>& families() {
  static const std::vector<Family> all = {
      family<mamba1::Config, mamba1::Layer>("mamba", mamba1::read_config, mamba1::expect_layer, mamba1::layer_schema,
                                            mamba1::layer_info, mamba1::describe),
      family<mamba2::Config, mamba2::Layer>("mamba2", mamba2::read_config, mamba2::expect_layer, mamba2::layer_schema,
                                            mamba2::layer_info, mamba2::describe),
  };
  return all;
}

const Family* find_family(const std::string& model_type) {
  for (const Family& family : families())
    if (family.model_type == model_type) return &family;
  return nullptr;
}

}  // namespace

std::vector<Error> validate(const Checkpoint& checkpoint) {
  std::vector<Error> problems;
  if (const Family* family = find_family(checkpoint.model_type)) {
    family->validate(checkpoint, problems);
  } else {
    std::string known;
    for (const Family& each : families()) known.append(known.empty() ? "" : " or ").append(each.model_type);
    problems.push_back({.code = Code::unsupported, .file = checkpoint.path + "/config.json", .field = "model_type",
                        .expected = known, .found = checkpoint.model_type, .message = "this family of models is not known"});
  }
  return problems;
}

Result<std::unique_ptr<const Model>> load_model(const Checkpoint& checkpoint) {
  std::vector<Error> problems = validate(checkpoint);
  if (!problems.empty()) {
    for (Error& problem : problems)
      if (problem.file.find('/') == std::string::npos) problem.file = checkpoint.path + "/" + problem.file;
    return all_of(std::move(problems));
  }
  return find_family(checkpoint.model_type)->load(checkpoint);
}

}  // namespace lab
