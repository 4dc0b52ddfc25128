#pragma once
// What the tests of archives and pickles share: both made byte by byte.
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "model/files/torch_file.h"
#include "tests/files/support.h"
#include "tests/files/zip_image.h"

namespace lab::test {

/// Opcodes of a pickle.
namespace pickled {

inline std::string text(const std::string& words) {
  return Record().put_text("X").put(static_cast<std::uint32_t>(words.size())).put_text(words).text();
}
inline std::string number(std::int64_t value) { return Record().put_text("\x8a").put(std::uint8_t{8}).put(value).text(); }
inline std::string global(const std::string& module, const std::string& name) { return "c" + module + "\n" + name + "\n"; }
inline std::string numbers(const std::vector<std::int64_t>& values) {
  std::string items = "(";
  for (const std::int64_t value : values) items += number(value);
  return items + "t";
}

/// A tensor in a storage of `count` elements.
struct Tensor {
  std::string type = "FloatStorage", key = "0";
  std::int64_t count = 6, offset = 0;
  std::vector<std::int64_t> shape = {2, 3}, strides = {3, 1};

  std::string text() const {
    const std::string id = "(" + pickled::text("storage") + global("torch", type) + pickled::text(key) + pickled::text("cuda:0") +
                           number(count) + "tQ";
    return global("torch._utils", "_rebuild_tensor_v2") + "(" + id + number(offset) + numbers(shape) + numbers(strides) + "\x89" +
           global("collections", "OrderedDict") + ")RtR";
  }
};

/// {name: value, ...}, without and with the beginning and the end of a whole pickle.
inline std::string dict(const std::vector<std::pair<std::string, std::string>>& members) {
  std::string items = "}(";
  for (const auto& [name, value] : members) items += text(name) + value;
  return items + "u";
}
inline std::string whole(const std::string& opcodes) { return "\x80\x02" + opcodes + "."; }

}  // namespace pickled

/// A PyTorch file: a pickle, the storages "0", "1", ... and what else it should hold.
inline std::string torch_image(const std::string& pickle, const std::vector<std::string>& storages,
                               std::vector<Member> more = {}) {
  std::vector<Member> members = {Member("m/data.pkl", pickle), Member("m/byteorder", "little"), Member("m/version", "3\n")};
  for (std::size_t i = 0; i < storages.size(); ++i) members.emplace_back("m/data/" + std::to_string(i), storages[i]);
  for (Member& member : more) members.push_back(std::move(member));
  return zip_image(members);
}

/// The bytes of numbers.
template <class T>
std::string raw(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

template <class T>
std::vector<T> values_of(const TensorView& tensor) {
  std::vector<T> values(static_cast<std::size_t>(tensor.elements()));
  REQUIRE(tensor.bytes == values.size() * sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), tensor.data, tensor.bytes);
  return values;
}

}  // namespace lab::test
