#pragma once
// The lab on a thread of its own. Two hand-over points: commands go in, the latest snapshot comes out. Never waits for a reader.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/core/lab.h"

namespace lab {

/// A figure that was asked for, with the run as it was when its turn came.
struct AskedFigure {
  std::shared_ptr<const Snapshot> snapshot;
  std::shared_ptr<const OpenedModel> opened;
  command::ExportFigure figure;
};

class Engine {
 public:
  /// `published` is called on the engine's thread after each snapshot (to wake a window); it must not block.
  Engine(LabOptions options, std::function<void()> published);
  /// Asks the running step to stop at the next layer and waits at most two seconds; then the thread is left behind.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Puts a command into the queue. It is applied at the next step boundary; refusals appear as notices of a snapshot.
  void submit(Command command);
  /// Opens a model and carries out the commands of a session at full speed, each at its position: what is replayed is to the bit
  /// what was recorded. Ends at the first command that changes something and is refused, or is written for another position, and says
  /// how far it came.
  void replay(Command open, std::vector<SessionCommand> commands);
  /// Stops a running step between two layers, and what was announced with it. A model that is being opened, or waits to be, is
  /// refused as cancelled, and so is a file to compare with; what was open stays.
  void interrupt();
  std::shared_ptr<const Snapshot> latest() const;
  /// The model of a snapshot, for whoever derives from it.
  std::shared_ptr<const OpenedModel> opened() const;
  /// The figures that submitted commands asked for since the last call, for the front end to write. Those of a session that is
  /// replayed are noted and asked of nobody: what a file says writes no files.
  std::vector<AskedFigure> take_figures();
  /// Adds a notice to the next snapshot (what a front end wants to say).
  void note(bool is_error, std::string text);
  /// The same of a refusal.
  void note(Error error);
  /// Whether everything submitted so far has been applied and its work done.
  bool idle() const;

 private:
  struct Parts;
  class Loop;
  std::shared_ptr<Parts> parts_;
};

}  // namespace lab
