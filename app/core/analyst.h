#pragma once
// Derives what views show from a snapshot: states over time, the state at the cursor, next tokens, PCA. On demand, on a job
// thread in the window, in place on the command line. Keeps what it replayed, so that one more token costs one token.
#include <functional>
#include <memory>

#include "app/core/lab.h"

namespace lab {

/// The computing part, for one caller at a time.
class Deriver {
 public:
  explicit Deriver(const ContextOptions& arithmetic);
  ~Deriver();
  /// `cancelled` is asked now and then; then the result is null.
  std::shared_ptr<const Derived> derive(const std::shared_ptr<const Snapshot>& snapshot, const std::shared_ptr<const OpenedModel>& opened,
                                        const Query& query, const std::function<bool()>& cancelled = {});

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// A Deriver on its own thread. Asking again replaces a question that has not been begun.
class Analyst {
 public:
  Analyst(const ContextOptions& arithmetic, std::function<void()> published);
  ~Analyst();
  void ask(std::shared_ptr<const Snapshot> snapshot, std::shared_ptr<const OpenedModel> opened, const Query& query);
  std::shared_ptr<const Derived> latest() const;
  bool idle() const;

 private:
  struct Parts;
  std::shared_ptr<Parts> parts_;
};

}  // namespace lab
