// Names and the data of records: from text to bytes and back.
#include <arpa/inet.h>

#include <array>

#include "base/text.h"
#include "dns/codes.h"
#include "dns/message.h"
#include "dns/reader.h"

namespace spillway::dns {
namespace {

Error bad_name(std::string_view name) {
  return Error{Kind::invalid, kBadName, fmt::format("not a name of DNS: {}", in_quotes(name))};
}

/// The byte that an escape stands for, and how long the escape is; 0 when it is none.
size_t unescape(std::string_view text, char& byte) {
  if (text.size() >= 4 && isdigit(text[1]) && isdigit(text[2]) && isdigit(text[3])) {
    const int value = (text[1] - '0') * 100 + (text[2] - '0') * 10 + (text[3] - '0');
    byte = static_cast<char>(value);
    return value < 256 ? 4 : 0;
  }
  if (text.size() < 2 || isdigit(text[1])) return 0;
  byte = text[1];
  return 2;
}

}  // namespace

void put16(std::string& out, uint16_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value);
}
void put32(std::string& out, uint32_t value) {
  put16(out, static_cast<uint16_t>(value >> 16));
  put16(out, static_cast<uint16_t>(value));
}

Result<void> put_name(std::string& out, std::string_view name) {
  const size_t begin = out.size();
  for (size_t at = 0; at < name.size();) {
    const size_t head = out.size();
    out += '\0';
    while (at < name.size() && name[at] != '.') {
      char byte = name[at];
      size_t used = 1;
      if (byte == '\\' && (used = unescape(name.substr(at), byte)) == 0) return bad_name(name);
      out += byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
      at += used;
    }
    const size_t length = out.size() - head - 1;
    if (length == 0 || length > 63) return bad_name(name);
    out[head] = static_cast<char>(length);
    ++at;  // the dot; one at the very end is allowed
  }
  out += '\0';
  return out.size() - begin > 255 ? Result<void>(bad_name(name)) : Result<void>();
}

Result<std::string> canonical(std::string_view name) {
  std::string wire;
  TRY(put_name(wire, name));
  return Reader{wire}.name();
}

Result<std::string> name_data(std::string_view name) {
  std::string data;
  TRY(put_name(data, name));
  return data;
}

Result<std::string> text_data(std::string_view text) {
  if (text.size() > 255)
    return Error{Kind::invalid, kBadName, fmt::format("too long for a TXT record: {}", in_quotes(text))};
  return std::string(1, static_cast<char>(text.size())) + std::string(text);
}

Result<std::string> address_data(const IpAddress& address) {
  std::array<char, 16> bytes;
  for (const auto& [family, size] : {std::pair{AF_INET, 4u}, std::pair{AF_INET6, 16u}})
    if (inet_pton(family, address.value.c_str(), bytes.data()) == 1) return std::string(bytes.data(), size);
  return Error{Kind::invalid, kBadAddress, fmt::format("not an address: {}", in_quotes(address.value))};
}

Result<std::string> read_name(std::string_view data) {
  return Reader{data}.name();
}

Result<std::string> read_text(std::string_view data) {
  std::string text;
  for (Reader reader{data}; !reader.at_end();) {
    const auto length = static_cast<unsigned char>(TRY(reader.take(1)).front());
    text += TRY(reader.take(length));
  }
  return text;
}

Result<IpAddress> read_address(std::string_view data) {
  std::array<char, INET6_ADDRSTRLEN> text;
  if (data.size() != 4 && data.size() != 16)
    return Error{Kind::invalid, kBadMessage, fmt::format("an address of {} bytes", data.size())};
  inet_ntop(data.size() == 4 ? AF_INET : AF_INET6, data.data(), text.data(), text.size());
  return IpAddress{text.data()};
}

Result<Soa> read_soa(std::string_view data) {
  Reader reader{data};
  Soa soa;
  soa.primary = TRY(reader.name());
  soa.contact = TRY(reader.name());
  for (uint32_t* each : {&soa.serial, &soa.refresh, &soa.retry, &soa.expire, &soa.minimum})
    *each = TRY(reader.u32());
  return soa;
}

}  // namespace spillway::dns
