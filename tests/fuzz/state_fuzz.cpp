// State files: what is opened for a model has its shapes; what is refused says why.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <string>

#include "model/base/check.h"
#include "model/state_compare.h"
#include "model/state_file.h"

using namespace lab;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto schema = std::make_shared<const StateSchema>(
      "tiny", std::vector<LayerSchema>{{.kind = "tiny",
                                        .tensors = {{.name = "conv_state", .layout = Layout::columns, .shape = {2, 3}},
                                                    {.name = "ssm_state", .layout = Layout::tiles, .shape = {3, 2}}}}});
  const int file = ::memfd_create("state", MFD_CLOEXEC);
  LAB_CHECK(file, >=, 0);
  LAB_CHECK(::write(file, data, size), ==, static_cast<ssize_t>(size));
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  const auto checked = read_state_file(path);
  auto loaded = load_state<float>(path, schema, "0123456789abcdef");
  if (!loaded) LAB_CHECK(loaded.error().message.empty(), ==, false);
  if (!checked) LAB_CHECK(static_cast<bool>(loaded), ==, false);
  if (checked) {
    const auto compared = compare_states(checked->state, checked->state);
    LAB_CHECK(compared->equal, ==, true);
  }
  if (loaded) {
    LAB_CHECK(loaded->state.position, >=, 0);
    LAB_CHECK(loaded->state.get(0, 1).size(), ==, 6u);
  }
  ::close(file);
  return 0;
}
