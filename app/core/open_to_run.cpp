#include "app/core/lab.h"
#include "app/core/memory_job.h"

namespace lab {

Result<std::shared_ptr<const OpenedModel>> open_to_run(const std::string& model, const OpeningSteps& steps) {
  LAB_ASSIGN(const std::shared_ptr<const OpenedModel> opened, open_model(model, steps));
  auto running = std::make_shared<OpenedModel>(*opened);
  running->company = std::make_shared<const MemoryJob>(opened->checkpoint);
  return std::shared_ptr<const OpenedModel>(std::move(running));
}

}  // namespace lab
