#include "app/core/builtin.h"
#include "app/core/lab.h"

namespace lab {

Result<std::shared_ptr<const OpenedModel>> open_model(const std::string& model) {
  LAB_ASSIGN(const std::string folder, model_folder(model));
  auto opened = std::make_shared<OpenedModel>();
  opened->path = model;
  LAB_ASSIGN(opened->checkpoint, open_checkpoint(folder));
  LAB_ASSIGN(opened->model, load_model(opened->checkpoint));
  LAB_ASSIGN(opened->tokenizer, folder_tokenizer(folder, opened->model->info().vocabulary));
  return std::shared_ptr<const OpenedModel>(std::move(opened));
}

}  // namespace lab
