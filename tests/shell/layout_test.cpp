// How panes are arranged, and taking that back.
#include "app/shell/layout.h"

#include <doctest/doctest.h>

#include "app/shell/workspace.h"

using namespace lab;

namespace {

constexpr Box kBody{0, 40, 1600, 936}, kNarrowBody{0, 40, 1280, 736};

Workspace placed(Box body = kBody) {
  Workspace workspace;
  workspace.place(body);
  return workspace;
}

}  // namespace

TEST_CASE("layout: a window that nobody has arranged differs in nothing from how it comes") {
  Workspace workspace = placed();
  CHECK(workspace.layout() == PaneLayout());
  workspace.fit_layers(12);
  CHECK(workspace.layout() == PaneLayout());
}

TEST_CASE("layout: a view that is shown elsewhere changes places, another one takes the place") {
  Workspace workspace = placed();
  const Box pca = workspace.panes().at("pca"), lens = workspace.panes().at("lens");
  workspace.show_view("pca", "lens");
  workspace.place(kBody);
  CHECK(workspace.panes().at("lens") == pca);
  CHECK(workspace.panes().at("pca") == lens);
  workspace.show_view("pca", "attention");
  workspace.place(kBody);
  CHECK(workspace.panes().at("attention") == lens);
  CHECK_FALSE(workspace.panes().contains("pca"));
  CHECK(workspace.layout().views == std::map<std::string, std::string>{{"wide/pca", "lens"}, {"wide/lens", "attention"}});
}

TEST_CASE("layout: what frames the others stays where it is") {
  Workspace workspace = placed();
  workspace.show_view("tokens", "pca");
  workspace.show_view("pca", "transport");
  workspace.show_view("pca", "weight-map");
  CHECK(workspace.layout() == PaneLayout());
}

TEST_CASE("layout: wide and narrow windows are arranged apart") {
  Workspace workspace = placed(kNarrowBody);
  workspace.show_view("pca", "lens");
  workspace.place(kNarrowBody);
  CHECK(workspace.panes().contains("lens"));
  CHECK_FALSE(workspace.panes().contains("pca"));
  workspace.place(kBody);
  CHECK(workspace.panes().contains("pca"));
}

TEST_CASE("layout: what was read is arranged to the same layout, in another window too") {
  const PaneLayout wanted{.sizes = {{"wide/state-at", 0.3f}, {"wide/selection", 400}}, .views = {{"wide/pca", "lens"}, {"wide/lens", "pca"}}, .enlarged = "curves"};
  Workspace workspace = placed();
  workspace.arrange(wanted);
  CHECK(workspace.layout() == wanted);
  workspace.place(kBody);
  CHECK(workspace.panes().contains("curves"));
  CHECK_FALSE(workspace.panes().contains("selection"));
  workspace.arrange({});
  workspace.place(kBody);
  CHECK(workspace.layout() == PaneLayout());
  CHECK(workspace.panes().at("selection").w == 312);
}

TEST_CASE("layout: the room that a model's layers want gives way to what somebody has chosen") {
  Workspace workspace = placed();
  workspace.arrange({.sizes = {{"wide/next", 200}}});
  workspace.fit_layers(24);
  workspace.place(kBody);
  CHECK(workspace.panes().at("layers").h == 200);
  workspace.arrange({});
  workspace.place(kBody);
  CHECK(workspace.panes().at("layers").h == doctest::Approx(562));
}

TEST_CASE("layout history: undo and redo walk through the changes, and a new change forgets what was undone") {
  LayoutHistory history;
  const PaneLayout first, second{.enlarged = "pca"}, third{.enlarged = "curves"};
  history.begin(first);
  CHECK_FALSE(history.undo());
  CHECK_FALSE(history.observe(first));
  CHECK(history.observe(second));
  CHECK(history.observe(third));
  CHECK(*history.undo() == second);
  CHECK_FALSE(history.observe(second));  // what was taken back is no news
  CHECK(*history.undo() == first);
  CHECK_FALSE(history.undo());
  CHECK(*history.redo() == second);
  CHECK(*history.redo() == third);
  CHECK_FALSE(history.redo());
  CHECK(*history.undo() == second);
  CHECK(history.observe(first));
  CHECK_FALSE(history.redo());
}
