#include "dns/reader.h"

#include "dns/codes.h"

namespace spillway::dns {
namespace {

constexpr size_t kLongestName = 255;  // bytes on the wire, RFC 1035, 2.3.4

Error cut() {
  return Error{Kind::invalid, kBadMessage, "not a DNS message: it ends too early"};
}

/// Appends a label as text, in lower case.
void append_label(std::string& name, std::string_view label) {
  if (!name.empty()) name += '.';
  for (const char c : label) {
    if (c >= 'A' && c <= 'Z')
      name += static_cast<char>(c - 'A' + 'a');
    else if (c > ' ' && c < 0x7f && c != '.' && c != '\\')
      name += c;
    else
      name += fmt::format("\\{:03}", static_cast<unsigned char>(c));
  }
}

}  // namespace

Result<std::string_view> Reader::take(size_t count) {
  if (count > bytes_.size() - at_) return cut();
  const std::string_view taken = bytes_.substr(at_, count);
  at_ += count;
  return taken;
}

Result<uint64_t> Reader::number(size_t bytes) {
  uint64_t value = 0;
  for (const char c : TRY(take(bytes))) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}
Result<uint16_t> Reader::u16() {
  return static_cast<uint16_t>(TRY(number(2)));
}
Result<uint32_t> Reader::u32() {
  return static_cast<uint32_t>(TRY(number(4)));
}
Result<uint64_t> Reader::u48() {
  return number(6);
}

Result<std::string> Reader::name() {
  std::string name;
  size_t length = 1, at = at_, floor = at_;
  bool jumped = false;
  for (;;) {
    if (at >= bytes_.size()) return cut();
    const auto head = static_cast<unsigned char>(bytes_[at]);
    if (head >= 0xc0) {
      if (at + 2 > bytes_.size()) return cut();
      const size_t target =
          static_cast<size_t>(head & 0x3f) << 8 | static_cast<unsigned char>(bytes_[at + 1]);
      if (target >= floor)
        return Error{Kind::invalid, kBadMessage, "not a DNS message: a name points forwards"};
      if (!jumped) at_ = at + 2;
      jumped = true;
      at = floor = target;
      continue;
    }
    if (head >= 0x40)
      return Error{Kind::invalid, kBadMessage, "not a DNS message: a label of an unknown kind"};
    if (head == 0) {
      if (!jumped) at_ = at + 1;
      return name;
    }
    if (at + 1 + head > bytes_.size()) return cut();
    length += 1 + head;
    if (length > kLongestName)
      return Error{Kind::invalid, kBadMessage, "not a DNS message: a name is too long"};
    append_label(name, bytes_.substr(at + 1, head));
    at += 1 + head;
  }
}

}  // namespace spillway::dns
