#include "model/files/torch_file.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/files/looks_like.h"
#include "model/files/mapped_table.h"
#include "model/files/pickle.h"
#include "model/files/zip.h"

namespace lab {
namespace {

using Kind = PickleValue::Kind;

constexpr std::size_t kMostTensors = 100'000, kMostExtents = 32, kMostWarnings = 10;
constexpr std::size_t kLongestName = 1 << 16, kLongestKey = 255;
constexpr std::string_view kPickle = "data.pkl", kStorages = "data/";
constexpr std::string_view kOtherMembers[] = {"version", "byteorder", ".format_version", ".storage_alignment",
                                              ".data/serialization_id"};
constexpr std::string_view kLegacy("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19",
                                   14);  // 0x1950a86a20f9469cfc6c, pickled
constexpr const char* kSaveAgain = "Save it again with a current PyTorch, or convert it to safetensors";

// What a view needs: its type, extents and strides in elements, and where it begins in its storage.
struct View {
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape, strides;
  std::int64_t offset = 0, elements = 0;

  std::size_t bytes() const { return static_cast<std::size_t>(elements) * size_of(dtype); }
  // Of a view that holds something: every extent is one or more.
  bool is_contiguous() const {
    std::int64_t step = 1;
    for (std::size_t i = shape.size(); i-- > 0; step *= shape[i])
      if (shape[i] != 1 && strides[i] != step) return false;
    return true;
  }
};

// Copies a view's elements in row-major order.
void gather(const View& view, const std::byte* storage, std::byte* to) {
  const std::size_t width = size_of(view.dtype), rank = view.shape.size();
  std::vector<std::int64_t> index(rank, 0);
  std::int64_t place = view.offset;
  for (std::int64_t i = 0; i < view.elements; ++i, to += width) {
    std::memcpy(to, storage + static_cast<std::size_t>(place) * width, width);
    for (std::size_t d = rank; d-- > 0;) {
      place += view.strides[d];
      if (++index[d] < view.shape[d]) break;
      place -= view.strides[d] * view.shape[d];
      index[d] = 0;
    }
  }
}

// The content of a stored member, compared with its checksum.
Result<std::span<const std::byte>> verified_content(const ZipMember& member, const std::string& file) {
  std::uint64_t nothing_to_inflate = 0;
  std::shared_ptr<const void> no_owner;
  return content_of(member, file, nothing_to_inflate, no_owner);
}

class TorchReader {
 public:
  TorchReader(std::span<const std::byte> image, const std::string& file)
      : image_(image), file_(file), copies_left_(image.size()) {}

  Result<TensorTable> read() {
    LAB_TRY(check_kind());
    LAB_ASSIGN(members_, read_zip(image_, file_));
    LAB_TRY(sort_members());
    LAB_TRY(check_byte_order());
    LAB_ASSIGN(const auto text, verified_content(*pickle_member_, file_));
    LAB_ASSIGN(pickle_, read_pickle(text, file_, pickle_member_->name));
    LAB_ASSIGN(const PickleValue* dict, find_tensors());
    for (std::size_t i = 0; i + 1 < dict->items.size(); i += 2)
      LAB_TRY(add(pickle_.at(dict->items[i]), pickle_.at(dict->items[i + 1])));
    for (const auto& [key, member] : storages_)
      table_.add_check([storage = *member, file = file_]() -> Status {
        LAB_TRY(verified_content(storage, file));
        return {};
      });
    if (ignored_ > kMostWarnings)
      table_.add_warning(std::to_string(ignored_ - kMostWarnings) + " more values are no tensors, ignored");
    return std::move(table_);
  }

 private:
  Error refuse(Code code, const std::string& field, std::string message, std::string expected = "", std::string found = "",
               std::string next = "") const {
    return {.code = code,
            .file = file_,
            .field = field,
            .expected = std::move(expected),
            .found = std::move(found),
            .message = std::move(message),
            .next = std::move(next)};
  }

  Status check_kind() const {
    const std::string_view start(reinterpret_cast<const char*>(image_.data()), std::min<std::size_t>(image_.size(), 16));
    if (start.starts_with("PK\x03\x04")) return {};
    if (start.starts_with(kLegacy))
      return refuse(Code::unsupported, "", "the file is in PyTorch's format from before 2020", "a zip archive",
                    "a series of pickles", kSaveAgain);
    const bool other_weights = start.size() > 8 && start[8] == '{';
    const char* other = other_weights ? "a safetensors file" : looks_like(image_);
    return refuse(Code::wrong_kind, "", "this is another kind of file", "a PyTorch checkpoint (a zip archive)",
                  other ? other : "other bytes");
  }

  // All members share a folder, the archive's name; those beside data.pkl, the storages and a few notes are not known.
  Status sort_members() {
    for (const ZipMember& member : members_)
      if (member.name.ends_with("/" + std::string(kPickle)) &&
          (!pickle_member_ || member.name.size() < pickle_member_->name.size()))
        pickle_member_ = &member;
    if (!pickle_member_)
      return refuse(Code::wrong_kind, "", "the archive is no PyTorch checkpoint", "a member NAME/data.pkl",
                    std::to_string(members_.size()) + " others");
    const std::string prefix = pickle_member_->name.substr(0, pickle_member_->name.size() - kPickle.size());
    for (const ZipMember& member : members_) {
      const std::string_view name = member.name.starts_with(prefix) ? std::string_view(member.name).substr(prefix.size()) : "";
      const bool note = std::find(std::begin(kOtherMembers), std::end(kOtherMembers), name) != std::end(kOtherMembers);
      if (name != kPickle && !note && !(name.starts_with(kStorages) && name.size() > kStorages.size()))
        return refuse(Code::unsupported, member.name, "the archive holds more than tensors", "data.pkl and data/", "",
                      kSaveAgain);
      if (!member.is_stored())
        return refuse(Code::unsupported, member.name, "the member is compressed", "stored members, as PyTorch writes them",
                      "method " + std::to_string(member.method), kSaveAgain);
      if (name.starts_with(kStorages)) storages_.emplace(std::string(name.substr(kStorages.size())), &member);
      if (name == "byteorder") byte_order_ = &member;
    }
    return {};
  }

  Status check_byte_order() const {
    if (!byte_order_) return {};
    const std::string_view order(reinterpret_cast<const char*>(byte_order_->bytes.data()), byte_order_->bytes.size());
    if (order == "little") return {};
    return refuse(Code::unsupported, byte_order_->name, "the numbers are stored in another byte order", "little",
                  std::string(order.substr(0, 40)), kSaveAgain);
  }

  const PickleValue* member_of(const PickleValue& dict, std::string_view key) const {
    for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2)
      if (pickle_.at(dict.items[i]).kind == Kind::text && pickle_.at(dict.items[i]).text == key)
        return &pickle_.at(dict.items[i + 1]);
    return nullptr;
  }
  bool holds_tensor(const PickleValue& dict) const {
    for (std::size_t i = 1; i < dict.items.size(); i += 2)
      if (pickle_.at(dict.items[i]).kind == Kind::tensor) return true;
    return false;
  }

  // The dict of tensors: the whole, or what training scripts put beside it one level down.
  Result<const PickleValue*> find_tensors() const {
    const PickleValue& root = pickle_.at(pickle_.root);
    if (root.kind != Kind::dict)
      return refuse(Code::unsupported, pickle_member_->name, "the checkpoint is not a dict of tensors", "a dict",
                    name_of(root.kind));
    if (holds_tensor(root)) return &root;
    for (const char* key : {"state_dict", "model"})
      if (const PickleValue* inner = member_of(root, key); inner && inner->kind == Kind::dict && holds_tensor(*inner))
        return inner;
    return refuse(Code::missing, pickle_member_->name, "the checkpoint holds no tensors",
                  "tensors by name, or in state_dict or model", std::to_string(root.items.size() / 2) + " other values");
  }

  Status add(const PickleValue& key, const PickleValue& value) {
    if (key.kind != Kind::text)
      return refuse(Code::malformed, pickle_member_->name, "a tensor's name is not a string", "a string", name_of(key.kind));
    if (value.kind != Kind::tensor) {
      if (++ignored_ <= kMostWarnings)
        table_.add_warning(printable(std::string(key.text)) + ": " + name_of(value.kind) + " and no tensor, ignored");
      return {};
    }
    if (key.text.size() > kLongestName || table_.all().size() == kMostTensors)
      return refuse(Code::too_large, pickle_member_->name, "there are too many tensors, or a name is too long",
                    std::to_string(kMostTensors) + " names of " + std::to_string(kLongestName) + " bytes", "more");
    return add_tensor(std::string(key.text), value);
  }

  Status add_tensor(const std::string& name, const PickleValue& value) {
    LAB_ASSIGN(View view, view_of(name, value));
    LAB_ASSIGN(const ZipMember* member, storage_of(name, pickle_.at(value.items[0])));
    const std::span<const std::byte> storage = member->bytes;
    LAB_TRY(check_view(name, storage.size() / size_of(view.dtype), view));
    TensorView tensor{
        .name = name, .dtype = view.dtype, .shape = view.shape, .data = storage.data(), .bytes = view.bytes(), .file = file_};
    if (view.elements > 0 && view.is_contiguous()) tensor.data += static_cast<std::size_t>(view.offset) * size_of(view.dtype);
    if (view.elements > 0 && !view.is_contiguous()) {
      LAB_ASSIGN(tensor.data, copy_of(name, view, *member));
    }
    if (table_.add(std::move(tensor))) return {};
    return refuse(Code::duplicate, name, "the same name appears twice", "each name once", name);
  }

  Result<View> view_of(const std::string& name, const PickleValue& tensor) const {
    const PickleValue &extents = pickle_.at(tensor.items[2]), &strides = pickle_.at(tensor.items[3]);
    if (extents.items.size() != strides.items.size())
      return refuse(Code::mismatch, name, "extents and strides disagree", std::to_string(extents.items.size()) + " strides",
                    std::to_string(strides.items.size()));
    if (extents.items.size() > kMostExtents)
      return refuse(Code::too_large, name, "the shape is too long", std::to_string(kMostExtents) + " extents",
                    std::to_string(extents.items.size()));
    View view{.dtype = pickle_.at(pickle_.at(tensor.items[0]).items[0]).dtype, .offset = pickle_.at(tensor.items[1]).integer};
    for (std::size_t i = 0; i < extents.items.size(); ++i) {
      const PickleValue &extent = pickle_.at(extents.items[i]), &stride = pickle_.at(strides.items[i]);
      if (extent.kind != Kind::integer || stride.kind != Kind::integer)
        return refuse(Code::malformed, name, "an extent or stride is not a number", "integers", name_of(extent.kind));
      view.shape.push_back(extent.integer);
      view.strides.push_back(extent.integer == 1 ? 0 : stride.integer);  // never taken
    }
    return view;
  }

  // A storage, whose bytes must be exactly as many as its count says.
  Result<const ZipMember*> storage_of(const std::string& name, const PickleValue& storage) const {
    const std::string_view key = pickle_.at(storage.items[1]).text;
    const auto found = key.size() > kLongestKey ? storages_.end() : storages_.find(key);
    if (found == storages_.end())
      return refuse(Code::missing, name, "the tensor's storage is not in the archive",
                    "a member data/" + printable(std::string(key.substr(0, kLongestKey))), "none");
    const std::span<const std::byte> bytes = found->second->bytes;
    const std::int64_t count = pickle_.at(storage.items[3]).integer;
    const std::size_t width = size_of(pickle_.at(storage.items[0]).dtype);
    if (count < 0 || bytes.size() % width != 0 || static_cast<std::uint64_t>(count) != bytes.size() / width)
      return refuse(Code::mismatch, name, "the storage's size disagrees with its count",
                    std::to_string(count) + " elements of " + std::to_string(width) + " bytes",
                    std::to_string(bytes.size()) + " bytes");
    return found->second;
  }

  // The last element a view touches must lie within the storage's `stored`; sums and products are taken with care.
  Status check_view(const std::string& name, std::size_t stored, View& view) const {
    std::int64_t bytes = static_cast<std::int64_t>(size_of(view.dtype)), last = view.offset;
    bool fits = view.offset >= 0, is_empty = false;
    for (std::size_t i = 0; i < view.shape.size() && fits; ++i) {
      std::int64_t reach = 0;
      fits = view.shape[i] >= 0 && view.strides[i] >= 0 && !__builtin_mul_overflow(bytes, view.shape[i], &bytes);
      is_empty = is_empty || view.shape[i] == 0;
      fits = fits && (is_empty || (!__builtin_mul_overflow(view.shape[i] - 1, view.strides[i], &reach) &&
                                   !__builtin_add_overflow(last, reach, &last)));
    }
    view.elements = bytes / static_cast<std::int64_t>(size_of(view.dtype));
    if (fits && (is_empty || static_cast<std::uint64_t>(last) < stored)) return {};
    return refuse(Code::out_of_range, name, "the view exceeds its storage", std::to_string(stored) + " elements",
                  shape_text(view.shape) + " with strides " + shape_text(view.strides) + " from " + std::to_string(view.offset));
  }

  // Its storage is read here, so that its checksum is compared here too.
  Result<const std::byte*> copy_of(const std::string& name, const View& view, const ZipMember& storage) {
    const std::size_t bytes = view.bytes();
    if (bytes > copies_left_)
      return refuse(Code::too_large, name, "copies of views need more memory than the file has",
                    "at most " + std::to_string(copies_left_) + " bytes", std::to_string(bytes));
    copies_left_ -= bytes;
    if (verified_.insert(&storage).second) LAB_TRY(verified_content(storage, file_));
    auto copy = std::make_shared<std::vector<std::byte>>(bytes);
    gather(view, storage.bytes.data(), copy->data());
    table_.keep_alive(copy);
    return static_cast<const std::byte*>(copy->data());
  }

  std::span<const std::byte> image_;
  std::string file_;
  std::vector<ZipMember> members_;
  const ZipMember *pickle_member_ = nullptr, *byte_order_ = nullptr;
  std::map<std::string, const ZipMember*, std::less<>> storages_;
  std::set<const ZipMember*> verified_;
  Pickle pickle_;
  TensorTable table_;
  std::size_t copies_left_, ignored_ = 0;
};

}  // namespace

Result<TensorTable> parse_torch(std::span<const std::byte> image, const std::string& file) {
  return TorchReader(image, file).read();
}

Result<TensorTable> open_torch(const std::string& path) { return open_mapped(path, parse_torch); }

}  // namespace lab
