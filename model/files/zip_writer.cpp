#include "model/files/zip_writer.h"

#include "model/files/zip_format.h"

namespace lab {

using namespace zip;

namespace {

constexpr std::uint16_t kFirstDay = (0 << 9) | (1 << 5) | 1;  // 1980-01-01: equal content gives equal bytes

}  // namespace

Status ZipWriter::add(const std::string& name, const std::string& head, std::span<const std::byte> body) {
  const std::uint32_t crc = crc_of(body, crc_of(std::as_bytes(std::span(head))));
  const std::uint64_t size = head.size() + body.size();
  Record local;
  local.put(kLocalHeader).put(kZip64Version);
  put_common(local, crc, name);
  local.put(std::uint16_t{20}).put_text(name).put(kZip64Field).put(std::uint16_t{16}).put(size).put(size);
  central_.put(kCentralHeader).put(kZip64Version).put(kZip64Version);
  put_common(central_, crc, name);
  central_.put(std::uint16_t{28}).put(std::uint16_t{0}).put(std::uint16_t{0}).put(std::uint16_t{0}).put(std::uint32_t{0});
  central_.put(kIn64Long).put_text(name).put(kZip64Field).put(std::uint16_t{24}).put(size).put(size).put(at_);
  ++members_;
  LAB_TRY(append(std::as_bytes(std::span(local.text()))));
  LAB_TRY(append(std::as_bytes(std::span(head))));
  return append(body);
}

Status ZipWriter::finish() {
  const std::uint64_t begin = at_, size = central_.text().size(), end = begin + size;
  Record& r = central_;
  r.put(kEnd64).put(std::uint64_t{44}).put(kZip64Version).put(kZip64Version).put(std::uint32_t{0}).put(std::uint32_t{0});
  r.put(members_).put(members_).put(size).put(begin);
  r.put(kEnd64Locator).put(std::uint32_t{0}).put(end).put(std::uint32_t{1});
  r.put(kEnd)
      .put(std::uint16_t{0})
      .put(std::uint16_t{0})
      .put(kIn64)
      .put(kIn64)
      .put(kIn64Long)
      .put(kIn64Long)
      .put(std::uint16_t{0});
  LAB_TRY(append(std::as_bytes(std::span(central_.text()))));
  return file_.commit(static_cast<std::int64_t>(at_));
}

// The fields that a member's two headers share, up to the length of its name.
void ZipWriter::put_common(Record& record, std::uint32_t crc, const std::string& name) {
  record.put(kUtf8Names).put(std::uint16_t{0}).put(std::uint16_t{0}).put(kFirstDay).put(crc).put(kIn64Long).put(kIn64Long);
  record.put(static_cast<std::uint16_t>(name.size()));
}

Status ZipWriter::append(std::span<const std::byte> bytes) {
  LAB_TRY(file_.write_at(static_cast<std::int64_t>(at_), bytes));
  at_ += bytes.size();
  return {};
}

}  // namespace lab
