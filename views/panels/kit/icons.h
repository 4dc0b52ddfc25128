#pragma once
// Fork Awesome symbols by what they mean here.
namespace lab::icon {

inline constexpr const char* kPlay = "\uf04b";
inline constexpr const char* kPlayBack = "\uf04a";
inline constexpr const char* kPause = "\uf04c";
inline constexpr const char* kStop = "\uf04d";
inline constexpr const char* kToStart = "\uf049";
inline constexpr const char* kBack = "\uf048";
inline constexpr const char* kStep = "\uf051";
inline constexpr const char* kToEnd = "\uf050";
inline constexpr const char* kUndo = "\uf0e2";
inline constexpr const char* kRedo = "\uf01e";
inline constexpr const char* kHelp = "\uf059";
inline constexpr const char* kTheme = "\uf042";
inline constexpr const char* kOpen = "\uf07c";
inline constexpr const char* kModel = "\uf1b2";
inline constexpr const char* kFile = "\uf15b";
inline constexpr const char* kHistory = "\uf1da";
inline constexpr const char* kExport = "\uf093";
inline constexpr const char* kMore = "\uf141";
inline constexpr const char* kLock = "\uf023";
inline constexpr const char* kExpand = "\uf065";
inline constexpr const char* kCheck = "\uf00c";
inline constexpr const char* kWarning = "\uf071";
inline constexpr const char* kCaretDown = "\uf0d7";
inline constexpr const char* kSearch = "\uf002";
inline constexpr const char* kTrials = "\uf0c3";
inline constexpr const char* kJump = "\uf05b";
inline constexpr const char* kMute = "\uf1f6";
inline constexpr const char* kPlus = "\uf067";
inline constexpr const char* kBefore = "\uf104";
inline constexpr const char* kAfter = "\uf105";
inline constexpr const char* kAlert = "\uf06a";
inline constexpr const char* kAxes = "\uf1de";
inline constexpr const char* kPin = "\uf08d";
inline constexpr const char* kSort = "\uf0dc";
inline constexpr const char* kHash = "\uf292";
inline constexpr const char* kGear = "\uf013";
inline constexpr const char* kSwap = "\uf0ec";
inline constexpr const char* kFilter = "\uf0b0";
inline constexpr const char* kSave = "\uf0c7";
inline constexpr const char* kCopy = "\uf0c5";
inline constexpr const char* kFork = "\uf126";
inline constexpr const char* kBookmark = "\uf02e";
inline constexpr const char* kEye = "\uf06e";
inline constexpr const char* kClose = "\uf00d";

}  // namespace lab::icon
