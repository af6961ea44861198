#include "staging/names.h"

#include <fmt/format.h>

#include "base/text.h"
#include "staging/codes.h"

namespace spillway::staging {

/// Source: RFC 3629, 4.
size_t utf8_length(std::string_view text) {
  const auto at = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [&](size_t i) { return (at(i) & 0xC0U) == 0x80U; };
  const unsigned first = at(0);
  if (text.empty()) return 0;
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!follows(1) || !follows(2)) return 0;
    const bool overlong = first == 0xE0 && at(1) < 0xA0, surrogate = first == 0xED && at(1) > 0x9F;
    return overlong || surrogate ? 0 : 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    return (first == 0xF0 && at(1) < 0x90) || (first == 0xF4 && at(1) > 0x8F) ? 0 : 4;
  }
  return 0;
}

std::string key_of_name(std::string_view name) {
  std::string key;
  key.reserve(name.size());
  while (!name.empty()) {
    const size_t length = utf8_length(name);
    if (length == 0)
      key += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(name[0])));
    else
      key.append(name.substr(0, length));
    name.remove_prefix(std::max<size_t>(length, 1));
  }
  return key;
}

Result<void> check_key(std::string_view key) {
  const auto refuse = [&](std::string_view why) {
    return Error{Kind::invalid, kUnsafeKey, fmt::format("{} is not written: {}", in_quotes(key), why)};
  };
  if (key.find('\0') != std::string_view::npos) return refuse("it has a zero byte in it");
  if (key.ends_with('/')) key.remove_suffix(1);
  for (const std::string_view part : split(key, '/')) {
    if (part.empty()) return refuse("a part of it is empty");
    if (part == "." || part == "..") return refuse(fmt::format("it has \"{}\" in it", part));
    if (part.size() > 255) return refuse("a part of it is longer than a file's name may be");
  }
  return {};
}

Result<void> check_length(std::string_view whole_key) {
  if (whole_key.size() <= 1024) return {};
  return Error{Kind::invalid, kBadName,
               fmt::format("{} has {} bytes", in_quotes(whole_key, 60), whole_key.size())};
}

bool is_temporary(std::string_view name) {
  return name.starts_with(kTemporary);
}

}  // namespace spillway::staging
