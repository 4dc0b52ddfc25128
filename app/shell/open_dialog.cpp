#include "app/shell/open_dialog.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "app/core/recent_models.h"

namespace lab {
namespace {

constexpr std::chrono::milliseconds kPatience{120};  // until a selection that has stopped moving is looked at
constexpr int kPage = 12;                            // rows

std::string home() {
  const char* folder = std::getenv("HOME");
  return std::string(folder ? folder : "") + "/";
}

std::string with_slash(std::string folder) {
  if (!folder.ends_with('/')) folder += '/';
  return folder;
}

bool is_folder_place(const std::string& place) { return place.starts_with('/'); }

/// The part of a text that names a place: up to the last slash, "builtin:" or "recent:"; "" where it names none.
std::string place_of(const std::string& text) {
  for (const char* place : {kBuiltinPlace, kRecentPlace})
    if (text.starts_with(place)) return place;
  return text.starts_with('/') ? text.substr(0, text.rfind('/') + 1) : "";
}

}  // namespace

OpenDialog::OpenDialog(const OpenDialogOptions& options, const std::function<void()>& wake)
    : options_(options),
      lists_([file = options.recent_file](const auto& place, const auto& wanted) { return list_place(place, file, wanted); }, wake),
      previews_([preview = options.preview](const auto& path, const auto&) { return preview(path); }, wake, kPatience),
      // A list that cannot be written is no reason to disturb anybody.
      recents_([file = options.recent_file](const auto& paths, const auto&) { return bool(add_recent(file, paths)); }, [] {}) {}

void OpenDialog::locate(const std::string& session, const std::string& model) {
  close();
  is_open_ = true;
  refusal_.reset();
  purpose_ = OpenPurpose::open;
  session_ = session, lacked_ = model;
  std::error_code ignored;
  go_to(with_slash(std::filesystem::absolute(session, ignored).lexically_normal().parent_path().string()));
}

void OpenDialog::open(const std::string& path, OpenPurpose purpose) {
  is_open_ = true;
  purpose_ = purpose;
  refusal_.reset();
  session_.clear(), lacked_.clear();
  if (!place_.empty()) return go_to(place_);
  if (path.empty()) return go_to(with_slash(options_.start_folder.empty() ? home() : options_.start_folder));
  if (path.starts_with(kBuiltinPlace)) return go_to(kBuiltinPlace, path.substr(std::string_view(kBuiltinPlace).size()));
  std::error_code ignored;
  std::filesystem::path whole = std::filesystem::absolute(path, ignored).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();
  go_to(with_slash(whole.parent_path().string()), whole.filename().string());
}

void OpenDialog::close() {
  is_open_ = false;
  opening_.clear(), wants_.clear(), asked_target_.clear(), asked_place_.clear(), session_.clear(), lacked_.clear();
  preview_.reset();
  previews_.forget();
}

OpenWish OpenDialog::escape() {
  if (!opening_.empty()) return {.cancel = true};
  close();
  return {};
}

void OpenDialog::remember(const std::string& path) {
  if (options_.recent_file.empty()) return;
  std::error_code ignored;
  const std::string name = path.starts_with(kBuiltinPlace) ? path : std::filesystem::absolute(path, ignored).string();
  std::erase(remembered_, name);
  remembered_.insert(remembered_.begin(), name);
  recents_.ask(remembered_);
}

bool OpenDialog::has_news() const {
  const auto list = lists_.latest();
  const auto preview = previews_.latest();
  return is_open_ && ((list && list != list_) || (preview && preview != preview_));
}

bool OpenDialog::idle() const { return lists_.idle() && previews_.idle() && recents_.idle(); }

void OpenDialog::go_to(const std::string& place, const std::string& selected) {
  place_ = path_ = seen_path_ = place;
  rest_.clear(), wants_.clear(), asked_place_.clear();
  wanted_name_ = selected;
  selected_ = -1;
  ++generation_;
  take_focus_ = true;
}

void OpenDialog::go_up() {
  if (!is_folder_place(place_)) return go_to(home());
  if (place_ == "/") return;
  const std::string folder = place_.substr(0, place_.size() - 1);
  const std::size_t slash = folder.rfind('/');
  go_to(folder.substr(0, slash + 1), folder.substr(slash + 1));
}

/// What was typed: a place of its own, or something in the present one.
void OpenDialog::follow_text() {
  if (path_ == seen_path_) return;
  seen_path_ = path_;
  refusal_.reset();
  const std::string text = path_.starts_with("~/") ? home() + path_.substr(2) : path_;
  const std::string typed_place = place_of(text);
  if (!typed_place.empty()) place_ = typed_place;
  rest_ = text.substr(typed_place.size());
  selected_ = -1;
  wanted_name_.clear();
  if (!rest_.empty() && list_ && list_->place == place_) select_name(rest_, typed_place.empty());
}

void OpenDialog::select_name(const std::string& name, bool by_beginning) {
  const auto& entries = list_->entries;
  const auto is_it = [&](const FolderEntry& entry) { return entry.name == name; };
  auto found = std::find_if(entries.begin(), entries.end(), is_it);
  if (found == entries.end() && by_beginning)
    found = std::find_if(entries.begin(), entries.end(), [&](const FolderEntry& entry) { return entry.name.starts_with(name); });
  selected_ = found == entries.end() ? -1 : static_cast<int>(found - entries.begin());
  scroll_ = true;
}

/// Takes the list of the present place once it is there, and asks for it when the place is another one.
void OpenDialog::take_list() {
  if (place_ != asked_place_) lists_.ask(asked_place_ = place_);
  const auto latest = lists_.latest();
  if (!latest || latest == list_) return;
  list_ = latest;
  selected_ = -1;
  for (const FolderEntry& entry : list_->entries) new_text_ += entry.name;
  if (!wanted_name_.empty()) select_name(wanted_name_, false);
  else if (!rest_.empty()) select_name(rest_, !is_folder_place(place_of(seen_path_)));
}

void OpenDialog::move_selection(int by) {
  if (!list_ || list_->entries.empty()) return;
  const int last = static_cast<int>(list_->entries.size()) - 1;
  selected_ = selected_ < 0 ? (by > 0 ? 0 : last) : std::clamp(selected_ + by, 0, last);
  scroll_ = true;
  refusal_.reset();
}

bool OpenDialog::press(const InputEvent& press, bool in_text) {
  if (!is_open_ || !opening_.empty() || press.modifiers != Modifiers{}) return false;
  switch (static_cast<Key>(press.code)) {
    case Key::up: move_selection(-1); return true;
    case Key::down: move_selection(1); return true;
    case Key::page_up: move_selection(-kPage); return true;
    case Key::page_down: move_selection(kPage); return true;
    case Key::enter:
    case Key::keypad_enter:
      if (!in_text) choose();  // else the field tells when it has seen all that was typed before
      return true;
    case Key::backspace:
      if (path_ == place_) go_up();
      return true;
    default: return false;
  }
}

bool OpenDialog::stands_on_folder() const {
  return selected_ >= 0 && list_->entries[static_cast<std::size_t>(selected_)].kind == EntryKind::folder;
}

/// What would be opened, "" where nothing is chosen or only a folder to look into.
std::string OpenDialog::target() const {
  if (selected_ >= 0) return stands_on_folder() ? "" : list_->entries[static_cast<std::size_t>(selected_)].path;
  if (!rest_.empty()) return place_ == kRecentPlace ? "" : place_ + rest_;
  const bool is_model = list_ && list_->place == place_ && list_->is_model;
  return is_model ? place_.substr(0, place_.size() - 1) : "";
}

/// Enter, a double click, the button.
void OpenDialog::choose() {
  if (stands_on_folder()) go_to(with_slash(list_->entries[static_cast<std::size_t>(selected_)].path));
  else wants_ = target();
}

/// Has the target looked at, once it stays.
void OpenDialog::ask() {
  const std::string now = target();
  if (now != asked_target_) {
    asked_target_ = now;
    preview_.reset();
    if (now.empty()) previews_.forget();
    else previews_.ask(now);
  }
  if (!wants_.empty() && stands_on_folder()) return choose();  // the list came after Enter
  if (wants_ != now) wants_.clear();
  const auto latest = previews_.latest();
  if (!latest || latest == preview_ || latest->path != now) return;
  preview_ = latest;
  new_text_ += preview_->name;
}

/// Whether what is looked at can be opened or compared: a model where one is asked for, else also a session whose model is asked for then.
bool OpenDialog::can_choose() const {
  if (compares()) return preview_->can_compare();
  if (session_.empty()) return preview_->can_open() || preview_->needs_model();
  return preview_->can_open() && preview_->check.kind != "session" && !preview_->is_for_run();
}

/// The path to open, when one was chosen and its preview says that it can be.
std::string OpenDialog::decide() {
  if (wants_.empty() || !preview_) return {};
  const std::string wanted = std::exchange(wants_, {});
  if (preview_->is_folder) go_to(with_slash(wanted));
  return can_choose() ? wanted : "";
}

/// What changes once something was opened: the run, or the last file that is compared.
std::int64_t OpenDialog::mark_of(const Snapshot& snapshot) const {
  if (!compares()) return static_cast<std::int64_t>(snapshot.run);
  return snapshot.guests.empty() ? 0 : snapshot.guests.back().run.id;
}

void OpenDialog::follow_opening(const Snapshot& snapshot) {
  if (opening_.empty()) return;
  if (mark_of(snapshot) != mark_before_) return close();
  if (snapshot.notices.empty() || snapshot.notices.back().number <= notice_before_ || !snapshot.notices.back().is_error) return;
  const Notice& notice = snapshot.notices.back();
  refusal_ = notice.error ? notice.error : std::make_shared<const Error>(Error{.code = Code::cancelled, .message = notice.text});
  opening_.clear();
}

OpenWish OpenDialog::draw(Ui& ui, Box window, const Snapshot& snapshot) {
  OpenWish wish{.purpose = purpose_};
  if (!is_open_) return wish;
  follow_opening(snapshot);
  if (!is_open_) return wish;
  follow_text();
  take_list();
  ask();
  draw_page(ui, window, snapshot, wish);
  if (wish.open = decide(); wish.open.empty()) return wish;
  wish.session = session_;
  if (preview_->is_for_run()) return close(), wish;  // nothing is opened that could be waited for
  opening_ = wish.open;
  refusal_.reset();
  mark_before_ = mark_of(snapshot);
  notice_before_ = snapshot.notices.empty() ? 0 : snapshot.notices.back().number;
  return wish;
}

}  // namespace lab
