#include "model/opened_model.h"

namespace lab {
namespace {

Status begin(const OpeningSteps& steps, const char* doing, double progress) {
  if (!steps || steps(doing, progress)) return {};
  return Error{.code = Code::cancelled, .message = "opening was cancelled"};
}

}  // namespace

Result<std::shared_ptr<const OpenedModel>> open_model(const std::string& model, const OpeningSteps& steps, const std::string& assets) {
  LAB_ASSIGN(const std::string place, model_folder(model, assets));
  auto opened = std::make_shared<OpenedModel>();
  opened->path = model;
  LAB_TRY(begin(steps, "reading headers", 0.0));
  LAB_ASSIGN(opened->checkpoint, open_checkpoint(place));
  LAB_TRY(begin(steps, "mapping weights", 0.3));
  LAB_ASSIGN(opened->model, load_model(opened->checkpoint));
  const auto& warnings = opened->model->info().warnings;
  opened->checkpoint.warnings.insert(opened->checkpoint.warnings.end(), warnings.begin(), warnings.end());
  LAB_TRY(begin(steps, "reading the tokenizer", 0.6));
  LAB_ASSIGN(opened->tokenizer,
             folder_tokenizer(opened->checkpoint.path, opened->model->info().vocabulary, opened->checkpoint.gguf.get()));
  LAB_TRY(begin(steps, "starting a run", 0.9));
  return std::shared_ptr<const OpenedModel>(std::move(opened));
}

}  // namespace lab
