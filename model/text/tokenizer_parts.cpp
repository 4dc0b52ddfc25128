#include "model/text/tokenizer_parts.h"

#include <algorithm>
#include <array>

#include "model/text/byte_level.h"
#include "model/text/utf8.h"

namespace lab {
namespace {

constexpr std::size_t kLongestTemplate = 64;
constexpr std::size_t kLongestPrefix = 256;
constexpr int kMostStripped = 1 << 20;
constexpr std::size_t kMostGrowth = 4;  // a space that becomes U+2581 grows three times

std::string found_in(const Json* value) { return value ? value->brief() : "nothing"; }

}  // namespace

Error ComponentReader::refuse(Code code, const std::string& field, const std::string& expected,
                              const std::string& found) const {
  return {.code = code,
          .file = file_,
          .field = field,
          .expected = expected,
          .found = found,
          .message = "the tokenizer cannot be used"};
}

Result<bool> ComponentReader::flag(const Json& from, const char* name, bool fallback, const std::string& field) const {
  const Json* value = from.find(name);
  if (!value || value->is_null()) return fallback;
  if (const auto boolean = value->boolean()) return *boolean;
  return refuse(Code::malformed, field + "." + name, "true or false", value->brief());
}

Result<std::string> ComponentReader::text(const Json& from, const char* name, const std::string& field) const {
  const Json* value = from.find(name);
  if (value && value->is_string()) return value->text();
  return refuse(Code::malformed, field + "." + name, "a string", found_in(value));
}

// Applies `read` to a component, or to each part of a Sequence.
Status ComponentReader::each(const Json* component, const std::string& field, const char* parts, Reader read) {
  if (!component || component->is_null()) return {};
  LAB_ASSIGN(const std::string type, text(*component, "type", field));
  if (type != "Sequence") return (this->*read)(*component, type, field);
  const Json* list = component->find(parts);
  if (!list || !list->is_array()) return refuse(Code::malformed, field + "." + parts, "an array", found_in(list));
  for (const Json& part : list->items()) LAB_TRY(each(&part, field + "." + parts, parts, read));
  return {};
}

Result<std::pair<std::string, std::string>> ComponentReader::replacement(const Json& part, const std::string& field,
                                                                         std::size_t& growth) const {
  const Json* pattern = part.find("pattern");
  const Json* string = pattern ? pattern->find("String") : nullptr;
  if (!string || !string->is_string() || string->text().empty()) {
    const Json* regex = pattern ? pattern->find("Regex") : nullptr;
    return refuse(regex ? Code::unsupported : Code::malformed, field + ".pattern", "a String that is not empty",
                  regex ? regex->brief() : found_in(pattern));
  }
  LAB_ASSIGN(std::string content, text(part, "content", field));
  growth *= std::max<std::size_t>(1, (content.size() + string->text().size() - 1) / string->text().size());
  if (growth > kMostGrowth)
    return refuse(Code::too_large, field + ".content",
                  "texts " + std::to_string(kMostGrowth) + " times as long at most", std::to_string(growth) + " times");
  return std::pair(string->text(), std::move(content));
}

Status ComponentReader::read_normalizer(const Json* component) {
  return each(component, "normalizer", "normalizers", &ComponentReader::normalizer_part);
}

Status ComponentReader::normalizer_part(const Json& part, const std::string& type, const std::string& field) {
  if (type == "NFC") {
    parts_.normalizer.push_back({NormalizerStep::Kind::nfc, {}, {}});
  } else if (type == "Prepend") {
    LAB_ASSIGN(std::string prefix, text(part, "prepend", field));
    if (prefix.size() > kLongestPrefix)
      return refuse(Code::too_large, field + ".prepend", std::to_string(kLongestPrefix) + " bytes at most",
                    std::to_string(prefix.size()) + " bytes");
    parts_.normalizer.push_back({NormalizerStep::Kind::prepend, {}, std::move(prefix)});
  } else if (type == "Replace") {
    LAB_ASSIGN(auto change, replacement(part, field, normalizer_growth_));
    parts_.normalizer.push_back({NormalizerStep::Kind::replace, std::move(change.first), std::move(change.second)});
  } else {
    return refuse(Code::unsupported, field + ".type", "NFC, Prepend or Replace", type);
  }
  return {};
}

Status ComponentReader::read_pre_tokenizer(const Json* component) {
  LAB_TRY(each(component, "pre_tokenizer", "pretokenizers", &ComponentReader::pre_tokenizer_part));
  if (!byte_level_ && !parts_.splits.empty())
    return refuse(Code::unsupported, "pre_tokenizer", "ByteLevel after Split", "Split alone");
  return {};
}

Status ComponentReader::pre_tokenizer_part(const Json& part, const std::string& type, const std::string& field) {
  const bool alone = type == "Metaspace" ? parts_.splits.empty() && !byte_level_ && !parts_.metaspace
                                         : !parts_.metaspace && !byte_level_;
  if (type == "Split")
    LAB_TRY(read_split(part, field));
  else if (type == "Metaspace")
    LAB_TRY(read_metaspace(part, field));
  else if (type != "ByteLevel")
    return refuse(Code::unsupported, field + ".type", "ByteLevel, Split or Metaspace", type);
  if (!alone)
    return refuse(Code::unsupported, field + ".type", "ByteLevel at the end, or Metaspace alone",
                  type + " after another");
  if (type != "ByteLevel") return {};
  LAB_ASSIGN(const bool prefix, flag(part, "add_prefix_space", true, field));
  if (prefix) return refuse(Code::unsupported, field + ".add_prefix_space", "false", "true");
  LAB_ASSIGN(const bool regex, flag(part, "use_regex", true, field));
  if (regex) parts_.splits.push_back(split_gpt2);
  byte_level_ = true;
  return {};
}

Status ComponentReader::read_split(const Json& part, const std::string& field) {
  const Json* pattern = part.find("pattern");
  const Json* regex = pattern ? pattern->find("Regex") : nullptr;
  if (!regex || !regex->is_string()) return refuse(Code::unsupported, field + ".pattern", "a Regex", found_in(pattern));
  const Split split = split_of_pattern(regex->text());
  if (!split)
    return refuse(Code::unsupported, field + ".pattern.Regex", "the pattern of GPT-2, Llama 3, Granite 4 or Qwen 2",
                  printable(regex->text()));
  LAB_ASSIGN(const std::string behavior, text(part, "behavior", field));
  if (behavior != "Isolated") return refuse(Code::unsupported, field + ".behavior", "Isolated", behavior);
  LAB_ASSIGN(const bool invert, flag(part, "invert", false, field));
  if (invert) return refuse(Code::unsupported, field + ".invert", "false", "true");
  parts_.splits.push_back(split);
  return {};
}

Status ComponentReader::read_metaspace(const Json& part, const std::string& field) {
  Metaspace space;
  LAB_ASSIGN(space.mark, text(part, "replacement", field));
  if (space.mark.empty() || decode_utf8(space.mark, 0).length != space.mark.size())
    return refuse(Code::malformed, field + ".replacement", "a character", printable(space.mark));
  LAB_ASSIGN(space.split, flag(part, "split", true, field));
  LAB_ASSIGN(const bool prefix, flag(part, "add_prefix_space", true, field));  // how older files say it
  std::string scheme = prefix ? "always" : "never";
  if (const Json* given = part.find("prepend_scheme"); given && !given->is_null()) {
    LAB_ASSIGN(scheme, text(part, "prepend_scheme", field));
  }
  if (scheme == "first")
    space.prepend = Metaspace::Prepend::first;
  else if (scheme == "never")
    space.prepend = Metaspace::Prepend::never;
  else if (scheme != "always")
    return refuse(Code::unsupported, field + ".prepend_scheme", "always, first or never", scheme);
  parts_.metaspace = std::move(space);
  return {};
}

Status ComponentReader::read_decoder(const Json* component) {
  LAB_TRY(each(component, "decoder", "decoders", &ComponentReader::decoder_part));
  const bool absent = !component || component->is_null();
  if (byte_level_ && !absent && !byte_level_decoder_)
    return refuse(Code::unsupported, "decoder", "ByteLevel, as the pre-tokenizer", "none");
  if (!byte_level_ && byte_level_decoder_)
    return refuse(Code::unsupported, "pre_tokenizer", "ByteLevel, as the decoder", "none");
  if (!byte_level_ && absent) return refuse(Code::missing, "decoder", "how tokens join to a text", "nothing");
  return {};
}

// Replace changes single tokens, ByteFallback joins byte tokens, Fuse joins all, Strip takes from the whole.
Status ComponentReader::decoder_part(const Json& part, const std::string& type, const std::string& field) {
  constexpr std::array order{"ByteLevel", "Replace", "ByteFallback", "Fuse", "Strip"};
  const auto stage = static_cast<int>(std::find(order.begin(), order.end(), type) - order.begin());
  if (stage == std::ssize(order))
    return refuse(Code::unsupported, field + ".type", "ByteLevel, Replace, ByteFallback, Fuse or Strip", type);
  const bool in_order = !byte_level_decoder_ && stage >= decoder_stage_;
  if (!in_order || (type == "Strip" && decoder_stage_ < stage - 1))
    return refuse(Code::unsupported, field + ".type",
                  "ByteLevel alone, or Replace, ByteFallback, Fuse, Strip in this order", type);
  decoder_stage_ = stage;
  if (type == "ByteLevel") byte_level_decoder_ = true;
  if (type == "ByteFallback") parts_.joining.byte_runs = true;
  if (type == "Strip") return read_strip(part, field);
  if (type == "Replace") {
    LAB_ASSIGN(auto change, replacement(part, field, decoder_growth_));
    replacements_.push_back(std::move(change));
  }
  return {};
}

Status ComponentReader::read_strip(const Json& part, const std::string& field) {
  LAB_ASSIGN(const std::string content, text(part, "content", field));
  if (content != " ") return refuse(Code::unsupported, field + ".content", "a space", printable(content));
  const Json *start = part.find("start"), *stop = part.find("stop");
  const auto from = start ? start->integer() : std::nullopt, to = stop ? stop->integer() : std::nullopt;
  if (!from || *from < 0 || *from > kMostStripped - parts_.joining.leading_spaces)
    return refuse(Code::out_of_range, field + ".start", "a small number", found_in(start));
  if (!to || *to != 0) return refuse(Code::unsupported, field + ".stop", "0", found_in(stop));
  parts_.joining.leading_spaces += static_cast<int>(*from);
  return {};
}

BpeToken ComponentReader::decoded(const std::string& token) const {
  BpeToken made{.bytes = token, .present = true};
  if (byte_level_) {
    if (auto bytes = bytes_from_alphabet(token)) made.bytes = std::move(*bytes);
    return made;
  }
  for (const auto& [from, to] : replacements_) made.bytes = replaced(mapped(made.bytes), from, to).text;
  if (const int byte = byte_of_token(made.bytes); byte >= 0 && parts_.joining.byte_runs) {
    made.bytes = std::string(1, static_cast<char>(byte));
    made.byte = true;
  }
  return made;
}

Status ComponentReader::read_template(const Json* component) {
  return each(component, "post_processor", "processors", &ComponentReader::template_part);
}

Status ComponentReader::template_part(const Json& part, const std::string& type, const std::string& field) {
  if (type == "ByteLevel") return {};  // changes offsets only
  if (type != "TemplateProcessing")
    return refuse(Code::unsupported, field + ".type", "ByteLevel or TemplateProcessing", type);
  const Json* single = part.find("single");
  if (!single || !single->is_array()) return refuse(Code::malformed, field + ".single", "an array", found_in(single));
  if (single->items().size() > kLongestTemplate)
    return refuse(Code::too_large, field + ".single", std::to_string(kLongestTemplate) + " parts", single->brief());
  std::vector<std::int32_t> before, after;
  int texts = 0;
  for (const Json& item : single->items()) {
    if (item.find("Sequence"))
      ++texts;
    else
      LAB_TRY(template_tokens(item, part.find("special_tokens"), field, texts ? after : before));
  }
  if (texts != 1)
    return refuse(Code::unsupported, field + ".single", "the text once", std::to_string(texts) + " times");
  if (parts_.before.size() + before.size() > kLongestTemplate || parts_.after.size() + after.size() > kLongestTemplate)
    return refuse(Code::too_large, field + ".single", std::to_string(kLongestTemplate) + " ids in all", "more");
  // A template behind another one surrounds what that one added.
  parts_.before.insert(parts_.before.begin(), before.begin(), before.end());
  parts_.after.insert(parts_.after.end(), after.begin(), after.end());
  return {};
}

Status ComponentReader::template_tokens(const Json& item, const Json* tokens, const std::string& field,
                                        std::vector<std::int32_t>& ids) {
  const Json* special = item.find("SpecialToken");
  const Json* name = special ? special->find("id") : nullptr;
  const Json* entry = name && tokens ? tokens->find(name->text()) : nullptr;
  const Json* list = entry ? entry->find("ids") : nullptr;
  if (!list || !list->is_array())
    return refuse(Code::malformed, field + ".single", "known special tokens", item.brief());
  for (const Json& id : list->items()) {
    const auto value = id.integer();
    if (!value || !parts_.has(*value))
      return refuse(Code::out_of_range, field + ".special_tokens", "an id of the vocabulary", id.brief());
    if (ids.size() == kLongestTemplate)
      return refuse(Code::too_large, field + ".special_tokens", std::to_string(kLongestTemplate) + " ids", "more");
    ids.push_back(static_cast<std::int32_t>(*value));
  }
  return {};
}

}  // namespace lab
