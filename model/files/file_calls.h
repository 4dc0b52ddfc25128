#pragma once
// The calls to the system that saving makes, in one table: tests put others in their place, which fail, write little or end the
// program at the call of their choice.
#include <sys/types.h>

#include <cstddef>

namespace lab {

struct FileCalls {
  int (*open)(const char* path, int flags, mode_t mode);
  int (*permit)(int descriptor, mode_t mode);  // fchmod
  ssize_t (*write)(int descriptor, const void* bytes, std::size_t count);
  int (*flush)(int descriptor);                // fsync
  int (*flush_data)(int descriptor);           // fdatasync
  int (*close)(int descriptor);
  int (*rename)(const char* from, const char* to);
  int (*remove)(const char* path);             // unlink
};

/// The table in use: the system's own calls. Whoever changes it does so while nobody saves.
FileCalls& file_calls();

}  // namespace lab
