#include "tracer/trace/spill.h"

#include <bit>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <unistd.h>
#include <zstd.h>

#include "model/base/check.h"

namespace lab {
namespace {

// Signs and exponents of neighbouring values resemble each other, their last bits do not: all first bytes come first,
// then all second ones, so that the compressor finds the former together and passes over the latter quickly.
void split_planes(std::span<const float> values, std::vector<unsigned char>& planes) {
  const std::size_t n = values.size();
  planes.resize(4 * n);
  for (std::size_t i = 0; i < n; ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(values[i]);
    for (std::size_t plane = 0; plane < 4; ++plane) planes[plane * n + i] = static_cast<unsigned char>(bits >> (8 * plane));
  }
}

void join_planes(const std::vector<unsigned char>& planes, std::span<float> values) {
  const std::size_t n = values.size();
  for (std::size_t i = 0; i < n; ++i) {
    std::uint32_t bits = 0;
    for (std::size_t plane = 0; plane < 4; ++plane) bits |= static_cast<std::uint32_t>(planes[plane * n + i]) << (8 * plane);
    values[i] = std::bit_cast<float>(bits);
  }
}

}  // namespace

void SpillFile::Free::operator()(ZSTD_CCtx_s* compressor) const { ZSTD_freeCCtx(compressor); }

SpillFile::SpillFile(int file, std::string folder) : file_(file), folder_(std::move(folder)), compressor_(ZSTD_createCCtx()) {
  LAB_CHECK(compressor_ != nullptr, ==, true);
  ZSTD_CCtx_setParameter(compressor_.get(), ZSTD_c_compressionLevel, 1);
  ZSTD_CCtx_setParameter(compressor_.get(), ZSTD_c_checksumFlag, 1);
}

SpillFile::~SpillFile() { ::close(file_); }

Error SpillFile::failure(const char* message, const std::string& found) const {
  return {.code = Code::environment, .file = folder_, .found = found, .message = message};
}

Result<std::shared_ptr<SpillFile>> SpillFile::create(const std::string& folder) {
  std::string name = folder + "/statelab-history-XXXXXX";
  const int file = ::mkstemp(name.data());
  if (file < 0)
    return Error{.code = Code::environment, .file = folder, .expected = "a folder to write into", .found = std::strerror(errno),
                 .message = "old history cannot be moved to disk"};
  ::unlink(name.c_str());
  return std::shared_ptr<SpillFile>(new SpillFile(file, folder));
}

Result<SpillPlace> SpillFile::write(std::span<const float> values) {
  split_planes(values, planes_);
  packed_.resize(ZSTD_compressBound(planes_.size()));
  const std::size_t size = ZSTD_compress2(compressor_.get(), packed_.data(), packed_.size(), planes_.data(), planes_.size());
  if (ZSTD_isError(size)) return failure("old history cannot be compressed", ZSTD_getErrorName(size));
  for (std::size_t done = 0; done < size;) {
    const ssize_t n = ::pwrite(file_, packed_.data() + done, size - done, static_cast<off_t>(end_) + static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return failure("old history cannot be moved to disk", n < 0 ? std::strerror(errno) : "nothing was written");
    done += static_cast<std::size_t>(n);
  }
  const SpillPlace place{end_, static_cast<std::int64_t>(size)};
  end_ += place.bytes;
  return place;
}

Status SpillFile::read(const SpillPlace& place, std::span<float> values) const {
  std::vector<unsigned char> packed(static_cast<std::size_t>(place.bytes)), planes(4 * values.size());
  for (std::size_t done = 0; done < packed.size();) {
    const ssize_t n = ::pread(file_, packed.data() + done, packed.size() - done,
                              static_cast<off_t>(place.offset) + static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return failure("old history cannot be read back from disk", n < 0 ? std::strerror(errno) : "the file is shorter");
    done += static_cast<std::size_t>(n);
  }
  const std::size_t size = ZSTD_decompress(planes.data(), planes.size(), packed.data(), packed.size());
  if (ZSTD_isError(size)) return failure("old history was damaged on disk", ZSTD_getErrorName(size));
  LAB_CHECK(size, ==, planes.size());
  join_planes(planes, values);
  return {};
}

}  // namespace lab
