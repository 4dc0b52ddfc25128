#include "app/core/builtin.h"
#include "app/core/lab.h"

namespace lab {

Result<std::shared_ptr<const OpenedModel>> open_model(const std::string& model) {
  LAB_ASSIGN(const std::string place, model_folder(model));
  auto opened = std::make_shared<OpenedModel>();
  opened->path = model;
  LAB_ASSIGN(opened->checkpoint, open_checkpoint(place));
  LAB_ASSIGN(opened->model, load_model(opened->checkpoint));
  const auto& warnings = opened->model->info().warnings;
  opened->checkpoint.warnings.insert(opened->checkpoint.warnings.end(), warnings.begin(), warnings.end());
  LAB_ASSIGN(opened->tokenizer,
             folder_tokenizer(opened->checkpoint.path, opened->model->info().vocabulary, opened->checkpoint.gguf.get()));
  return std::shared_ptr<const OpenedModel>(std::move(opened));
}

}  // namespace lab
