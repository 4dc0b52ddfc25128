#pragma once
// The components around the model of a tokenizer.json: normalizer, pre-tokenizer, decoder, post-processor. What is not
// known is refused by name.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/files/json.h"
#include "model/text/bpe_tokenizer.h"

namespace lab {

class ComponentReader {
 public:
  /// `file` only names the source in errors. What is read goes into `parts`.
  ComponentReader(std::string file, BpeParts& parts) : file_(std::move(file)), parts_(parts) {}

  /// Each takes the member of the file, which may be absent. The decoder comes after the pre-tokenizer, with which it
  /// has to agree, and the template after the tokens, which it names.
  Status read_normalizer(const Json* component);
  Status read_pre_tokenizer(const Json* component);
  Status read_decoder(const Json* component);
  Status read_template(const Json* component);

  /// Whether texts are written in the alphabet of bytes.
  bool is_byte_level() const { return byte_level_; }
  /// A token as the decoder gives it back.
  BpeToken decoded(const std::string& token) const;

  Error refuse(Code code, const std::string& field, const std::string& expected, const std::string& found) const;
  /// A member that is true, false, or absent or null for the fallback.
  Result<bool> flag(const Json& from, const char* name, bool fallback, const std::string& field) const;

 private:
  using Reader = Status (ComponentReader::*)(const Json& part, const std::string& type, const std::string& field);
  Status each(const Json* component, const std::string& field, const char* parts, Reader read);
  Result<std::string> text(const Json& from, const char* name, const std::string& field) const;
  Status normalizer_part(const Json& part, const std::string& type, const std::string& field);
  Status pre_tokenizer_part(const Json& part, const std::string& type, const std::string& field);
  Status read_split(const Json& part, const std::string& field);
  Status read_metaspace(const Json& part, const std::string& field);
  Status decoder_part(const Json& part, const std::string& type, const std::string& field);
  Status read_strip(const Json& part, const std::string& field);
  Status template_part(const Json& part, const std::string& type, const std::string& field);
  Status template_tokens(const Json& item, const Json* tokens, const std::string& field,
                         std::vector<std::int32_t>& ids);
  Result<std::pair<std::string, std::string>> replacement(const Json& part, const std::string& field,
                                                          std::size_t& growth) const;

  std::string file_;
  BpeParts& parts_;
  bool byte_level_ = false, byte_level_decoder_ = false;
  int decoder_stage_ = 0;
  std::size_t normalizer_growth_ = 1, decoder_growth_ = 1;  // how much longer all replacements make a text at most
  std::vector<std::pair<std::string, std::string>> replacements_;  // of the decoder
};

}  // namespace lab
