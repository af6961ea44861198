#include "dns/owned_zone.h"

#include <algorithm>

#include "dns/codes.h"

namespace spillway::dns {
namespace {

constexpr size_t kMessageAtMost = 64'000;  // leaves room for the signature
constexpr int kLooksAtMost = 3;

}  // namespace

std::string OwnedZone::instance_of(std::string_view data) const {
  const auto text = read_text(data);
  return text && text->starts_with(prefix_) ? text->substr(prefix_.size()) : std::string{};
}

Result<void> OwnedZone::write(const Change& change, Update& update) const {
  const bool put = change.action == Change::Action::put;
  const bool ours = change.state == Change::State::ours;
  if (ours)
    for (const std::string& each : change.seen) TRY(update.require(change.name, Type::txt, each));
  else if (put)
    TRY(update.require_unused(change.name));
  else
    TRY(update.require(change.name, Type::txt, change.owner));
  if (ours || !put)
    for (const auto& [type, data] : change.records) TRY(update.remove_all(change.name, type));
  if (!put) return update.remove(change.name, Type::txt, change.owner);
  for (const std::string& each : change.seen)
    if (each != change.owner && !instance_of(each).empty()) TRY(update.remove(change.name, Type::txt, each));
  TRY(update.add(change.name, Type::txt, ttl_s_, change.owner));
  for (const auto& [type, data] : change.records) TRY(update.add(change.name, type, ttl_s_, data));
  return {};
}

Result<std::vector<OwnedZone::Batch>> OwnedZone::pack(const Batch& changes) const {
  std::vector<Batch> batches;
  Update update = TRY(Update::of(zone_));
  for (Change* change : changes) {
    Update alone = TRY(Update::of(zone_));
    const size_t head = alone.size();
    TRY(write(*change, alone));
    if (batches.empty() || update.size() + alone.size() - head > kMessageAtMost) {
      batches.emplace_back();
      update = TRY(Update::of(zone_));
    }
    TRY(write(*change, update));
    batches.back().push_back(change);
  }
  return batches;
}

Result<std::vector<OwnedZone::Batch>> OwnedZone::send(const std::vector<Batch>& batches, Deadline deadline) {
  std::vector<std::string> messages;
  for (const Batch& batch : batches) {
    Update update = TRY(Update::of(zone_));
    for (const Change* change : batch) TRY(write(*change, update));
    messages.push_back(update.bytes());
  }
  const std::vector<Message> answers = TRY(session_.ask(std::move(messages), deadline));
  std::vector<Batch> refused;
  for (size_t i = 0; i < batches.size(); ++i) {
    const Rcode rcode = answers[i].rcode;
    if (is_conflict(rcode)) {
      refused.push_back(batches[i]);
    } else if (rcode != Rcode::noerror) {
      return rcode_error(rcode, fmt::format("update {} names of zone {}", batches[i].size(), zone_),
                         session_.peer());
    } else {
      for (Change* change : batches[i]) change->state = Change::State::done;
    }
  }
  return refused;
}

Result<void> OwnedZone::attempt(std::vector<Change>& changes, Deadline deadline) {
  Batch all;
  for (Change& change : changes)
    if (change.open()) all.push_back(&change);
  TRY(send(TRY(pack(all)), deadline));
  return {};
}

Result<void> OwnedZone::look(std::vector<Change>& changes, Deadline deadline) {
  Batch open;
  for (Change& change : changes)
    if (change.open()) open.push_back(&change);
  return look_at(open, deadline);
}

Result<void> OwnedZone::look_at(const Batch& changes, Deadline deadline) {
  std::vector<std::string> questions;
  for (const Change* change : changes) questions.push_back(TRY(write_question({change->name, Type::txt})));
  const std::vector<Message> answers = TRY(session_.ask(std::move(questions), deadline));
  for (size_t i = 0; i < changes.size(); ++i) {
    Change& change = *changes[i];
    ++change.looks;
    change.seen.clear();
    const Message& answer = answers[i];
    if (answer.rcode != Rcode::noerror && answer.rcode != Rcode::nxdomain)
      return rcode_error(answer.rcode, "look up " + change.name, session_.peer());
    bool ours = false;
    for (const Record& record : answer.answers) {
      if (record.type != Type::txt || record.name != change.name) continue;
      change.seen.push_back(record.data);
      ours = ours || !instance_of(record.data).empty();
    }
    if (change.action == Change::Action::remove)
      ours = std::find(change.seen.begin(), change.seen.end(), change.owner) != change.seen.end();
    change.state = ours                              ? Change::State::ours
                   : answer.rcode == Rcode::nxdomain ? Change::State::free
                                                     : Change::State::other;
    // Where our TXT is gone, or names another instance, nothing is left that we may remove.
    if (change.action == Change::Action::remove && !ours) change.state = Change::State::done;
  }
  return {};
}

Result<void> OwnedZone::judge(Change& change, Deadline deadline) {
  const Change::State before = change.state;
  const auto seen = change.seen;
  TRY(look_at({&change}, deadline));
  if (!change.open()) return {};
  const bool same = change.state == before && change.seen == seen;
  if (same || change.looks > kLooksAtMost)
    change.state = change.action == Change::Action::put ? Change::State::foreign : Change::State::done;
  return {};
}

Result<void> OwnedZone::settle(std::vector<Change>& changes, Deadline deadline) {
  // What may well be foreign goes apart, so that it does not refuse the rest.
  std::vector<Batch> batches;
  for (const Change::State state : {Change::State::ours, Change::State::free, Change::State::other}) {
    Batch alike;
    for (Change& change : changes)
      if (change.state == state) alike.push_back(&change);
    for (Batch& batch : TRY(pack(alike))) batches.push_back(std::move(batch));
  }
  while (!batches.empty()) {
    std::vector<Batch> next;
    for (Batch& batch : TRY(send(batches, deadline))) {
      if (batch.size() == 1) {
        TRY(judge(*batch.front(), deadline));
        if (batch.front()->open()) next.push_back(std::move(batch));
        continue;
      }
      const auto middle = batch.begin() + static_cast<std::ptrdiff_t>(batch.size() / 2);
      next.emplace_back(batch.begin(), middle);
      next.emplace_back(middle, batch.end());
    }
    batches = std::move(next);
  }
  return {};
}

Result<void> OwnedZone::apply(std::vector<Change>& changes, Deadline deadline) {
  TRY(attempt(changes, deadline));
  TRY(look(changes, deadline));
  return settle(changes, deadline);
}

}  // namespace spillway::dns
