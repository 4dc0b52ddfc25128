#include "app/core/file_check.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "app/core/journal.h"
#include "app/core/rule_file.h"
#include "app/core/session.h"
#include "app/core/state_patch.h"
#include "model/builtin.h"
#include "model/files/file.h"
#include "model/files/json.h"
#include "model/files/npy.h"
#include "model/files/npz.h"
#include "model/files/safetensors.h"
#include "model/files/torch_file.h"
#include "model/layouts/gguf.h"
#include "model/model.h"
#include "model/state_file.h"

namespace lab {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMagicBytes = 16;

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

// Takes the problems of a reader, if any; their file becomes the path that was asked for where the reader did not say.
bool note(FileCheck& check, Status status) {
  if (status) return true;
  const std::vector<Error> others = std::exchange(status.error().others, {});
  if (!others.empty()) status.error().next.clear();  // it only counts them
  const std::size_t first = check.problems.size();
  check.problems.push_back(std::move(status.error()));
  check.problems.insert(check.problems.end(), others.begin(), others.end());
  for (std::size_t i = first; i < check.problems.size(); ++i)
    if (check.problems[i].file.empty()) check.problems[i].file = check.path;
  return false;
}
template <class T>
bool note(FileCheck& check, const Result<T>& result) {
  return note(check, result ? Status() : Status(result.error()));
}

// Compares what was left unread with its checksums; the files lie in `folder`.
void add_damage(const TensorTable& table, const fs::path& folder, FileCheck& check) {
  for (Error& problem : table.damage()) {
    problem.file = (folder / problem.file).string();
    check.problems.push_back(std::move(problem));
  }
}

// A family that is not known is named even where its weights are in a container that cannot be opened.
void add_unknown_family(const fs::path& folder, FileCheck& check) {
  const auto config = read_json((folder / "config.json").string(), {.bare_non_finite = true});
  if (!config || !config->find("model_type") || !config->find("model_type")->is_string()) return;
  Checkpoint bare{.path = check.path,
                  .model_type = config->find("model_type")->text(),
                  .config = std::make_shared<const Json>(*config),
                  .tensors = std::make_shared<const TensorTable>()};
  for (Error& problem : validate(bare))
    if (problem.code == Code::unsupported && problem.field == "model_type")
      check.problems.insert(check.problems.begin(), std::move(problem));
}

void check_model(const fs::path& folder, FileCheck& check, Depth depth, const char* kind = "model") {
  check.kind = kind;
  auto checkpoint = open_checkpoint(folder.string());
  if (!note(check, checkpoint)) return add_unknown_family(folder, check);
  check.warnings.insert(check.warnings.end(), checkpoint->warnings.begin(), checkpoint->warnings.end());
  check.checkpoint = checkpoint.take();
  const std::vector<Error> problems = validate(*check.checkpoint);
  check.problems.insert(check.problems.end(), problems.begin(), problems.end());
  if (depth == Depth::weights) add_damage(*check.checkpoint->tensors, check.checkpoint->path, check);
  if (!check.problems.empty()) return;
  auto outline = describe_model(*check.checkpoint, depth);
  if (!note(check, outline)) return;
  check.outline = outline.take();
  const ModelInfo& info = check.outline->info;
  check.warnings.insert(check.warnings.end(), info.warnings.begin(), info.warnings.end());
  check.detail = fmt::format("{}, {} layers, {} parameters", info.family, info.layers.size(), info.parameters);
  const auto tokenizer = folder_tokenizer(folder.string(), info.vocabulary, check.checkpoint->gguf.get());
  if (note(check, tokenizer) && *tokenizer) check.tokenizer = (*tokenizer)->kind();
}

void check_tokenizer(const fs::path& file, FileCheck& check) {
  check.kind = "tokenizer";
  const auto tokenizer =
      file.filename() == "vocabulary.json" ? open_symbol_tokenizer(file.string()) : open_tokenizer(file.string());
  if (note(check, tokenizer))
    check.detail = fmt::format("{}, {} ids", (*tokenizer)->kind(), (*tokenizer)->vocabulary_size());
}

std::optional<Session> check_session(const std::string& path, FileCheck& check) {
  check.kind = "session";
  auto session = read_session(path);
  if (!note(check, session)) return {};
  check.detail = fmt::format("{} commands on {}", session->commands.size(), session->model);
  for (const std::string& field : session->unknown_fields)
    check.warnings.push_back("unknown field " + printable(field) + " is kept");
  return session.take();
}

void check_journal(const std::string& path, FileCheck& check) {
  check.kind = "journal";
  const auto journal = read_journal(path);
  if (!note(check, journal)) return;
  check.detail = fmt::format("{} commands on {}, {} tokens{}", journal->session.commands.size(), journal->session.model, journal->position,
                             journal->has_changes ? ", not all of it saved" : "");
  if (const std::string loss = loss_text(*journal); !loss.empty()) check.warnings.push_back(loss);
  for (const std::string& kind : journal->unknown) check.warnings.push_back("unknown part " + printable(kind) + " is not used");
}

void describe(const ReviewedFile& file, std::size_t items, const char* item, FileCheck& check) {
  check.detail = fmt::format("{}{} {}{}", file.title.empty() ? "" : printable(file.title) + ", ", items, item, items == 1 ? "" : "s");
  for (const std::string& field : file.unknown_fields) check.warnings.push_back("unknown field " + printable(field) + " is kept");
}

void check_patch(const std::string& path, FileCheck& check) {
  check.kind = "patch";
  const auto patch = read_patch(path);
  if (note(check, patch)) describe(*patch, patch->edits.size(), "edit", check);
}

void check_rules(const std::string& path, FileCheck& check) {
  check.kind = "rules";
  const auto rules = read_rule_file(path);
  if (note(check, rules)) describe(*rules, rules->interventions.size(), "rule", check);
}

// Names of section L with a row for each token: every tensor of a trace, its ids first.
Status check_trace_tensor(const TensorView& tensor, std::int64_t tokens) {
  const auto problem = [&](Code code, std::string expected, std::string found, const char* message) {
    return Error{.code = code,
                 .field = tensor.name,
                 .expected = std::move(expected),
                 .found = std::move(found),
                 .message = message};
  };
  const bool is_start = tensor.name.ends_with(".mix.h0");
  const bool known = tensor.name == "tok.ids" || is_start || parse_point(tensor.name);
  const bool elsewhere =
      tensor.name.find(".attn.") != std::string::npos || tensor.name.find(".ffn") != std::string::npos ||
      tensor.name.find(".moe.") != std::string::npos || tensor.name.find(".att.") != std::string::npos ||
      tensor.name.ends_with(".resid_mid") || tensor.name.ends_with(".norm2");
  if (!known && !elsewhere)
    return problem(Code::mismatch, "the name of a trace point, as L0.mix.h", printable(tensor.name),
                   "no point has this name");
  if (is_start) return {};
  if (tensor.shape.empty() || tensor.shape[0] != tokens)
    return problem(Code::mismatch, fmt::format("{} rows, one a token", tokens), shape_text(tensor.shape),
                   "tensors disagree about the number of tokens");
  return {};
}

void check_trace(const TensorTable& table, FileCheck& check) {
  check.kind = "trace";
  const std::string& format = *table.metadata("format");
  if (format != "statelab-reference/1") {
    note(check, Error{.code = Code::unsupported,
                      .field = "__metadata__.format",
                      .expected = "statelab-reference/1",
                      .found = printable(format),
                      .message = "the trace was written by another version"});
    return;
  }
  const TensorView* ids = table.find("tok.ids");
  if (ids && (ids->dtype != DType::i64 || ids->shape.size() != 1)) {
    note(check, Error{.code = Code::mismatch,
                      .field = "tok.ids",
                      .expected = "I64 [T]",
                      .found = std::string(name_of(ids->dtype)) + " " + shape_text(ids->shape),
                      .message = "the token ids have another form"});
    return;
  }
  if (!ids) check.warnings.push_back("no tok.ids: the trace cannot be run again");
  const auto rows = std::find_if(table.all().begin(), table.all().end(),
                                 [](const TensorView& t) { return !t.name.ends_with(".h0"); });
  const std::int64_t tokens = rows == table.all().end() || rows->shape.empty() ? 0
                              : ids                                            ? ids->shape[0]
                                                                               : rows->shape[0];
  for (const TensorView& tensor : table.all()) note(check, check_trace_tensor(tensor, tokens));
  check.detail = fmt::format("{} tensors, {} tokens", table.all().size(), tokens);
}

// Named tensors in whatever container: a trace by its metadata, a state too (in safetensors only), or just tensors.
void check_container(const std::string& path, const char* kind, const Result<TensorTable>& table, FileCheck& check, Depth depth) {
  check.kind = kind;
  if (!note(check, table)) return;
  check.warnings = table->warnings();
  if (depth == Depth::weights) add_damage(*table, fs::path(path).parent_path(), check);
  const std::string* format = table->metadata("format");
  if (format && format->starts_with("statelab-state/") && check.kind == "safetensors") {
    check.kind = "state";
    const auto contents = read_state_file(path);
    if (note(check, contents)) check.warnings.insert(check.warnings.end(), contents->warnings.begin(), contents->warnings.end());
    const std::string* position = table->metadata("position");
    check.detail = "after " + printable(position ? *position : "an unknown number of") + " tokens";
  } else if (format && format->starts_with("statelab-reference/")) {
    check_trace(*table, check);
  } else {
    check.detail = fmt::format("{} tensors", table->all().size());
  }
}

struct Container {
  const char* kind;
  const char* description;
  const char* magic;   // at the start of the file, "" for none
  const char* ending;  // of its name, "" for none
  Result<TensorTable> (*open)(const std::string&);  // null for those that cannot be opened
};
// Formats other than safetensors, the most telling sign first.
constexpr std::array kContainers{Container{"npz", "a NumPy archive", "", ".npz", open_npz},
                                 Container{"npy", "a NumPy array", "\x93NUMPY", ".npy", open_npy},
                                 Container{"bin", "a PyTorch checkpoint", "PK\x03\x04", ".bin", open_torch},
                                 Container{"bin", "a PyTorch checkpoint", "\x80\x02", ".pt", open_torch},
                                 Container{"bin", "a PyTorch checkpoint", "", ".pth", open_torch},
                                 Container{"index", "an index of weights", "", ".index.json", open_weights},
                                 Container{"onnx", "an ONNX model", "", ".onnx", nullptr},
                                 Container{"h5", "an HDF5 file", "\x89HDF", ".h5", nullptr}};

const Container* find_container(const std::string& path, const std::string& magic) {
  for (const Container& container : kContainers)
    if (*container.ending && path.ends_with(container.ending)) return &container;
  if (path.ends_with(".safetensors")) return nullptr;  // its reader names what it finds instead
  for (const Container& container : kContainers)
    if (*container.magic && magic.starts_with(container.magic)) return &container;
  return nullptr;
}

// JSON by what it holds.
void check_json(const std::string& path, FileCheck& check) {
  const auto json = read_json(path, {.bytes = 64 << 20, .bare_non_finite = true});
  if (!note(check, json)) return;
  if (const Json* format = json->find("format"); format && format->text().starts_with("statelab-session/")) {
    check_session(path, check);
    return;
  }
  if (const Json* format = json->find("format"); format && format->text().starts_with("statelab-patch/")) return check_patch(path, check);
  if (const Json* format = json->find("format"); format && format->text().starts_with("statelab-rules/")) return check_rules(path, check);
  if (json->find("added_tokens") || (json->find("model") && json->find("pre_tokenizer")))
    return check_tokenizer(path, check);
  note(check, Error{.code = Code::wrong_kind,
                    .expected = "a session, a tokenizer.json or a model's config.json",
                    .found = "other JSON",
                    .message = "this kind of file is not known"});
}

void check_file(const fs::path& path, FileCheck& check, Depth depth) {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) {
    note(check, Error{.code = Code::not_readable,
                      .expected = "a file or a folder",
                      .found = "a device, pipe or socket",
                      .message = "this is not a file"});
    return;
  }
  std::string magic(kMagicBytes, '\0');
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    note(check,
         Error{.code = Code::environment, .found = "no permission to read", .message = "the file cannot be opened"});
    return;
  }
  file.read(magic.data(), static_cast<std::streamsize>(magic.size()));
  magic.resize(static_cast<std::size_t>(file.gcount()));
  const std::string name = path.filename().string();
  if (name == "config.json" || name == "params.json")
    return check_model(path.parent_path().empty() ? "." : path.parent_path(), check, depth);
  if (name == "tokenizer.json" || name == "vocabulary.json") return check_tokenizer(path, check);
  if (name.ends_with(".statelab.json")) {
    check_session(path.string(), check);
    return;
  }
  if (is_patch(name)) return check_patch(path.string(), check);
  if (is_rule_file(name)) return check_rules(path.string(), check);
  if (is_journal(name)) return check_journal(path.string(), check);
  if (is_gguf(path.string())) return check_model(path, check, depth, "gguf");
  if (const Container* container = find_container(name, magic)) {
    if (container->open) return check_container(path.string(), container->kind, container->open(path.string()), check, depth);
    check.kind = container->kind;
    note(check, Error{.code = Code::unsupported,
                      .expected = "a folder with config.json and model.safetensors",
                      .found = container->description,
                      .message = "files of this kind cannot be opened"});
    return;
  }
  if (name.ends_with(".safetensors"))
    return check_container(path.string(), "safetensors", open_safetensors(path.string()), check, depth);
  const std::size_t first = magic.find_first_not_of(" \t\r\n");
  if (name.ends_with(".json") || (first != std::string::npos && magic[first] == '{'))
    return check_json(path.string(), check);
  if (magic.size() > 8 && magic[8] == '{')
    return check_container(path.string(), "safetensors", open_safetensors(path.string()), check, depth);
  note(check, Error{.code = Code::wrong_kind,
                    .expected = "a model folder, .safetensors, .gguf, session or tokenizer file",
                    .found = "other bytes",
                    .message = "this kind of file is not known"});
}

void check_folder(const fs::path& folder, FileCheck& check, Depth depth) {
  if (is_model_folder(folder.string())) return check_model(folder, check, depth);
  for (const char* name : {"tokenizer.json", "vocabulary.json"})
    if (is_there(folder / name)) return check_tokenizer(folder / name, check);
  note(check, Error{.code = Code::missing,
                    .field = "config.json",
                    .expected = "a folder with config.json and model.safetensors",
                    .found = "none",
                    .message = "this is not a model folder"});
}

}  // namespace

bool is_model_folder(const std::string& folder) {
  return is_there(fs::path(folder) / "config.json") || is_there(fs::path(folder) / "params.json") || is_gguf(folder);
}

FileCheck check_path(const std::string& path, Depth depth) {
  FileCheck check{.path = path, .kind = "unknown"};
  std::string place = path;
  if (path.starts_with("builtin:")) {
    const auto folder = model_folder(path);
    if (!note(check, folder)) return check;
    place = *folder;
  }
  std::error_code problem;
  const fs::file_status status = fs::status(place, problem);
  if (!fs::exists(status)) {
    const bool hidden =
        problem && problem != std::errc::no_such_file_or_directory && problem != std::errc::not_a_directory;
    note(check, Error{.code = hidden ? Code::environment : Code::not_found,
                      .expected = "a file or a folder",
                      .found = hidden ? problem.message() : "nothing",
                      .message = hidden ? "the path cannot be followed" : "there is nothing at this path"});
  } else if (fs::is_directory(status)) {
    check_folder(place, check, depth);
  } else {
    check_file(place, check, depth);
  }
  return check;
}

FileCheck check_to_open(const std::string& path) {
  FileCheck check{.path = path, .kind = "model"};
  if (is_patch(path)) return check_patch(path, check), check;
  if (is_rule_file(path)) return check_rules(path, check), check;
  if (is_state_file(path)) return check_path(path);
  std::string model = path;
  if (is_session(path)) {
    const std::optional<Session> session = check_session(path, check);
    if (!session) return check;
    auto found = find_session_model(*session, path);
    if (!note(check, found)) return check;
    model = found.take();
  }
  const std::string kind = check.kind, detail = check.detail;
  const auto place = model_folder(model);
  if (!note(check, place)) return check;
  check_model(*place, check, Depth::headers);
  if (kind == "session") check.kind = kind, check.detail = detail;
  return check;
}

}  // namespace lab
