#include "dns/owned_zone.h"

#include <algorithm>
#include <optional>

#include "dns/codes.h"

namespace spillway::dns {
namespace {

constexpr size_t kMessageFull =
    62'000;  // of 65,535 bytes; named syncs its disk for each message, so few are fast
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

OwnedZone::Batch OwnedZone::open_of(std::span<Change> changes) {
  Batch open;
  for (Change& change : changes)
    if (change.open()) open.push_back(&change);
  return open;
}

Result<OwnedZone::Attempt> OwnedZone::prepare(const Batch& changes) const {
  Attempt attempt;
  std::optional<Update> update;
  for (Change* change : changes) {
    if (!update) {
      update = TRY(Update::of(zone_));
      attempt.batches.emplace_back();
    }
    TRY(write(*change, *update));
    attempt.batches.back().push_back(change);
    if (update->size() < kMessageFull) continue;
    attempt.messages.push_back(update->bytes());
    update.reset();
  }
  if (update) attempt.messages.push_back(update->bytes());
  return attempt;
}

Result<std::vector<OwnedZone::Batch>> OwnedZone::send(const Attempt& attempt, Deadline deadline) {
  return take(attempt, TRY(session_.ask(attempt.messages, deadline)));
}

Result<std::vector<OwnedZone::Batch>> OwnedZone::take(const Attempt& attempt,
                                                      std::span<const Message> answers) const {
  std::vector<Batch> refused;
  for (size_t i = 0; i < attempt.batches.size(); ++i) {
    const Batch& batch = attempt.batches[i];
    const Rcode rcode = answers[i].rcode;
    if (is_conflict(rcode)) {
      refused.push_back(batch);
    } else if (rcode != Rcode::noerror) {
      return rcode_error(rcode, fmt::format("update {} names of zone {}", batch.size(), zone_),
                         session_.peer());
    } else {
      for (Change* change : batch) change->state = Change::State::done;
    }
  }
  return refused;
}

Result<void> OwnedZone::attempt(std::span<Change> changes, Deadline deadline) {
  TRY(send(TRY(prepare(open_of(changes))), deadline));
  return {};
}

Result<void> OwnedZone::attempt_with(std::span<Change> changes, OwnedZone& other,
                                     std::span<Change> its_changes, Deadline deadline) {
  const Attempt first = TRY(prepare(open_of(changes))), second = TRY(other.prepare(open_of(its_changes)));
  std::vector<std::string> messages = first.messages;
  messages.insert(messages.end(), second.messages.begin(), second.messages.end());
  const std::vector<Message> answers = TRY(session_.ask(std::move(messages), deadline));
  const std::span<const Message> all{answers};
  TRY(take(first, all.first(first.batches.size())));
  TRY(other.take(second, all.subspan(first.batches.size())));
  return {};
}

Result<void> OwnedZone::look(std::vector<Change>& changes, Deadline deadline) {
  return look_at(open_of(changes), deadline);
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
  Attempt attempt;
  const auto add = [&](const Batch& batch) -> Result<void> {
    Attempt more = TRY(prepare(batch));
    std::move(more.batches.begin(), more.batches.end(), std::back_inserter(attempt.batches));
    std::move(more.messages.begin(), more.messages.end(), std::back_inserter(attempt.messages));
    return {};
  };
  for (const Change::State state : {Change::State::ours, Change::State::free, Change::State::other}) {
    Batch alike;
    for (Change& change : changes)
      if (change.state == state) alike.push_back(&change);
    TRY(add(alike));
  }
  while (!attempt.batches.empty()) {
    const std::vector<Batch> refused = TRY(send(std::exchange(attempt, {}), deadline));
    for (const Batch& batch : refused) {
      if (batch.size() == 1) {
        TRY(judge(*batch.front(), deadline));
        if (batch.front()->open()) TRY(add(batch));
        continue;
      }
      const auto middle = batch.begin() + static_cast<std::ptrdiff_t>(batch.size() / 2);
      TRY(add({batch.begin(), middle}));
      TRY(add({middle, batch.end()}));
    }
  }
  return {};
}

Result<void> OwnedZone::apply(std::vector<Change>& changes, Deadline deadline) {
  TRY(attempt(changes, deadline));
  TRY(look(changes, deadline));
  return settle(changes, deadline);
}

}  // namespace spillway::dns
