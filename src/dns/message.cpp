#include "dns/message.h"

#include "base/text.h"
#include "dns/codes.h"
#include "dns/reader.h"

namespace spillway::dns {
namespace {

constexpr size_t kLargest = 65535;

Error broken(std::string_view what) {
  return Error{Kind::invalid, kBadMessage, fmt::format("not a DNS message: {}", what)};
}

/// The record's data with the names in it written out, for the types whose names may be compressed.
Result<std::string> expanded(std::string_view bytes, size_t from, size_t length, Type type) {
  Reader reader{bytes.substr(0, from + length), from};
  std::string data;
  switch (type) {
    case Type::ns:
    case Type::cname:
    case Type::ptr:
      TRY(put_name(data, TRY(reader.name())));
      break;
    case Type::soa:
      TRY(put_name(data, TRY(reader.name())));
      TRY(put_name(data, TRY(reader.name())));
      data += TRY(reader.take(20));
      break;
    default:
      return std::string(bytes.substr(from, length));
  }
  if (!reader.at_end()) return broken("a record's data is longer than its type");
  return data;
}

Result<Record> parse_record(Reader& reader) {
  Record record;
  record.name = TRY(reader.name());
  record.type = Type{TRY(reader.u16())};
  record.cls = Class{TRY(reader.u16())};
  record.ttl = TRY(reader.u32());
  const size_t length = TRY(reader.u16());
  const size_t from = reader.at();
  TRY(reader.take(length));
  // In an update, data may be absent where its type would have names (RFC 2136, 2.5.2).
  if (length > 0) record.data = TRY(expanded(reader.bytes(), from, length, record.type));
  return record;
}

Result<void> parse_section(Reader& reader, size_t count, std::vector<Record>& into) {
  for (size_t i = 0; i < count; ++i) into.push_back(TRY(parse_record(reader)));
  return {};
}

Result<void> put_records(std::string& out, const std::vector<Record>& records) {
  for (const Record& record : records) {
    TRY(put_name(out, record.name));
    put16(out, static_cast<uint16_t>(record.type));
    put16(out, static_cast<uint16_t>(record.cls));
    put32(out, record.ttl);
    put16(out, static_cast<uint16_t>(record.data.size()));
    out += record.data;
  }
  return {};
}

}  // namespace

std::string to_string(Rcode rcode) {
  constexpr std::string_view kWords[] = {"NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
                                         "YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE"};
  const auto index = static_cast<size_t>(rcode);
  return index < std::size(kWords) ? std::string(kWords[index]) : fmt::format("code {}", index);
}

Result<Message> parse(std::string_view bytes) {
  Reader reader{bytes};
  Message message;
  message.id = TRY(reader.u16());
  const uint16_t flags = TRY(reader.u16());
  message.is_answer = flags & 0x8000;
  message.opcode = Opcode{static_cast<uint8_t>(flags >> 11 & 0xf)};
  message.authoritative = flags & 0x0400;
  message.truncated = flags & 0x0200;
  message.recursion_desired = flags & 0x0100;
  message.recursion_available = flags & 0x0080;
  message.rcode = Rcode{static_cast<uint8_t>(flags & 0xf)};
  const size_t questions = TRY(reader.u16()), answers = TRY(reader.u16()), authorities = TRY(reader.u16());
  const size_t additional = TRY(reader.u16());
  for (size_t i = 0; i < questions; ++i) {
    Question question;
    question.name = TRY(reader.name());
    question.type = Type{TRY(reader.u16())};
    question.cls = Class{TRY(reader.u16())};
    message.questions.push_back(std::move(question));
  }
  TRY(parse_section(reader, answers, message.answers));
  TRY(parse_section(reader, authorities, message.authorities));
  for (size_t i = 0; i < additional; ++i) {
    const size_t from = reader.at();
    message.additional.push_back(TRY(parse_record(reader)));
    if (message.additional.back().type != Type::tsig) continue;
    if (i + 1 != additional) return broken("a signature that is not the last record");
    message.signature_at = from;
  }
  if (!reader.at_end()) return broken("bytes after its end");
  return message;
}

Result<std::string> write(const Message& message) {
  std::string out;
  put16(out, message.id);
  uint16_t flags = static_cast<uint16_t>(static_cast<unsigned>(message.opcode) << 11 |
                                         static_cast<unsigned>(message.rcode));
  flags = static_cast<uint16_t>(flags | message.is_answer << 15 | message.authoritative << 10 |
                                message.truncated << 9 | message.recursion_desired << 8 |
                                message.recursion_available << 7);
  put16(out, flags);
  for (const size_t count : {message.questions.size(), message.answers.size(), message.authorities.size(),
                             message.additional.size()})
    put16(out, static_cast<uint16_t>(count));
  for (const Question& question : message.questions) {
    TRY(put_name(out, question.name));
    put16(out, static_cast<uint16_t>(question.type));
    put16(out, static_cast<uint16_t>(question.cls));
  }
  TRY(put_records(out, message.answers));
  TRY(put_records(out, message.authorities));
  TRY(put_records(out, message.additional));
  if (out.size() > kLargest) return broken(fmt::format("{} bytes are too many for one", out.size()));
  return out;
}

Result<std::string> write_question(const Question& question, bool recursion) {
  return write(Message{.recursion_desired = recursion, .questions = {question}});
}

}  // namespace spillway::dns
