#pragma once
// Writes the journal of a window beside everything else: nobody waits for the disk.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "app/core/journal.h"

namespace lab {

struct OpenedModel;

/// One journal a model that is opened, in a folder of the user's. Each is locked while this program lives, so that others know it is
/// not left over. What is given to it is on the disk after a second at the latest.
class JournalWriter {
 public:
  /// `program` and `arithmetic`: see Journal. `woken` is called from the writer's thread when there is a problem to tell; may be empty.
  JournalWriter(std::string folder, std::string program, std::string arithmetic, std::function<void()> woken = {});
  /// Writes what is left and ends the journal: it stays where something was not saved.
  ~JournalWriter();
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;

  /// The model that is opened with this ticket goes on with a session: notes and unknown fields of a file, or what a journal (`recovers`)
  /// held. What was expected of earlier tickets does not come any more.
  void expect(Session kept, const std::string& recovers = "", std::uint64_t ticket = 0);

  // From the engine's thread, as LabOptions asks; none waits for more than a moment.
  void applied(const SessionCommand& done, const OpenedModel& opened);
  void reached(std::int64_t position, bool goes_on);
  /// The model's hash, once it is known.
  void hash_known(const std::string& hash);

  /// The session of this model is in a file now, as it was after so many changes of the run and at this position of it.
  void saved(const std::string& file, const OpenedModel& opened, std::int64_t changes, std::int64_t position);

  /// Returns when everything so far is on the disk, or false when it could not be written.
  bool flush();
  /// The file that is written now, "" while there is none.
  std::string file() const;
  /// Why what is done is not kept any more, once; "" where it is.
  std::string take_problem();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace lab
