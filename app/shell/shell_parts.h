#pragma once
// The inside of a Shell, shared by the files that draw its frames and do what keys, menus and the palette ask for.
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/shell/controls_job.h"
#include "app/shell/desk.h"
#include "app/shell/dialogs.h"
#include "app/shell/export_dialog.h"
#include "app/shell/figure_export.h"
#include "app/shell/font_loader.h"
#include "app/shell/help_page.h"
#include "app/shell/open_dialog.h"
#include "app/shell/palette.h"
#include "app/shell/screen.h"
#include "app/shell/settings_page.h"
#include "app/shell/shell.h"
#include "app/shell/shortcuts.h"
#include "app/shell/start_page.h"
#include "app/shell/status_bar.h"
#include "app/shell/study_pictures.h"
#include "app/shell/tour.h"
#include "app/shell/trials_dialog.h"
#include "app/shell/window_sessions.h"
#include "app/shell/workspace.h"
#include "views/paint/imgui_painter.h"
#include "views/panels/pane.h"

namespace lab {

/// What the window is made of: taken from the engine once a frame, drawn, and acted on.
struct Shell::Parts {
  using Clock = std::chrono::steady_clock;

  Parts(Engine& the_engine, const ShellOptions& the_options, const std::function<void()>& wake);

  static std::unique_ptr<ImGuiPainter> make_painter();
  void use(const Settings& wanted);
  void name_dialogs();

  std::vector<InputEvent> take_events(InputQueue& input);
  void adapt(float content_scale);
  void take_results();
  void keep_alerts();
  void note_texts();
  void ask();
  std::optional<ComparisonQuery> comparison() const;
  void go_on();
  void perform(Action action);
  void close_or_cancel();
  void cancel();
  void carry_out(const OpenWish& wish);
  void carry_out(const PaletteDeed& deed);
  void carry_out(RowWish wish);
  void copy(const std::string& line);
  void toggle_weights();
  void show_page(Page page);
  void go_to_alert(bool next);
  void swap_runs();
  void compare_next();
  void compare_with(const std::string& path);
  void take_drop(const std::string& path);
  void follow_flip(const std::vector<InputEvent>& events);
  PaneContext pane_context();
  void show_other_view();
  void begin_tour();
  void move_in_tensors(std::ptrdiff_t by);
  std::string pane_in_hand() const;
  void take_in_hand(int by);
  void find();
  void clear_selection();
  bool has_range() const { return snapshot->ranges && memory.range >= 0 && memory.range < std::ssize(*snapshot->ranges); }
  void move_in_state(int axis, std::int64_t by);
  void move_in_layers(std::ptrdiff_t by);
  void send(Command command);
  void start_export();
  bool open(const std::string& path, const std::string& located = "");
  void open_beside(const std::string& a, const std::string& b);
  void begin(BegunOpening begun);
  void draw(Box window);
  void draw_panes(Box body);
  void draw_start(Box body);
  bool is_slow() const;
  Page page() const { return !snapshot->selection.tensor.empty() ? Page::weights : memory.show_monitor ? Page::monitor : memory.show_compare ? Page::compare : Page::inspect; }
  bool has_time_panel() const { return snapshot->model && (page() == Page::inspect || page() == Page::monitor); }
  const Theme& theme() const { return theme_of(desk.settings()); }

  Engine& engine;
  ShellOptions options;
  Screen screen;  // ImGui's context: before all that draws
  Analyst analyst;
  ControlsJob controls;
  std::unique_ptr<ImGuiPainter> painter = make_painter();

  // What was taken from the engine and the analyst for this frame.
  std::shared_ptr<const Snapshot> snapshot;
  std::shared_ptr<const OpenedModel> opened;
  std::shared_ptr<const Derived> latest_derived;                           // as the analyst has it
  std::shared_ptr<const Derived> derived = std::make_shared<const Derived>();  // empty when it is of another model
  std::shared_ptr<const AlertLog> alerts;                                  // the last that were found, until others are
  std::uint64_t alerts_run = 0;                                            // their run
  std::uint64_t first_of_model = 0;  // the first snapshot of the present model
  std::uint64_t asked_number = 0;
  Query asked;
  Clock::time_point asked_at, last_frame = Clock::now();
  bool slow_shown = false;

  // The look.
  Fonts fonts;
  CodePoints code_points;
  std::int64_t noted_tokens = 0;
  float scale = 0;
  bool look_changed = true;
  Desk desk;

  Ui ui;
  PaneMemory memory;
  Workspace workspace;
  StatusBar status;
  StartPage start;
  StudyPictures study_pictures;
  bool knows_cards = false;
  WindowSessions sessions;
  OpenDialog open_dialog;
  ExportDialog export_dialog;
  TrialsDialog trials_dialog;
  Tour tour;
  HelpPage help;
  SettingsPage settings_page;
  Palette palette;
  Dialogs dialogs;
  ExportJob export_job;
  std::deque<AskedFigure> figures;  // that wait to be written
  std::deque<Command> script;  // still to be submitted
  bool awaits_model = false;   // its next command is for a model that was to be opened before
  std::vector<std::string> asked_paths;  // what a person asked to open and is not open yet, to be put among the recent ones then
  std::string keyboard_pane;   // that the keyboard has taken in hand, until the mouse moves
  int frames_due = 3;          // ImGui needs a few frames until an event has had all its effects
  int frames_held = 0;         // in which input waits, because a text field is about to get the keyboard
  bool closing = false;
};

}  // namespace lab
