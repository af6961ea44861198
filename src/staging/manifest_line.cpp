#include <fmt/format.h>

#include <charconv>

#include "base/crc64.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/text.h"
#include "staging/codes.h"
#include "staging/manifest.h"
#include "staging/names.h"

// Lines of a manifest. A million of them are written and read by hand: a general reader of JSON takes several
// times as long.
namespace spillway::staging {
namespace {

constexpr std::string_view kTypes[] = {"file", "directory", "symlink"};

void append_text(std::string& out, std::string_view name, std::string_view value) {
  out.append(",\"").append(name).append("\":\"");
  for (const char c : value) {
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out += fmt::format("\\u{:04x}", static_cast<int>(c));
    else
      out += c;
  }
  out += '"';
}

void append_number(std::string& out, std::string_view name, int64_t value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(",\"").append(name).append("\":").append(digits, static_cast<size_t>(end - digits));
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string from_hex(std::string_view text) {
  std::string out;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    unsigned byte = 0;
    const auto read = std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
    if (read.ptr != text.data() + i + 2) return "";
    out += static_cast<char>(byte);
  }
  return out;
}

std::optional<uint64_t> crc_from(std::string_view text) {
  const auto bytes = from_base64(text);
  if (!bytes || bytes->size() != 8) return std::nullopt;
  uint64_t sum = 0;
  for (const char c : *bytes) sum = sum << 8 | static_cast<unsigned char>(c);
  return sum;
}

Error damaged(std::string_view line, std::string_view why) {
  return Error{Kind::invalid, kBadManifest,
               fmt::format("the manifest's line {}: {}", in_quotes(line, 80), why)};
}

/// A member of a line: text, or a number or word as it stands. Advances `at` past it. Escapes other than
/// those that we write are left to the general reader.
struct Member {
  std::string_view name, value;
  bool text = false;
};
bool next_member(std::string_view line, size_t& at, Member& member) {
  const auto quoted = [&](std::string_view& into) {
    const size_t end = line.find('"', at + 1);
    if (at >= line.size() || line[at] != '"' || end == std::string_view::npos) return false;
    into = line.substr(at + 1, end - at - 1);
    at = end + 1;
    return true;
  };
  if (at >= line.size() || (line[at] != ',' && line[at] != '{')) return false;
  ++at;
  if (!quoted(member.name) || at >= line.size() || line[at] != ':') return false;
  ++at;
  member.text = at < line.size() && line[at] == '"';
  if (member.text) return quoted(member.value);
  const size_t end = line.find_first_of(",}", at);
  if (end == std::string_view::npos) return false;
  member.value = line.substr(at, end - at);
  at = end;
  return true;
}

Result<void> take(Entry& entry, const Member& member, std::string_view line) {
  const std::string_view value = member.value;
  const auto number = [&] { return parse_int(value).value_or(-1); };
  if (member.name == "key")
    entry.key = value;
  else if (member.name == "type") {
    size_t type = 0;
    while (type < 3 && kTypes[type] != value) ++type;
    if (type == 3) return damaged(line, "a type that is not known");
    entry.type = static_cast<EntryType>(type);
  } else if (member.name == "mode")
    entry.mode = static_cast<uint32_t>(std::strtoul(std::string(value).c_str(), nullptr, 8)) & 07777;
  else if (member.name == "mtime_ns")
    entry.mtime_ns = parse_int(value).value_or(0);
  else if (member.name == "size")
    entry.size = number();
  else if (member.name == "sha256")
    entry.sha256 = from_hex(value);
  else if (member.name == "crc64nvme")
    entry.crc64 = crc_from(value);
  else if (member.name == "etag")
    entry.etag = value;
  else if (member.name == "sparse")
    entry.sparse = value == "true";
  else if (member.name == "link")
    entry.link = value;
  else if (member.name == "link64")
    entry.link = TRY(from_base64(value));
  else if (member.name == "path64")
    entry.path = TRY(from_base64(value));
  return {};
}

Result<void> check(const Entry& entry, std::string_view line) {
  if (entry.key.empty() || !check_key(entry.key)) return damaged(line, "no key that can be written");
  if (!entry.path.empty() && (!check_key(entry.path) || entry.path.starts_with('/')))
    return damaged(line, "no path that can be written");
  if ((entry.type == EntryType::directory) != entry.key.ends_with('/'))
    return damaged(line, "its key does not fit its type");
  if (entry.size < 0) return damaged(line, "a size below 0");
  if (entry.type == EntryType::file && entry.sha256.size() != 32) return damaged(line, "no SHA-256");
  return {};
}

/// What has escapes or attributes in it: the general reader.
Result<Entry> read_the_long_way(std::string_view line) {
  const auto json = Json::parse(line);
  if (!json || !json->is_object()) return damaged(line, "no JSON");
  Entry entry;
  for (const auto& [name, value] : json->members()) {
    if (name == "xattrs") {
      for (const auto& [attribute, bytes] : value.members())
        entry.xattrs[attribute] = TRY(from_base64(bytes.as_string()));
      continue;
    }
    const std::string text = value.is_string() ? value.as_string() : value.dump();
    TRY(take(entry, {name, text, value.is_string()}, line));
  }
  TRY(check(entry, line));
  return entry;
}

}  // namespace

std::string manifest_line(const Entry& entry) {
  std::string out;
  out.reserve(320);
  append_text(out, "key", entry.key);
  out[0] = '{';
  append_text(out, "type", kTypes[static_cast<size_t>(entry.type)]);
  if (entry.mode != 0) append_text(out, "mode", fmt::format("{:04o}", entry.mode));
  append_number(out, "mtime_ns", entry.mtime_ns);
  if (entry.type == EntryType::file) append_number(out, "size", entry.size);
  if (!entry.sha256.empty()) append_text(out, "sha256", to_hex(entry.sha256));
  if (entry.crc64) append_text(out, "crc64nvme", crc64_text(*entry.crc64));
  if (!entry.etag.empty()) append_text(out, "etag", entry.etag);
  if (entry.sparse) out += ",\"sparse\":true";
  if (!entry.link.empty() && is_utf8(entry.link)) append_text(out, "link", entry.link);
  if (!entry.link.empty() && !is_utf8(entry.link)) append_text(out, "link64", to_base64(entry.link));
  if (!entry.path.empty()) append_text(out, "path64", to_base64(entry.path));
  if (!entry.xattrs.empty()) {
    std::string inner;
    for (const auto& [name, value] : entry.xattrs) append_text(inner, name, to_base64(value));
    inner[0] = '{';
    out.append(",\"xattrs\":").append(inner).append("}");
  }
  return out.append("}\n");
}

Result<Entry> read_manifest_line(std::string_view line) {
  if (line.find('\\') != std::string_view::npos || line.find("\"xattrs\"") != std::string_view::npos)
    return read_the_long_way(line);
  Entry entry;
  size_t at = 0;
  Member member;
  while (next_member(line, at, member)) TRY(take(entry, member, line));
  if (at + 1 != line.size() || line[at] != '}') return read_the_long_way(line);
  TRY(check(entry, line));
  return entry;
}

}  // namespace spillway::staging
