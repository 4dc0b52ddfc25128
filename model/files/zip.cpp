#include "model/files/zip.h"

#include <zlib.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_set>

#include "model/files/record.h"
#include "model/files/zip_format.h"

namespace lab {

using namespace zip;

namespace {

constexpr std::size_t kLongestComment = 65535;
constexpr std::uint64_t kMostMembers = 4096;
constexpr std::uint64_t kBestRatio = 1032;  // deflate writes at least a bit for 258 bytes: more is a lie

// Where the directory lies and how many members it lists.
struct Directory {
  std::uint64_t members = 0, bytes = 0, offset = 0;
  std::size_t end = 0;  // where the record that said so begins
};

// A member's own header and content: [begin, end) of the archive.
struct Extent {
  std::uint64_t begin = 0, end = 0;
  const std::string* name = nullptr;
};

class ZipReader {
 public:
  ZipReader(std::span<const std::byte> image, const std::string& file) : image_(image), file_(file) {}

  Result<std::vector<ZipMember>> read() {
    LAB_ASSIGN(const Directory directory, find_directory());
    std::vector<ZipMember> members;
    members.reserve(directory.members);
    std::size_t offset = directory.offset;
    const std::size_t end = directory.offset + directory.bytes;
    for (std::uint64_t i = 0; i < directory.members; ++i) LAB_TRY(read_member(offset, end, directory.offset, members));
    if (offset != end)
      return refuse(Code::mismatch, "the directory holds more than its members", offset,
                    std::to_string(offset - directory.offset) + " bytes", std::to_string(directory.bytes));
    LAB_TRY(check_overlap(members));
    return members;
  }

 private:
  template <class Number>
  std::uint64_t at(std::size_t offset) const {
    return number_at<Number>(image_, offset);
  }
  Error refuse(Code code, std::string message, std::size_t offset, std::string expected = "", std::string found = "",
               std::string field = "") const {
    return {.code = code,
            .file = file_,
            .field = std::move(field),
            .offset = static_cast<std::int64_t>(offset),
            .expected = std::move(expected),
            .found = std::move(found),
            .message = std::move(message)};
  }

  // The end record is the last thing in the file but for a comment, whose length it tells.
  std::optional<std::size_t> find_end() const {
    if (image_.size() < kEndBytes) return std::nullopt;
    const std::size_t last = image_.size() - kEndBytes, first = last - std::min(last, kLongestComment);
    for (std::size_t offset = last + 1; offset-- > first;)
      if (at<std::uint32_t>(offset) == kEnd && at<std::uint16_t>(offset + 20) == last - offset) return offset;
    return std::nullopt;
  }

  Result<Directory> find_directory() const {
    const auto end = find_end();
    if (!end) return refuse(Code::truncated, "the archive has no directory at its end", image_.size(), "a complete zip archive");
    Directory directory{at<std::uint16_t>(*end + 10), at<std::uint32_t>(*end + 12), at<std::uint32_t>(*end + 16), *end};
    if (*end >= kLocatorBytes && at<std::uint32_t>(*end - kLocatorBytes) == kEnd64Locator) {
      const std::uint64_t where = at<std::uint64_t>(*end - kLocatorBytes + 8), limit = *end - kLocatorBytes;
      if (where > limit || limit - where < kEnd64Bytes || at<std::uint32_t>(where) != kEnd64)
        return refuse(Code::malformed, "the 64-bit end record is not where it should be", *end - kLocatorBytes + 8,
                      "an offset in the file", std::to_string(where));
      directory = {at<std::uint64_t>(where + 32), at<std::uint64_t>(where + 40), at<std::uint64_t>(where + 48), where};
    }
    if (directory.offset > directory.end || directory.bytes > directory.end - directory.offset)
      return refuse(Code::truncated, "the directory lies beyond the end of the file", directory.end,
                    "at most " + std::to_string(directory.end) + " bytes",
                    std::to_string(directory.bytes) + " from " + std::to_string(directory.offset));
    if (directory.members > directory.bytes / kCentralBytes || directory.members > kMostMembers)
      return refuse(Code::too_large, "the archive lists too many members", directory.end,
                    "at most " + std::to_string(std::min(kMostMembers, directory.bytes / kCentralBytes)),
                    std::to_string(directory.members));
    return directory;
  }

  // Reads the directory's entry at `offset`, moves `offset` behind it, and follows it to the member.
  Status read_member(std::size_t& offset, std::size_t end, std::size_t data_end, std::vector<ZipMember>& members) {
    if (end - offset < kCentralBytes || at<std::uint32_t>(offset) != kCentralHeader)
      return refuse(Code::malformed, "the directory is broken", offset, "an entry of the directory", "other bytes");
    const std::size_t name_bytes = at<std::uint16_t>(offset + 28), extra_bytes = at<std::uint16_t>(offset + 30),
                      comment_bytes = at<std::uint16_t>(offset + 32), entry = offset;
    if (end - offset - kCentralBytes < name_bytes + extra_bytes + comment_bytes)
      return refuse(Code::truncated, "an entry exceeds the directory", offset);
    ZipMember member{.name = text(offset + kCentralBytes, name_bytes),
                     .size = at<std::uint32_t>(offset + 24),
                     .crc = static_cast<std::uint32_t>(at<std::uint32_t>(offset + 16)),
                     .method = static_cast<std::uint16_t>(at<std::uint16_t>(offset + 10))};
    std::uint64_t packed = at<std::uint32_t>(offset + 20), where = at<std::uint32_t>(offset + 42);
    LAB_TRY(read_zip64(offset + kCentralBytes + name_bytes, extra_bytes, member, packed, where));
    offset += kCentralBytes + name_bytes + extra_bytes + comment_bytes;
    LAB_TRY(check_name(member.name, entry));
    if (at<std::uint16_t>(entry + 8) & kEncrypted)
      return refuse(Code::unsupported, "the member is encrypted", entry, "an archive without a password", "", member.name);
    if (member.is_stored() && packed != member.size)
      return refuse(Code::mismatch, "two sizes of a stored member disagree", entry, std::to_string(member.size),
                    std::to_string(packed), member.name);
    LAB_TRY(follow(where, packed, data_end, entry, member));
    members.push_back(std::move(member));
    return {};
  }

  std::string text(std::size_t offset, std::size_t bytes) const {
    return {reinterpret_cast<const char*>(image_.data()) + offset, bytes};
  }

  // Sizes that do not fit 32 bits stand in an extra field, in this order and only those.
  Status read_zip64(std::size_t offset, std::size_t bytes, ZipMember& member, std::uint64_t& packed, std::uint64_t& where) const {
    const std::size_t end = offset + bytes;
    while (end - offset >= 4) {
      const std::size_t kind = at<std::uint16_t>(offset), length = at<std::uint16_t>(offset + 2);
      offset += 4;
      if (length > end - offset)
        return refuse(Code::truncated, "an extra field exceeds its entry", offset - 4, "", "", member.name);
      std::size_t from = offset;
      for (std::uint64_t* size : {&member.size, &packed, &where})
        if (kind == kZip64Field && *size == kIn64Long && offset + length - from >= 8) {
          *size = at<std::uint64_t>(from);
          from += 8;
        }
      offset += length;
    }
    return {};
  }

  // A name is a path within the archive: nothing that could lead out of a folder.
  Status check_name(const std::string& name, std::size_t offset) {
    const std::string_view path = name;
    bool plain = !name.empty() && name[0] != '/' && path.find_first_of(std::string_view("\\\0", 2)) == path.npos;
    for (std::size_t begin = 0; begin <= path.size();) {
      const std::size_t slash = std::min(path.find('/', begin), path.size());
      plain = plain && path.substr(begin, slash - begin) != "..";
      begin = slash + 1;
    }
    if (!plain) return refuse(Code::malformed, "a member's name leads out of the archive", offset, "a relative path", name, name);
    if (!names_.insert(name).second)
      return refuse(Code::duplicate, "the same member appears twice", offset, "each name once", name, name);
    return {};
  }

  // The member's own header must say the same as the directory, but for sizes it leaves to a later record.
  Status follow(std::uint64_t where, std::uint64_t packed, std::uint64_t data_end, std::size_t entry, ZipMember& member) {
    if (where > data_end || data_end - where < kLocalBytes)
      return refuse(Code::truncated, "a member lies beyond the data", entry, "less than " + std::to_string(data_end),
                    std::to_string(where), member.name);
    const std::uint64_t name_bytes = at<std::uint16_t>(where + 26), extra_bytes = at<std::uint16_t>(where + 28);
    const std::uint64_t rest = data_end - where - kLocalBytes;
    if (at<std::uint32_t>(where) != kLocalHeader || name_bytes > rest || text(where + kLocalBytes, name_bytes) != member.name ||
        at<std::uint16_t>(where + 8) != member.method)
      return refuse(Code::mismatch, "a member's header disagrees with the directory", where,
                    "the header of " + printable(member.name), "another", member.name);
    if (name_bytes + extra_bytes > rest || packed > rest - name_bytes - extra_bytes)
      return refuse(Code::truncated, "a member exceeds the data", where, "at most " + std::to_string(rest) + " bytes",
                    std::to_string(packed), member.name);
    const std::uint64_t size = at<std::uint32_t>(where + 22);
    if (!(at<std::uint16_t>(where + 6) & kSizesFollow) && size != kIn64Long && size != member.size)
      return refuse(Code::mismatch, "a member's header disagrees with the directory", where,
                    std::to_string(member.size) + " bytes", std::to_string(size), member.name);
    member.bytes = image_.subspan(where + kLocalBytes + name_bytes + extra_bytes, packed);
    extents_.push_back({where, where + kLocalBytes + name_bytes + extra_bytes + packed, nullptr});
    return {};
  }

  Status check_overlap(const std::vector<ZipMember>& members) {
    for (std::size_t i = 0; i < members.size(); ++i) extents_[i].name = &members[i].name;
    std::sort(extents_.begin(), extents_.end(), [](const Extent& a, const Extent& b) { return a.begin < b.begin; });
    for (std::size_t i = 1; i < extents_.size(); ++i)
      if (extents_[i].begin < extents_[i - 1].end)
        return refuse(Code::overlap, "members overlap, after " + printable(*extents_[i - 1].name), extents_[i].begin,
                      "a member from " + std::to_string(extents_[i - 1].end), std::to_string(extents_[i].begin),
                      *extents_[i].name);
    return {};
  }

  std::span<const std::byte> image_;
  std::string file_;
  std::unordered_set<std::string> names_;
  std::vector<Extent> extents_;
};

// Inflates a whole member into `to`; false unless it gives exactly that many bytes.
bool inflate_into(std::span<const std::byte> from, std::span<std::byte> to) {
  constexpr int raw_deflate = -MAX_WBITS;
  constexpr std::size_t most = 1u << 30;  // zlib counts in 32 bits
  z_stream stream{};
  if (::inflateInit2(&stream, raw_deflate) != Z_OK) return false;
  std::byte spare{};  // something to point at when nothing is expected
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(from.data()));
  stream.next_out = reinterpret_cast<Bytef*>(to.empty() ? &spare : to.data());
  std::size_t in = from.size(), out = to.size();
  int result = Z_OK;
  while (result == Z_OK) {
    stream.avail_in = static_cast<uInt>(std::min(in, most));
    stream.avail_out = static_cast<uInt>(std::min(out, most));
    in -= stream.avail_in;
    out -= stream.avail_out;
    result = ::inflate(&stream, Z_NO_FLUSH);
    in += stream.avail_in;
    out += stream.avail_out;
  }
  ::inflateEnd(&stream);
  return result == Z_STREAM_END && in == 0 && out == 0;
}

}  // namespace

std::uint32_t zip::crc_of(std::span<const std::byte> bytes, std::uint32_t crc) {
  if (bytes.empty()) return crc;  // without bytes zlib begins anew
  return static_cast<std::uint32_t>(::crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

Result<std::vector<ZipMember>> read_zip(std::span<const std::byte> image, const std::string& file) {
  return ZipReader(image, file).read();
}

Result<std::span<const std::byte>> content_of(const ZipMember& member, const std::string& file, std::uint64_t& budget,
                                              std::shared_ptr<const void>& owner) {
  const auto refuse = [&](Code code, const char* message, std::string expected, std::string found) {
    return Error{.code = code,
                 .file = file,
                 .field = member.name,
                 .expected = std::move(expected),
                 .found = std::move(found),
                 .message = message};
  };
  std::span<const std::byte> content = member.bytes;
  if (!member.is_stored()) {
    if (member.method != kDeflated)
      return refuse(Code::unsupported, "the member's compression is not known", "stored or deflated",
                    "method " + std::to_string(member.method));
    if (member.size / kBestRatio > member.bytes.size())
      return refuse(Code::too_large, "the member cannot hold what it announces",
                    "at most " + std::to_string(kBestRatio) + " times " + std::to_string(member.bytes.size()),
                    std::to_string(member.size));
    if (member.size > budget)
      return refuse(Code::too_large, "the archive inflates to too much", "at most " + std::to_string(budget) + " more bytes",
                    std::to_string(member.size));
    budget -= member.size;
    auto inflated = std::make_shared<std::vector<std::byte>>(member.size);
    if (!inflate_into(member.bytes, *inflated))
      return refuse(Code::malformed, "the compressed data are broken", std::to_string(member.size) + " bytes", "");
    content = *inflated;
    owner = inflated;
  }
  if (const std::uint32_t crc = crc_of(content); crc != member.crc)
    return refuse(Code::mismatch, "the content disagrees with its checksum", std::to_string(member.crc), std::to_string(crc));
  return content;
}

}  // namespace lab
