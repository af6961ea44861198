#include "dns/fake.h"

#include <algorithm>

namespace spillway::dns {
namespace {

bool matches(const Record& record, Type type) {
  return type == Type::any || record.type == type;
}

bool lies_in(const std::string& name, const std::string& zone) {
  return name == zone || name.ends_with("." + zone);
}

}  // namespace

void FakeNameServer::add_zone(const std::string& zone, uint32_t minimum) {
  std::string soa = *name_data("ns." + zone) + *name_data("admin." + zone);
  for (const uint32_t each : {1u, 60u, 60u, 3600u, minimum}) put32(soa, each);
  zones_[zone][zone] = {{zone, Type::soa, Class::in, 60, soa}};
}

const FakeNameServer::Zone* FakeNameServer::zone_of(const std::string& name) const {
  for (const auto& [zone, names] : zones_)
    if (lies_in(name, zone)) return &names;
  return nullptr;
}

void FakeNameServer::write(const std::string& name, Type type, std::string data) {
  (*zone_of(name))[name].push_back({name, type, Class::in, 60, std::move(data)});
}

std::vector<std::string> FakeNameServer::at(const std::string& name, Type type) const {
  std::vector<std::string> found;
  const Zone* zone = zone_of(name);
  if (!zone || !zone->contains(name)) return found;
  for (const Record& record : zone->at(name)) {
    if (record.type != type) continue;
    found.push_back(type == Type::ptr   ? *read_name(record.data)
                    : type == Type::txt ? *read_text(record.data)
                                        : read_address(record.data)->value);
  }
  return found;
}

std::vector<std::string> FakeNameServer::names() const {
  std::vector<std::string> all;
  for (const auto& [origin, zone] : zones_)
    for (const auto& [name, records] : zone)
      if (name != origin) all.push_back(name);
  return all;
}

Result<std::vector<std::string>> FakeNameServer::send(const std::vector<std::string>& messages, Deadline) {
  if (fault) return *fault;
  std::vector<std::string> answers;
  for (const std::string& message : messages) answers.push_back(answer(message));
  return answers;
}

std::string FakeNameServer::answer(const std::string& bytes) {
  const auto question = parse(bytes);
  Message reply{.is_answer = true, .rcode = Rcode::formerr};
  if (!question) return *dns::write(reply);
  reply.id = question->id;
  reply.opcode = question->opcode;
  reply.questions = question->questions;
  const auto tsig = read_tsig(*question);
  if (!tsig) return *dns::write(respond(*question, ""));

  // RFC 8945, 5.2: key, signature, time; the answers to the first two are not signed.
  const auto key = keys_.find(tsig->key);
  const bool known = key != keys_.end() && tsig->algorithm == to_string(key->second.algorithm);
  if (!known || !verifies(bytes, *question, *tsig, key->second)) {
    reply.rcode = Rcode::notauth;
    std::string data = *name_data(tsig->algorithm) + tsig_time_bytes(tsig->signed_at);
    put16(data, tsig->fudge);
    put16(data, 0);
    put16(data, question->id);
    put16(data, static_cast<uint16_t>(known ? TsigError::bad_signature : TsigError::bad_key));
    put16(data, 0);
    reply.additional.push_back({tsig->key, Type::tsig, Class::any, 0, data});
    return *dns::write(reply);
  }
  const uint64_t now = tsig_seconds(clock_.now() + ahead);
  Tsig facts{.signed_at = now};
  if (std::max(now, tsig->signed_at) - std::min(now, tsig->signed_at) > tsig->fudge) {
    reply.rcode = Rcode::notauth;
    facts.signed_at = tsig->signed_at;
    facts.error = TsigError::bad_time;
    facts.other = tsig_time_bytes(now);
  } else {
    reply = respond(*question, tsig->key);
  }
  return sign(*dns::write(reply), key->second, facts, tsig->mac)->bytes;
}

Message FakeNameServer::respond(const Message& question, const std::string& key) {
  Message reply{
      .id = question.id, .opcode = question.opcode, .is_answer = true, .questions = question.questions};
  if (question.questions.size() != 1) {
    reply.rcode = Rcode::formerr;
  } else if (question.opcode == Opcode::query) {
    look_up(question, reply);
  } else if (!zones_.contains(question.questions[0].name)) {
    reply.rcode = Rcode::notauth;
  } else if (key.empty()) {
    reply.rcode = Rcode::refused;
  } else {
    reply.rcode = update(question, key);
  }
  return reply;
}

void FakeNameServer::look_up(const Message& question, Message& answer) const {
  const Question& asked = question.questions[0];
  const Zone* zone = zone_of(asked.name);
  if (!zone) {
    answer.rcode = Rcode::refused;
    return;
  }
  answer.authoritative = true;
  const auto found = zone->find(asked.name);
  if (found == zone->end())
    answer.rcode = Rcode::nxdomain;
  else
    std::copy_if(found->second.begin(), found->second.end(), std::back_inserter(answer.answers),
                 [&](const Record& record) { return matches(record, asked.type); });
  if (!answer.answers.empty()) return;
  for (const auto& [name, records] : *zone)
    for (const Record& record : records)
      if (record.type == Type::soa) answer.authorities.push_back(record);
}

/// RFC 2136, 3.2: prerequisites.
Rcode FakeNameServer::check(const Zone& zone, const Message& question) const {
  std::map<std::pair<std::string, Type>, std::set<std::string>> sets;
  for (const Record& wanted : question.answers) {
    if (!lies_in(wanted.name, question.questions[0].name)) return Rcode::notzone;
    const auto name = zone.find(wanted.name);
    const bool exists =
        name != zone.end() && std::any_of(name->second.begin(), name->second.end(),
                                          [&](const Record& each) { return matches(each, wanted.type); });
    if (wanted.cls == Class::any && !exists)
      return wanted.type == Type::any ? Rcode::nxdomain : Rcode::nxrrset;
    if (wanted.cls == Class::none && exists)
      return wanted.type == Type::any ? Rcode::yxdomain : Rcode::yxrrset;
    if (wanted.cls == Class::in) sets[{wanted.name, wanted.type}].insert(wanted.data);
  }
  for (const auto& [key, wanted] : sets) {
    std::set<std::string> there;
    if (const auto name = zone.find(key.first); name != zone.end())
      for (const Record& each : name->second)
        if (each.type == key.second) there.insert(each.data);
    if (there != wanted) return Rcode::nxrrset;
  }
  return Rcode::noerror;
}

/// RFC 2136, 3.4.2: one change.
void FakeNameServer::change(Zone& zone, const Record& record) const {
  std::vector<Record>& records = zone[record.name];
  if (record.cls == Class::in) {
    const auto same = std::find_if(records.begin(), records.end(), [&](const Record& each) {
      return each.type == record.type && each.data == record.data;
    });
    if (same == records.end()) records.push_back(record);
  } else {
    std::erase_if(records, [&](const Record& each) {
      return each.type != Type::soa && matches(each, record.type) &&
             (record.cls == Class::any || each.data == record.data);
    });
  }
  if (records.empty()) zone.erase(record.name);
}

Rcode FakeNameServer::update(const Message& question, const std::string& key) {
  ++updates_;
  Zone& zone = zones_.at(question.questions[0].name);
  for (const Record& record : question.authorities) {
    if (!lies_in(record.name, question.questions[0].name)) return Rcode::notzone;
    if (!granted.contains(record.type) || powerless.contains(key)) return Rcode::refused;
  }
  if (const Rcode refused = check(zone, question); refused != Rcode::noerror) return refused;
  for (const Record& record : question.authorities) change(zone, record);
  return Rcode::noerror;
}

}  // namespace spillway::dns
