#pragma once
// Pages on which something is written line by line before it is done: a label, what is typed or chosen, what is said of it.
#include <string>
#include <vector>

#include "views/panels/kit/widgets.h"

namespace lab {

struct DraftPage {
  static constexpr float kLabel = 76, kLine = 28, kField = 112;

  Ui& ui;
  Box page;

  Box line(const char* label) {
    Box row = page.cut_top(kLine).row(kControlHeight);
    ui.text_in(row.cut_left(kLabel), Face::control, ui.theme().dim, label);
    return row;
  }
  void note(Box row, const std::string& text) {
    row.cut_left(8);
    ui.text_in(row, Face::control, ui.theme().dim, text);
  }
  /// Whether Enter was pressed in the field.
  bool text(const char* label, std::string& value, const FieldLook& look, const std::string& said, float width = kField) {
    Box row = line(label);
    const bool entered = field(ui, label, row.cut_left(width), value, look);
    note(row, said);
    return entered;
  }
  /// Of a table of operations and the like, by name.
  template <class Entries>
  bool choose(const char* label, const Entries& entries, std::string& name, float width);
};

template <class Entries>
int chosen_of(const Entries& entries, const std::string& name) {
  for (std::size_t i = 0; i < std::size(entries); ++i)
    if (name == entries[i].name) return static_cast<int>(i);
  return 0;
}

template <class Entries>
bool DraftPage::choose(const char* label, const Entries& entries, std::string& name, float width) {
  std::vector<const char*> labels;
  for (const auto& each : entries) labels.push_back(each.label);
  Box row = line(label);
  int chosen = chosen_of(entries, name);
  if (!combo(ui, label, row.cut_left(width), labels, chosen)) return false;
  name = entries[static_cast<std::size_t>(chosen)].name;
  return true;
}

}  // namespace lab
