#pragma once
// What an edit does to a state. Every family's state is edited by its schema: heads, channels and indexes are axes of a tensor.
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "app/core/command.h"
#include "model/state.h"

namespace lab {

/// What StateEdit::operation may say.
struct EditOperation {
  const char* name;
  const char* label;        // of a menu
  const char* value;        // what StateEdit::value is, for people; "": not used
  bool takes = false;       // elements are taken from another state: of the past, of another run, of a file
};
inline constexpr EditOperation kOperations[] = {
    {"zero", "zero", ""},                                  // its neutral value, which is not 0 in every family
    {"set", "set to", "value"},
    {"scale", "scale by", "factor"},
    {"noise", "add noise of", "standard deviation"},       // the sum of twelve uniform numbers, less 6: the same on every machine
    {"clamp", "clamp to ±", "bound"},                      // what is not a number stays
    {"mix", "mix in", "share", true},                      // (1 - value) h + value * that of the other state
    {"transplant", "take from", "", true},
    {"forget", "forget a token", ""},                      // less what is left there of the write of the token `position`
};
/// Nothing for an unknown name.
const EditOperation* find_operation(const std::string& name);
bool takes_elements(const StateEdit& edit);
/// Whether it takes them from another run or from a file, so that the run's own history does not tell them.
bool takes_from_elsewhere(const StateEdit& edit);
/// Whether an edit subtracts what the state still holds of one token's write.
bool forgets(const StateEdit& edit);

/// The tensors that an edit changes, as (layer, tensor).
std::vector<std::pair<int, int>> tensors_of(const StateEdit& edit, const StateSchema& schema);

/// The shape that a tensor has at present: of one that grows, the schema has that of a row alone.
using ShapeOf = std::function<std::vector<std::int64_t>(int layer, int tensor)>;
/// Refuses what would do nothing or cannot be done to a state, by field: unknown operations, layers, tensors and elements, numbers
/// that are not finite, positions beyond `count` (of the run that elements are taken from), layers whose tensors have another shape.
Status check(const StateEdit& edit, const StateSchema& schema, const ShapeOf& shape_of, std::int64_t count);
Status check(const StateEdit& edit, const State& state, std::int64_t count);

/// Changes the state. `from` is the one that elements are taken from, and what is left of the token where it is forgotten; checked as
/// by `check`, except that of growing tensors `from` must hold the elements too.
Status apply(const StateEdit& edit, const State& from, State& state);

/// "scale h[3, :, 5] of layer 2 by 0.5".
std::string words_of(const StateEdit& edit);
/// What a mark on the time axis has room for: "forget 17 L2".
std::string brief_words_of(const StateEdit& edit);

/// What of the state before an edit is in what it leaves, for EditEvent: `kept` times those elements that it changes, or all that the
/// layers held at `restored` (-1: no such position). What it adds to that is its own.
struct EditKeeps {
  double kept = 1;
  std::int64_t restored = -1;
};
EditKeeps keeps_of(const StateEdit& edit);
/// The same of edits made one after the other, as one.
EditKeeps keeps_of(std::span<const StateEdit> edits);

}  // namespace lab
