#pragma once
// Lists whose items commands name by their numbers: notes, breakpoints, named ranges, rules, interventions.
#include <cstdint>
#include <utility>
#include <vector>

#include "model/base/result.h"

namespace lab {

/// What the items are called, and how many there may be.
struct Numbered {
  const char* article;
  const char* item;
  std::int64_t most;
};

/// Refuses, by field "index", a number that none of `there` items has; where a new one may come, that of the place behind the last is right.
Status check_number(const Numbered& list, std::int64_t index, std::int64_t there, bool may_be_new);

/// A list with an item in the place of another, or behind the last one; and without one. Refused as by check_number.
template <class Item>
Result<std::vector<Item>> with_item(const Numbered& list, std::vector<Item> items, std::int64_t index, Item item) {
  LAB_TRY(check_number(list, index, std::ssize(items), true));
  if (index == std::ssize(items)) items.push_back(std::move(item));
  else items[static_cast<std::size_t>(index)] = std::move(item);
  return items;
}
template <class Item>
Result<std::vector<Item>> without_item(const Numbered& list, std::vector<Item> items, std::int64_t index) {
  LAB_TRY(check_number(list, index, std::ssize(items), false));
  items.erase(items.begin() + index);
  return items;
}

}  // namespace lab
