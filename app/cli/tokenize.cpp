// statelab tokenize: text to token ids and back, one text or a file of many.
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/options.h"
#include "app/cli/output.h"
#include "app/cli/subcommands.h"
#include "model/builtin.h"
#include "model/files/file.h"
#include "model/files/json.h"
#include "model/layouts/gguf.h"

namespace lab::cli {
namespace {

constexpr std::size_t kTextBytes = 256 << 20;
constexpr JsonLimits kLineLimits{.bytes = 64 << 20, .values = 16u << 20, .string_bytes = 64 << 20};

struct Arguments {
  std::string model;
  std::optional<std::string> text, file, decode, lines;
  bool add_special = true, parse_special = true;
  Reporting reporting;
};

// The GGUF file that a path means, or null where the folder has a tokenizer of its own. Of a file alone nothing but the
// container has to be right.
Result<std::shared_ptr<const Gguf>> gguf_of(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::exists(std::filesystem::path(path) / "tokenizer.json", ignored) || !is_gguf(path))
    return std::shared_ptr<const Gguf>();
  if (!std::filesystem::is_directory(path, ignored)) return open_gguf(path);
  LAB_ASSIGN(const Checkpoint checkpoint, open_checkpoint(path));
  return checkpoint.gguf;
}

// A folder without config.json may still hold a tokenizer: no model is needed for it.
Result<std::unique_ptr<Tokenizer>> tokenizer_of(const std::string& model) {
  LAB_ASSIGN(const std::string folder, model_folder(model));
  std::error_code ignored;
  std::int64_t vocabulary = 0;
  if (std::filesystem::exists(std::filesystem::path(folder) / "config.json", ignored)) {
    LAB_ASSIGN(const Json config, read_json(folder + "/config.json", {.bare_non_finite = true}));
    if (const Json* size = config.find("vocab_size")) vocabulary = size->integer().value_or(0);
  }
  LAB_ASSIGN(const std::shared_ptr<const Gguf> gguf, gguf_of(folder));
  LAB_ASSIGN(auto tokenizer, folder_tokenizer(folder, vocabulary, gguf.get()));
  if (tokenizer) return tokenizer;
  return Error{.code = std::filesystem::exists(folder, ignored) ? Code::missing : Code::not_found,
               .file = model,
               .field = "tokenizer.json",
               .expected = "a folder or GGUF file with a tokenizer",
               .found = "none",
               .message = "there is no tokenizer here"};
}

Status check_known(const Tokenizer& tokenizer, std::span<const std::int32_t> ids) {
  for (const std::int32_t id : ids)
    if (id < 0 || id >= tokenizer.vocabulary_size())
      return Error{.code = Code::out_of_range,
                   .field = "ids",
                   .expected = fmt::format("0 to {}", tokenizer.vocabulary_size() - 1),
                   .found = std::to_string(id),
                   .message = "the tokenizer has no such token"};
  return {};
}

Status encode_one(const Tokenizer& tokenizer, const std::string& text, const Arguments& given) {
  LAB_ASSIGN(const std::vector<Piece> pieces, tokenizer.encode_pieces(text, given.add_special, given.parse_special));
  std::vector<std::int32_t> ids;
  JsonValue texts = JsonValue::array(), offsets = JsonValue::array();
  for (const Piece& piece : pieces) {
    ids.push_back(piece.id);
    texts.push_back(tokenizer.bytes_of(piece.id));
    offsets.push_back({piece.begin, piece.end});
  }
  if (given.reporting.json)
    print_json_line({{"ids", ids}, {"pieces", texts}, {"offsets", offsets}});
  else
    fmt::print("{}\n", fmt::join(ids, ","));
  return {};
}

Status decode_one(const Tokenizer& tokenizer, const std::string& list, const Arguments& given) {
  LAB_ASSIGN(const std::vector<std::int32_t> ids, parse_ids(list, "--decode"));
  LAB_TRY(check_known(tokenizer, ids));
  const std::string text = tokenizer.decode(ids);
  JsonValue pieces = JsonValue::array();
  for (const std::int32_t id : ids) pieces.push_back(tokenizer.bytes_of(id));
  if (given.reporting.json)
    print_json_line({{"ids", ids}, {"pieces", pieces}, {"text", text}});
  else
    fmt::print("{}\n", text);
  return {};
}

Result<std::vector<std::int32_t>> ids_of(const Json& list) {
  std::vector<std::int32_t> ids;
  for (const Json& item : list.items()) {
    const std::optional<std::int64_t> id = item.integer();
    if (!id || *id < 0 || *id > INT32_MAX)
      return Error{.code = Code::malformed,
                   .field = "ids",
                   .expected = "whole numbers",
                   .found = item.brief(),
                   .message = "this is no token id"};
    ids.push_back(static_cast<std::int32_t>(*id));
  }
  return ids;
}

// One line {"text": ...} or {"ids": ...} to a line with both. A text counts before ids.
Status convert_line(const Tokenizer& tokenizer, const std::string& line, const Arguments& given) {
  LAB_ASSIGN(const Json json, parse_json(line, kLineLimits, ""));
  const Json *text = json.find("text"), *list = json.find("ids");
  if (text && text->is_string()) {
    LAB_ASSIGN(const std::vector<std::int32_t> ids, tokenizer.encode(text->text(), given.add_special, given.parse_special));
    print_json_line({{"text", text->text()}, {"ids", ids}});
  } else if (!text && list && list->is_array()) {
    LAB_ASSIGN(const std::vector<std::int32_t> ids, ids_of(*list));
    LAB_TRY(check_known(tokenizer, ids));
    print_json_line({{"text", tokenizer.decode(ids)}, {"ids", ids}});
  } else {
    const Json* wrong = text ? text : list;
    return Error{.code = wrong ? Code::malformed : Code::missing,
                 .field = text ? "text" : "ids",
                 .expected = R"({"text": "..."} or {"ids": [...]})",
                 .found = wrong ? wrong->kind_name() : json.brief(),
                 .message = "the line holds neither a text nor ids"};
  }
  return {};
}

Result<int> convert_lines(const Tokenizer& tokenizer, const std::string& path, const Arguments& given) {
  std::ifstream file(path);
  if (!file || std::filesystem::is_directory(path))
    return Error{.code = Code::not_readable,
                 .file = path,
                 .expected = "a file of JSON lines",
                 .message = "the file cannot be opened"};
  std::string line;
  for (std::int64_t number = 1; std::getline(file, line); ++number) {
    if (interrupted()) return kInterrupted;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    Status status = convert_line(tokenizer, line, given);
    if (status) continue;
    status.error().file = path;
    status.error().field =
        fmt::format("line {}{}{}", number, status.error().field.empty() ? "" : ": ", status.error().field);
    return status.error();
  }
  return kDone;
}

Result<int> run(const Arguments& given) {
  LAB_ASSIGN(const auto tokenizer, tokenizer_of(given.model));
  if (given.lines) return convert_lines(*tokenizer, *given.lines, given);
  if (given.decode) {
    LAB_TRY(decode_one(*tokenizer, *given.decode, given));
    return kDone;
  }
  LAB_ASSIGN(const std::string text,
             given.text ? Result<std::string>(*given.text) : read_file(*given.file, kTextBytes));
  LAB_TRY(encode_one(*tokenizer, text, given));
  return kDone;
}

}  // namespace

void add_tokenize(CLI::App& app, Action& action) {
  auto given = std::make_shared<Arguments>();
  CLI::App* sub = app.add_subcommand("tokenize", "Token ids of a text, and back");
  sub->add_option("MODEL", given->model, "A model, a GGUF file, or a folder with a tokenizer.json")->required();
  CLI::Option_group* source = sub->add_option_group("Source (one of)");
  source->add_option("--text", given->text, "A text");
  source->add_option("--file", given->file, "A text file");
  source->add_option("--decode", given->decode, "Ids to turn into text, as 1,2,3");
  source->add_option("--jsonl", given->lines,
                     R"(A file of {"text": ...} or {"ids": ...} lines; prints the lines with both)");
  source->require_option(1);
  sub->add_flag("!--no-special", given->add_special, "Leaves out what the tokenizer's template adds");
  sub->add_flag("!--special-as-text", given->parse_special, "Reads special tokens spelt out in the text as ordinary text");
  add_reporting(*sub, given->reporting);
  sub->footer("Example:\n  statelab tokenize builtin:prose --text 'The state of a' --json");
  sub->callback([given, &action] { action = [given] { return run(*given); }; });
}

}  // namespace lab::cli
