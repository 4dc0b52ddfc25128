#pragma once
// A file beside the runs of the open model, for them to be compared with: a recorded trace, a session, another model.
#include <memory>
#include <string>
#include <vector>

#include "app/core/lab.h"
#include "app/core/run.h"

namespace lab {

/// The lab that a guest is opened beside.
struct GuestHost {
  const LabOptions& options;
  Context<float>& context;                    // that its runs compute with, one after the other
  std::shared_ptr<const OpenedModel> opened;  // whose weights a guest of the same model shares
  std::int64_t id = kFirstGuest;              // of the guest, and the number of its run: see RunFacts
  std::uint64_t run = 0;
};

class Guest {
 public:
  /// A session or journal is replayed to its end, without what it compares itself; what is missing of it is added to `warnings`. A
  /// model has read nothing yet. Refused as cancelled when the host was told to stop.
  static Result<std::unique_ptr<Guest>> open(const std::string& file, const GuestHost& host, std::vector<std::string>& warnings);

  /// What snapshots say of it.
  const GuestRun& facts() const { return facts_; }
  /// Whether it is a model, which reads what a run reads.
  bool reads_along() const { return reader_ != nullptr; }
  /// How many tokens it has to take back and to read until it has read those of a run.
  std::int64_t behind(const RowView<std::int32_t>& tokens);
  /// Takes back what the run has not read, or reads a piece of what it has. Only of a model.
  Status follow(const RowView<std::int32_t>& tokens);

 private:
  void tell();
  std::int64_t agreed(const RowView<std::int32_t>& tokens);

  GuestRun facts_;
  std::unique_ptr<Run> reader_;  // null but of a model; uses facts_.opened
  RowView<std::int32_t> seen_;   // tokens of the run as they were last asked about,
  std::int64_t agreed_ = 0;      // and how many of them from the first on it has read
};

}  // namespace lab
