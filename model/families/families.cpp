// The families the lab knows: one line each in the table at the end.
#include <algorithm>
#include <cstring>
#include <set>

#include "model/families/granite_h/granite_h.h"
#include "model/families/llama/llama.h"
#include "model/families/mamba1/mamba1.h"
#include "model/families/mamba2/mamba2.h"
#include "model/families/rwkv4/rwkv4.h"
#include "model/families/stack_model.h"
#include "model/layouts/gguf.h"

namespace lab {
namespace {

// A keyframe costs memory, replay costs time: a power of two near 2.5 states' worth of drivers, from 64 to 128.
std::int64_t keyframe_spacing(const LayerSchema& schema, const LayerInfo& info) {
  std::int64_t state = 0, drivers = 0;
  for (const TensorSchema& tensor : schema.tensors) state += tensor.grows() ? 0 : tensor.elements();
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
  const char* model_type;
  std::unique_ptr<Architecture> (*read)(const Json& config, std::vector<Error>& problems);
};

constexpr Family kFamilies[] = {
    {"mamba", mamba1::read},   {"falcon_mamba", mamba1::read_falcon}, {"mamba2", mamba2::read},
    {"granitemoehybrid", granite_h::read}, {"llama", llama::read},   {"rwkv", rwkv4::read},
};

const Family* find_family(const std::string& model_type) {
  for (const Family& family : kFamilies)
    if (family.model_type == model_type) return &family;
  return nullptr;
}

// The family's reading of a configuration, with the vocabulary that the files have.
std::unique_ptr<Architecture> read_architecture(const Checkpoint& checkpoint, std::vector<Error>& problems) {
  std::unique_ptr<Architecture> architecture = find_family(checkpoint.model_type)->read(*checkpoint.config, problems);
  Stream& stream = architecture->stream;
  stream.vocabulary = padded_vocabulary(*checkpoint.tensors, stream);
  return architecture;
}

ModelOutline outline_of(const Checkpoint& checkpoint, const Architecture& architecture, Depth depth) {
  const Stream& stream = architecture.stream;
  ModelInfo info{.model_type = checkpoint.model_type, .name = checkpoint.name,
                 .weight_bytes = static_cast<std::int64_t>(checkpoint.weight_bytes), .hidden = stream.hidden,
                 .vocabulary = stream.vocabulary, .tied_head = stream.tied};
  architecture.describe(info);
  const std::string head = stream.head + ".weight";
  const bool compares = stream.tied && depth == Depth::weights;
  if (compares && differs(checkpoint.tensors->find(head), *checkpoint.tensors->find(stream.embedding + ".weight"))) {
    info.tied_head = false;
    info.warnings.push_back(head + " differs from the embedding although they should be tied: the output uses " + head);
  }
  info.embedding = stream.embedding + ".weight";
  info.head = checkpoint.tensors->find(head) ? head : info.embedding;
  info.logits_scaling = stream.logits_scaling;
  for (const TensorView& tensor : checkpoint.tensors->all())
    if (!info.tied_head || tensor.name != head) info.parameters += tensor.elements();
  const auto types = dtypes_of(*checkpoint.tensors);
  info.dtypes.assign(types.begin(), types.end());
  std::vector<LayerSchema> schemas;
  for (std::int64_t i = 0; i < stream.layers; ++i) {
    schemas.push_back(architecture.layer_schema(i));
    LayerInfo layer = complete_info(architecture, i);
    layer.keyframe_every = keyframe_spacing(schemas.back(), layer);
    info.layers.push_back(std::move(layer));
  }
  return {std::move(info), std::make_shared<const StateSchema>(checkpoint.model_type, std::move(schemas))};
}

// The architecture of a checkpoint in which nothing is wrong.
Result<std::unique_ptr<const Architecture>> read_valid(const Checkpoint& checkpoint) {
  std::vector<Error> problems = validate(checkpoint);
  if (!problems.empty()) return all_of(std::move(problems));
  return std::unique_ptr<const Architecture>(read_architecture(checkpoint, problems));
}

}  // namespace

std::vector<Error> validate(const Checkpoint& checkpoint) {
  std::vector<Error> problems;
  if (find_family(checkpoint.model_type)) {
    const std::unique_ptr<const Architecture> architecture = read_architecture(checkpoint, problems);
    if (problems.empty()) {
      check_tensors(*checkpoint.tensors, expected_tensors(*architecture, *checkpoint.tensors), problems);
      check_layer_count(*checkpoint.tensors, architecture->stream, problems);
    }
  } else {
    std::string known;
    for (const Family& each : kFamilies) known.append(known.empty() ? "" : ", ").append(each.model_type);
    problems.push_back({.code = Code::unsupported, .file = "config.json", .field = "model_type", .expected = "one of " + known,
                        .found = checkpoint.model_type, .message = "this family of models is not known"});
  }
  for (Error& problem : problems) say_as_stored(checkpoint, problem);
  return problems;
}

Result<ModelOutline> describe_model(const Checkpoint& checkpoint, Depth depth) {
  LAB_ASSIGN(const std::unique_ptr<const Architecture> architecture, read_valid(checkpoint));
  return outline_of(checkpoint, *architecture, depth);
}

Result<std::unique_ptr<const Model>> load_model(const Checkpoint& checkpoint) {
  LAB_ASSIGN(std::unique_ptr<const Architecture> architecture, read_valid(checkpoint));
  ModelOutline outline = outline_of(checkpoint, *architecture, Depth::weights);
  return std::unique_ptr<const Model>(
      std::make_unique<StackModel>(std::move(architecture), checkpoint, std::move(outline.info), std::move(outline.schema)));
}

}  // namespace lab
