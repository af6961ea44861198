#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/ids.h"

// DNS messages as RFC 1035 and RFC 2136 lay them out. A name is text in lower case without the last dot; a
// byte that is no plain character of a name stands as \DDD. The root is "".
namespace spillway::dns {

enum class Type : uint16_t {
  a = 1,
  ns = 2,
  cname = 5,
  soa = 6,
  ptr = 12,
  txt = 16,
  aaaa = 28,
  tsig = 250,
  any = 255
};
enum class Class : uint16_t { in = 1, none = 254, any = 255 };
enum class Opcode : uint8_t { query = 0, update = 5 };
enum class Rcode : uint8_t {
  noerror,
  formerr,
  servfail,
  nxdomain,
  notimp,
  refused,
  yxdomain,
  yxrrset,
  nxrrset,
  notauth,
  notzone
};
/// "NXDOMAIN".
std::string to_string(Rcode rcode);

struct Question {
  std::string name;
  Type type = Type::a;
  Class cls = Class::in;
  bool operator==(const Question&) const = default;
};

struct Record {
  std::string name;
  Type type = Type::a;
  Class cls = Class::in;
  uint32_t ttl = 0;
  std::string data;  // as on the wire, names in it not compressed
  bool operator==(const Record&) const = default;
};

/// In an update the sections are the zone, the prerequisites, the changes and the rest.
struct Message {
  uint16_t id = 0;
  Opcode opcode = Opcode::query;
  bool is_answer = false, authoritative = false, truncated = false;
  bool recursion_desired = false, recursion_available = false;
  Rcode rcode = Rcode::noerror;
  std::vector<Question> questions;
  std::vector<Record> answers, authorities, additional;
  size_t signature_at = 0;  // where a last TSIG record begins; 0: there is none
};

/// Reads a message. Bytes after its end, pointers that do not lead backwards, and records that do not fit are
/// errors. Errors: invalid (SPW-DNS-001).
Result<Message> parse(std::string_view bytes);
/// Errors: invalid (SPW-DNS-002; or more than 64 KiB).
Result<std::string> write(const Message& message);
/// A plain question with recursion as asked, ready to send.
Result<std::string> write_question(const Question& question, bool recursion = false);

/// Appends a name, uncompressed. Errors: invalid (SPW-DNS-002).
Result<void> put_name(std::string& out, std::string_view name);
void put16(std::string& out, uint16_t value);
void put32(std::string& out, uint32_t value);
/// The same name as text of this room: lower case, no last dot. Errors: invalid (SPW-DNS-002).
Result<std::string> canonical(std::string_view name);

// What stands in the data of a record.
Result<std::string> name_data(std::string_view name);
/// One TXT string of at most 255 bytes.
Result<std::string> text_data(std::string_view text);
/// Four or sixteen bytes, which tell A from AAAA. Errors: invalid (SPW-DNS-003).
Result<std::string> address_data(const IpAddress& address);

struct Soa {
  std::string primary, contact;
  uint32_t serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0;
};
// The way back. Errors: invalid (SPW-DNS-001).
Result<std::string> read_name(std::string_view data);
/// All strings of a TXT record, joined.
Result<std::string> read_text(std::string_view data);
Result<IpAddress> read_address(std::string_view data);
Result<Soa> read_soa(std::string_view data);

}  // namespace spillway::dns
