#include "model/files/replacement.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <vector>

#include "model/files/file.h"
#include "model/files/file_calls.h"

namespace lab {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnding = ".saving";
constexpr int kMostLinks = 40;

int system_open(const char* path, int flags, mode_t mode) { return ::open(path, flags, mode); }

// Where a chain of links ends, also where nothing is there yet.
std::string followed(const std::string& path) {
  fs::path place = path;
  std::error_code problem;
  for (int i = 0; i < kMostLinks && fs::is_symlink(place, problem); ++i) {
    const fs::path next = fs::read_symlink(place, problem);
    if (problem) break;
    place = next.is_absolute() ? next : place.parent_path() / next;
  }
  return place.string();
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

/// The process that made a temporary file, from ".NAME.PROCESS.NUMBER.saving"; nothing for other names.
std::optional<pid_t> maker_of(std::string_view name) {
  if (!name.starts_with('.') || !name.ends_with(kEnding)) return {};
  name.remove_suffix(kEnding.size());
  const std::size_t number = name.find_last_of('.');
  if (number == std::string_view::npos || number == 0) return {};
  const std::size_t process = name.find_last_of('.', number - 1);
  if (process == std::string_view::npos) return {};
  pid_t maker = 0;
  const char* end = name.data() + number;
  const auto [stop, problem] = std::from_chars(name.data() + process + 1, end, maker);
  if (problem != std::errc() || stop != end || maker <= 0) return {};
  return maker;
}

bool has_ended(pid_t process) { return ::kill(process, 0) != 0 && errno == ESRCH; }

std::string megabytes(std::uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, bytes < (1u << 20) ? "%.3f MB" : "%.0f MB", static_cast<double>(bytes) / 1e6);
  return text;
}

std::string free_space(const std::string& folder) {
  struct statvfs disk {};
  if (::statvfs(folder.c_str(), &disk) != 0) return {};
  return megabytes(static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize) + " free";
}

}  // namespace

FileCalls& file_calls() {
  static FileCalls calls{system_open, ::fchmod, ::write, ::fsync, ::fdatasync, ::close, ::rename, ::unlink};
  return calls;
}

Error Replacement::problem(int number, const char* doing, std::int64_t wanted) const {
  struct stat status {};
  const bool is_there = ::stat(target_.c_str(), &status) == 0;
  Error error{.code = number == ENOENT || number == ENOTDIR ? Code::not_found : Code::environment,
              .file = path_,
              .found = std::strerror(number),
              .message = std::string("not saved, ") + (is_there ? "the old file is kept: " : "nothing was written: ") + doing};
  switch (number) {
    case ENOSPC: case EDQUOT:
      if (wanted >= 0) error.expected = megabytes(static_cast<std::uint64_t>(wanted)) + " of free space";
      if (const std::string free = number == ENOSPC ? free_space(folder_of(target_)) : ""; !free.empty()) error.found += ", " + free;
      error.next = "make room and save again, or save it elsewhere";
      break;
    case EFBIG: {
      struct rlimit limit {};
      if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) error.expected = "a file of at most " + std::to_string(limit.rlim_cur) + " bytes (ulimit -f)";
      error.next = "raise the limit, or save it elsewhere";
      break;
    }
    case EACCES: case EPERM: case EROFS: error.next = "save it in a folder that you may write to"; break;
    case ENOENT: case ENOTDIR: error.next = "make the folder, or save it elsewhere"; break;
    default: error.next = "save it under another name or on another disk";
  }
  return error;
}

Result<Replacement> Replacement::begin(const std::string& path) {
  static std::atomic<unsigned> counter{0};
  Replacement file;
  file.path_ = path;
  file.target_ = followed(path);
  const std::string folder = folder_of(file.target_);
  const std::string temporary = (folder == "/" ? "" : folder) + "/." + plain_name(file.target_) + "." + std::to_string(::getpid()) + "." +
                                std::to_string(counter++) + std::string(kEnding);
  struct stat old {};
  const bool is_there = ::stat(file.target_.c_str(), &old) == 0;
  if (is_there && S_ISDIR(old.st_mode)) return file.problem(EISDIR, "a folder has this name");
  if (is_there && !S_ISREG(old.st_mode)) return file.problem(EINVAL, "a device, pipe or socket has this name");
  file.descriptor_ = file_calls().open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (file.descriptor_ < 0) return file.problem(errno, "a file cannot be made here");
  file.temporary_ = temporary;
  if (is_there && file_calls().permit(file.descriptor_, old.st_mode & 0777) != 0)
    return file.problem(errno, "the permissions of the old file cannot be kept");
  return file;
}

Replacement::~Replacement() {
  if (descriptor_ >= 0) file_calls().close(descriptor_);
  if (!temporary_.empty()) file_calls().remove(temporary_.c_str());
}

Status Replacement::write(std::string_view content) {
  const auto wanted = static_cast<std::int64_t>(content.size());
  while (!content.empty()) {
    const ssize_t written = file_calls().write(descriptor_, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written == 0) return problem(EIO, "nothing more can be written", wanted);
    if (written < 0) return problem(errno, "the file cannot be written", wanted);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Status Replacement::commit() {
  const FileCalls& calls = file_calls();
  if (calls.flush(descriptor_) != 0) return problem(errno, "the file cannot be flushed to disk");
  if (calls.close(std::exchange(descriptor_, -1)) != 0) return problem(errno, "the file cannot be closed");
  if (calls.rename(temporary_.c_str(), target_.c_str()) != 0) return problem(errno, "the file cannot be replaced");
  temporary_.clear();
  // From here on the new file is there; only after a power failure the old one may come back.
  const int folder = calls.open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (folder < 0) return {};  // a folder that may be written and not read
  const bool is_flushed = calls.flush(folder) == 0 || errno == EINVAL || errno == ENOTSUP;
  const int number = errno;
  calls.close(folder);
  if (is_flushed) return {};
  return Error{.code = Code::environment,
               .file = path_,
               .found = std::strerror(number),
               .message = "written, but its folder cannot be flushed to disk: a power failure may bring the old file back",
               .next = "save it on another disk too"};
}

int remove_left_overs(const std::string& folder) {
  std::vector<fs::path> left;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored))
    if (const auto maker = maker_of(entry.path().filename().string()); maker && has_ended(*maker)) left.push_back(entry.path());
  int removed = 0;
  for (const fs::path& path : left) removed += ::unlink(path.c_str()) == 0;
  return removed;
}

}  // namespace lab
