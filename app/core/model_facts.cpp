#include "app/core/model_facts.h"

#include <fmt/format.h>

#include "app/core/weights.h"

namespace lab {

std::string arithmetic_text(const Context<float>& context) {
  const char* type = context.rounding == Rounding::bf16 ? "bf16" : context.rounding == Rounding::f16 ? "f16" : "f32";
  const int threads = context.math.threads();
  return fmt::format("{}, {}, {} thread{}", type, context.math.instruction_set(), threads, threads == 1 ? "" : "s");
}

std::shared_ptr<const ModelFacts> facts_of(const OpenedModel& opened, const std::string& arithmetic) {
  const ModelInfo& info = opened.model->info();
  auto facts = std::make_shared<ModelFacts>();
  facts->name = opened.checkpoint.name;
  facts->family = info.family;
  facts->title = info.title;
  facts->path = opened.path;
  facts->parameters = info.parameters;
  facts->weight_bytes = info.weight_bytes;
  facts->state_bytes = opened.model->schema()->elements() * static_cast<std::int64_t>(sizeof(float));
  facts->hidden = info.hidden;
  facts->vocabulary = info.vocabulary;
  facts->inner = info.inner;
  facts->state_size = info.state_size;
  facts->conv_kernel = info.conv_kernel;
  facts->heads = info.heads;
  facts->head_dim = info.head_dim;
  facts->groups = info.groups;
  facts->time_step_rank = info.time_step_rank;
  facts->dtypes = info.dtypes;
  facts->layers = info.layers;
  facts->schema = opened.model->schema();
  facts->tensors = tensors_of(opened.checkpoint);
  facts->arithmetic = arithmetic;
  facts->warnings = opened.checkpoint.warnings;
  if (opened.tokenizer) {
    facts->tokenizer = opened.tokenizer->kind();
    facts->pieces.resize(static_cast<std::size_t>(opened.tokenizer->vocabulary_size()));
    for (std::size_t id = 0; id < facts->pieces.size(); ++id)
      if (const auto token = static_cast<std::int32_t>(id); opened.tokenizer->has_token(token))
        facts->pieces[id] = opened.tokenizer->display(token);
  }
  return facts;
}

}  // namespace lab
