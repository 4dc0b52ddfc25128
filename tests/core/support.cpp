#include "support.h"

#include <chrono>
#include <iterator>
#include <thread>

#include "app/core/engine.h"
#include "model/base/hash.h"

namespace lab::test {
namespace {

class Disturbed final : public Model {
 public:
  Disturbed(std::shared_ptr<const OpenedModel> model, std::function<void(Context<float>&)> before)
      : model_(std::move(model)), before_(std::move(before)) {
    info_ = model_->model->info();
    schema_ = model_->model->schema();
  }
  bool advance(std::span<Lane<float>> lanes, Context<float>& context) const override {
    before_(context);
    return model_->model->advance(lanes, context);
  }
  bool advance(std::span<Lane<double>> lanes, Context<double>& context) const override {
    return model_->model->advance(lanes, context);
  }
  void mix(int layer, Rows<const float> inputs, Rows<float> outputs, State& state, Probe* probe,
           Context<float>& context) const override {
    model_->model->mix(layer, inputs, outputs, state, probe, context);
  }
  void read_out(Rows<const float> resid_out, Rows<float> logits, Context<float>& context) const override {
    model_->model->read_out(resid_out, logits, context);
  }
  void replay(int layer, std::span<const Rows<const float>> drivers, State& state,
              Context<float>& context) const override {
    model_->model->replay(layer, drivers, state, context);
  }
  std::vector<float> rates(int layer) const override { return model_->model->rates(layer); }

 private:
  std::shared_ptr<const OpenedModel> model_;
  std::function<void(Context<float>&)> before_;
};

}  // namespace

std::string source_path(const std::string& inside) { return std::string(LAB_SOURCE_DIR) + "/" + inside; }

std::shared_ptr<const OpenedModel> random_model(const std::string& family, std::int64_t vocabulary) {
  Result<Checkpoint> checkpoint = random_checkpoint({.family = family,
                                                     .hidden = 32,
                                                     .layers = 3,
                                                     .vocabulary = vocabulary,
                                                     .state_size = 8,
                                                     .head_dim = 16,
                                                     .seed = 7});
  REQUIRE(checkpoint);
  Result<std::unique_ptr<const Model>> model = load_model(*checkpoint);
  REQUIRE(model);
  auto opened = std::make_shared<OpenedModel>();
  opened->checkpoint = *checkpoint;
  opened->model = model.take();
  opened->tokenizer = byte_tokenizer();
  opened->path = "random";
  return opened;
}

std::unique_ptr<Lab> open_golden(const std::string& name, const LabOptions& options) {
  auto lab = std::make_unique<Lab>(options);
  carry_out(*lab, command::Open{source_path("tests/golden/" + name)});
  return lab;
}

void carry_out(Lab& lab, const Command& command) {
  const Answer answer = lab.apply(command);
  INFO(label_of(command), ": ", answer.refusal.text());
  REQUIRE(answer.applied);
  lab.finish_work();
}

Error refusal_of(Lab& lab, const Command& command) {
  const Answer answer = lab.apply(command);
  INFO(label_of(command));
  CHECK_FALSE(answer.applied);
  return answer.refusal;
}

std::string fingerprint(Lab& lab) {
  const auto snapshot = lab.snapshot();
  std::string text = "state " + hex_of(lab.state().hash()) + " tokens";
  for (std::int64_t t = 0; t < snapshot->count(); ++t) text += " " + std::to_string(snapshot->tokens[t][0]);
  text += " waiting";
  for (const std::int32_t id : snapshot->waiting) text += " " + std::to_string(id);
  text += " edits";
  for (const EditEvent& edit : *snapshot->edits) text += " " + std::to_string(edit.position) + ":" + edit.label;
  return text + " logits " +
         hex_of(hash_bytes(snapshot->last_logits.data(), snapshot->last_logits.size() * sizeof(float)));
}

bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 20'000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

LabOptions opening(const std::shared_ptr<const OpenedModel>& model) {
  LabOptions options;
  options.open = [model](const std::string& name, const OpeningSteps&) -> Result<std::shared_ptr<const OpenedModel>> {
    if (name == "it") return model;
    return Error{.code = Code::not_found, .message = "there is nothing at this path"};
  };
  return options;
}

void settle(const Engine& engine) {
  REQUIRE(eventually([&] { return engine.idle(); }));
}

std::string digest(const Snapshot& s) {
  std::uint64_t hash = hash_bytes(s.last_logits.data(), s.last_logits.size() * sizeof(float), s.number);
  for (std::int64_t t = 0; t < s.count(); ++t) hash = hash_bytes(s.tokens[t].data(), sizeof(std::int32_t), hash);
  hash = hash_bytes(s.waiting.data(), s.waiting.size() * sizeof(std::int32_t), hash);
  for (const EditEvent& edit : *s.edits) hash = hash_bytes(edit.label.data(), edit.label.size(), hash);
  for (std::int64_t t = 0; t < s.trace->count(); t += 7)
    for (int layer = 0; layer < std::ssize(s.trace->layers()); ++layer)
      if (const auto values = s.trace->driver(layer, 0, t))
        hash = hash_bytes(values->data(), values->size() * sizeof(float), hash);
  return hex_of(hash);
}

void Gate::open() {
  const std::lock_guard lock(mutex_);
  open_ = true;
  opened_.notify_all();
}

void Gate::pass() {
  std::unique_lock lock(mutex_);
  ++waiting_;
  opened_.wait(lock, [this] { return open_; });
  --waiting_;
}

std::shared_ptr<const OpenedModel> disturbed(const std::shared_ptr<const OpenedModel>& model,
                                             std::function<void(Context<float>&)> before) {
  auto opened = std::make_shared<OpenedModel>(*model);
  opened->model = std::make_shared<Disturbed>(model, std::move(before));
  return opened;
}

}  // namespace lab::test
