#include "model/files/npz.h"

#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "model/files/json.h"
#include "model/files/looks_like.h"
#include "model/files/mapped_table.h"
#include "model/files/npy.h"
#include "model/files/zip.h"
#include "model/files/zip_writer.h"

namespace lab {
namespace {

constexpr std::uint64_t kMostInflated = 128u << 20;
constexpr std::string_view kEnding = ".npy", kMetadata = "metadata.json";

Status add_metadata(TensorTable& table, std::span<const std::byte> content, const std::string& file) {
  const std::string_view text(reinterpret_cast<const char*>(content.data()), content.size());
  LAB_ASSIGN(const Json json, parse_json(text, {.depth = 2}, file));
  for (const auto& [key, value] : json.members())
    if (value.is_string()) table.add_metadata(key, value.text());
  return {};
}

Status add_array(TensorTable& table, const std::string& member, std::span<const std::byte> content, const std::string& file) {
  std::shared_ptr<const void> owner;
  LAB_ASSIGN(TensorView tensor, parse_npy(content, member.substr(0, member.size() - kEnding.size()), file, owner));
  table.add(std::move(tensor));  // members have different names
  table.keep_alive(owner);
  return {};
}

}  // namespace

Result<TensorTable> parse_npz(std::span<const std::byte> image, const std::string& file) {
  if (image.size() < 2 || image[0] != std::byte{'P'} || image[1] != std::byte{'K'}) {
    const char* other = looks_like(image);
    return Error{.code = Code::wrong_kind,
                 .file = file,
                 .expected = "a NumPy archive (zip)",
                 .found = other ? other : "other bytes",
                 .message = "this is another kind of file"};
  }
  LAB_ASSIGN(const auto members, read_zip(image, file));
  TensorTable table;
  std::uint64_t budget = kMostInflated;
  for (const ZipMember& member : members) {
    if (!member.name.ends_with(kEnding) && member.name != kMetadata) {
      table.add_warning(printable(member.name) + ": no array, ignored");
      continue;
    }
    std::shared_ptr<const void> inflated;
    LAB_ASSIGN(const auto content, content_of(member, file, budget, inflated));
    table.keep_alive(inflated);
    LAB_TRY(member.name == kMetadata ? add_metadata(table, content, file) : add_array(table, member.name, content, file));
  }
  return table;
}

Result<TensorTable> open_npz(const std::string& path) { return open_mapped(path, parse_npz); }

Status write_npz(const std::string& path, const TensorTable& table) {
  LAB_ASSIGN(OutputFile file, OutputFile::create(path));
  ZipWriter zip(std::move(file));
  for (const TensorView& tensor : table.all()) {
    const std::string head = npy_head(tensor);
    if (head.empty() || tensor.name.size() + kEnding.size() > std::numeric_limits<std::uint16_t>::max())
      return Error{.code = Code::unsupported,
                   .file = path,
                   .field = printable(tensor.name),
                   .expected = "a number type that NumPy knows",
                   .found = name_of(tensor.dtype),
                   .message = "the tensor cannot be written to an .npz file"};
    LAB_TRY(zip.add(tensor.name + std::string(kEnding), head, {tensor.data, tensor.bytes}));
  }
  nlohmann::ordered_json metadata = nlohmann::ordered_json::object();
  for (const auto& [key, value] : table.metadata()) metadata[key] = value;
  LAB_TRY(zip.add(std::string(kMetadata), metadata.dump(2, ' ', false, nlohmann::json::error_handler_t::replace), {}));
  return zip.finish();
}

}  // namespace lab
