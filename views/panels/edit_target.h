#pragma once
// Parts of the selected layer's state as edits name them.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/core/snapshot.h"
#include "views/figures/figure.h"

namespace lab {

struct FigureInput;

/// The elements of the selected layer's recurrent tensor that a part of its state has, as StateEdit::at: "3, 12, 5" of a cell, "" of
/// the layer. Nothing where the part is not there or cannot be named: rows of caches, cells whose indexes are tensors of their own.
std::optional<std::string> slice_of_part(const Snapshot& snapshot, StatePart part);
/// The part in words: "channel 822", "head 3, p 12", "cell h[822, 3]".
std::string part_words(const Snapshot& snapshot, StatePart part);
/// How many elements it has, or 0 where nobody can say.
std::int64_t part_size(const Snapshot& snapshot, StatePart part);

/// A part of the state that edits are offered of.
struct EditPart {
  StatePart part = StatePart::none;  // none: all layers
  const char* name = "";
  StateEdit where;                   // its layer, tensor and elements
  bool is_box = false;               // of cells, in place of the selected one
};

/// Cells of the state at t that were picked as a box.
struct CellBox {
  std::int64_t layer = -1;                    // that they are of; -1: there is no box
  std::shared_ptr<const StateSchema> schema;  // of the model that was open
  ShownCells shown;                           // what was shown then, apart from its order
  std::vector<std::int64_t> rows;             // of the plane, rising
  std::int64_t first_column = 0, columns = 0;
  std::string at;                             // see slices_of_cells

  std::int64_t cells() const { return std::ssize(rows) * columns; }
};
/// A place of the state at t as it is displayed.
struct ShownPlace {
  std::int64_t row = 0, column = 0;
};
/// Why no box can be picked in the selected layer, "" where it can.
std::string box_refusal(const Snapshot& snapshot);
/// The box between two opposite places.
CellBox box_between(const FigureInput& input, ShownPlace a, ShownPlace b);
/// The displayed rows of a box that is shown, rising; none where another plane is.
std::vector<std::int64_t> displayed_rows(const CellBox& box, const ShownCells& shown);
/// Whether a box is of the selected layer of the open model.
bool is_standing(const CellBox& box, const Snapshot& snapshot);
/// Whether a flat cell is one of a box.
bool has_cell(const CellBox& box, std::int64_t cell);
/// "box 12 × 4".
std::string box_words(const CellBox& box);

/// The elements of a tensor of a shape that lie in some rows and in [first_column, first_column + columns) of what is shown of it: as
/// StateEdit::at where they are one range of each axis, else as several of these with "; " between. Each cell is in exactly one.
std::string slices_of_cells(const ShownCells& shown, const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& rows, std::int64_t first_column,
                            std::int64_t columns);
/// The parts of such a text.
std::vector<std::string> slices_in(const std::string& at);

/// Those that there are: cell, channel, head, box, layer, all.
std::vector<EditPart> edit_parts(const Snapshot& snapshot, const CellBox& box);
/// A cell of the selected layer as the elements of an edit that says nothing else: of a cache the layer as a whole.
StateEdit edit_of_cell(const Snapshot& snapshot, std::int64_t channel, std::int64_t state);
/// The command of an edit whose `at` may name several ranges: a patch of an edit for each, which says that it is of `what`.
Command command_of(const StateEdit& edit, const std::string& what);

}  // namespace lab
