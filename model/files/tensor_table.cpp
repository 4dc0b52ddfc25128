#include "model/files/tensor_table.h"

#include <algorithm>
#include <iterator>

namespace lab {

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text.append(", ");
    text.append(std::to_string(shape[i]));
  }
  text.append("]");
  return text;
}

const TensorView* TensorTable::find(std::string_view name) const {
  const auto found = index_.find(std::string(name));
  return found == index_.end() ? nullptr : &tensors_[found->second];
}

std::size_t TensorTable::stored_bytes() const {
  std::unordered_map<const std::byte*, std::size_t> places;
  for (const TensorView& tensor : tensors_) places[tensor.data] = std::max(places[tensor.data], tensor.bytes);
  std::size_t sum = 0;
  for (const auto& [place, bytes] : places) sum += bytes;
  return sum;
}

const std::string* TensorTable::metadata(std::string_view key) const {
  for (const auto& [name, value] : metadata_)
    if (name == key) return &value;
  return nullptr;
}

std::vector<Error> TensorTable::damage(const std::atomic<bool>* stop) const {
  std::vector<Error> problems;
  for (const auto& check : checks_) {
    if (stop && *stop) break;
    if (Status status = check(); !status) problems.push_back(std::move(status.error()));
  }
  return problems;
}

void TensorTable::take_over(TensorTable other, const std::string& before_warnings) {
  for (const std::string& warning : other.warnings_) warnings_.push_back(before_warnings + warning);
  const auto append = [](auto& to, auto& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  };
  append(owners_, other.owners_);
  append(files_, other.files_);
  append(checks_, other.checks_);
}

bool TensorTable::add(TensorView tensor) {
  if (!index_.emplace(tensor.name, tensors_.size()).second) return false;
  tensors_.push_back(std::move(tensor));
  return true;
}

}  // namespace lab
