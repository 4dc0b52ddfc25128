// The text of --version. LAB_* come from CMakeLists.txt.
#include <fmt/format.h>

#include "app/cli/revision.h"
#include "app/cli/subcommands.h"
#include "model/math/device.h"
#include "model/math/math.h"

namespace lab::cli {

std::string version_text() {
  const Math<float> math;
  return fmt::format(
      "statelab {}\nrevision         {}\ncompiler         {}\ninstruction set  {}\nCUDA             {}\nlibraries      "
      "  {}",
      LAB_VERSION, kRevision, LAB_COMPILER, math.instruction_set(), built_with_cuda() ? "yes" : "no", LAB_LIBRARIES);
}

std::string program_text() { return fmt::format("statelab {}, {}", LAB_VERSION, kRevision); }

}  // namespace lab::cli
