#pragma once
// Named tensors in mapped files: what a container holds, before anybody knows which model it is.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/base/dtype.h"
#include "model/base/result.h"

namespace lab {

class MappedFile;

/// One tensor as stored: little endian, row-major, packed; `data` may be aligned to 2 bytes only.
struct TensorView {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;  // [] is a scalar
  const std::byte* data = nullptr;
  std::size_t bytes = 0;
  std::string file;                 // the file's plain name, for messages

  std::int64_t elements() const {
    std::int64_t n = 1;
    for (std::int64_t extent : shape) n *= extent;
    return n;
  }
};

/// "[3, 4]".
std::string shape_text(const std::vector<std::int64_t>& shape);

/// The tensors of one or several files, and the mappings that keep their bytes alive.
class TensorTable {
 public:
  const TensorView* find(std::string_view name) const;
  const std::vector<TensorView>& all() const { return tensors_; }
  /// Bytes of all tensors; what several of them share counts once.
  std::size_t stored_bytes() const;
  /// `__metadata__` of the (first) file: string to string.
  const std::vector<std::pair<std::string, std::string>>& metadata() const { return metadata_; }
  const std::string* metadata(std::string_view key) const;

  /// What was noticed while reading and did not stop it.
  const std::vector<std::string>& warnings() const { return warnings_; }

  /// What the containers say about bytes that opening left unread, compared with them: reads those bytes once, or until `stop`
  /// becomes true. A problem's file is a plain name.
  std::vector<Error> damage(const std::atomic<bool>* stop = nullptr) const;

  /// Adds a tensor; false if the name is already there.
  bool add(TensorView tensor);
  void add_metadata(std::string key, std::string value) { metadata_.emplace_back(std::move(key), std::move(value)); }
  void add_warning(std::string text) { warnings_.push_back(std::move(text)); }
  void keep_alive(std::shared_ptr<const void> owner) { owners_.push_back(std::move(owner)); }
  /// Keeps a file alive, in which tensors lie.
  void keep_file(std::shared_ptr<const MappedFile> file) { files_.push_back(std::move(file)); }
  const std::vector<std::shared_ptr<const MappedFile>>& files() const { return files_; }
  /// `check` reads bytes that `keep_alive` keeps, when `damage` asks for it.
  void add_check(std::function<Status()> check) { checks_.push_back(std::move(check)); }
  /// Keeps what else `other` holds beside its tensors and metadata: warnings, checks, and the bytes.
  void take_over(TensorTable other, const std::string& before_warnings = {});

 private:
  std::vector<TensorView> tensors_;
  std::unordered_map<std::string, std::size_t> index_;
  std::vector<std::pair<std::string, std::string>> metadata_;
  std::vector<std::string> warnings_;
  std::vector<std::shared_ptr<const void>> owners_;
  std::vector<std::shared_ptr<const MappedFile>> files_;
  std::vector<std::function<Status()>> checks_;
};

}  // namespace lab
