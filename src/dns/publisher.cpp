#include "dns/publisher.h"

#include <arpa/inet.h>

#include <algorithm>
#include <set>
#include <span>

#include "base/text.h"
#include "dns/codes.h"

namespace spillway::dns {
namespace {

constexpr size_t kAtOnce = 1'500;  // nodes: some four full messages

std::string prefix_of(const ClusterId& cluster) {
  return fmt::format("spillway {} ", cluster);
}

bool lies_in(std::string_view name, std::string_view zone) {
  return !zone.empty() && name.size() > zone.size() && name.ends_with(zone) &&
         name[name.size() - zone.size() - 1] == '.';
}

}  // namespace

Result<Names> names_of(const DnsConfig& config, const ClusterId& cluster) {
  TRY(check(config));
  std::string zone = TRY(canonical(config.zone)), reverse_zone = TRY(canonical(config.reverse_zone));
  return Names{.zone = std::move(zone),
               .reverse_zone = std::move(reverse_zone),
               .cluster = cluster,
               .ttl_s = static_cast<uint32_t>(config.ttl_s)};
}

Error to_error(const std::vector<Foreign>& foreign) {
  std::vector<std::string> names;
  for (const Foreign& each : foreign) {
    if (names.size() == 20) {
      names.push_back(fmt::format("and {} more", foreign.size() - 20));
      break;
    }
    names.push_back(each.name);
  }
  return Error{Kind::conflict, kForeign,
               fmt::format("{} in use by others: {}", names.size() == 1 ? "a name is" : "names are",
                           fmt::join(names, " "))};
}

Result<std::string> name_of(const NodeName& node, const std::string& zone) {
  return canonical(node.value + "." + zone);
}

Result<std::string> reverse_name(const IpAddress& address) {
  const std::string bytes = TRY(address_data(address));
  std::string name;
  for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
    const auto value = static_cast<unsigned char>(*byte);
    name += bytes.size() == 4 ? fmt::format("{}.", value) : fmt::format("{:x}.{:x}.", value & 15, value >> 4);
  }
  return name + (bytes.size() == 4 ? "in-addr.arpa" : "ip6.arpa");
}

OwnedZone Publisher::zone(const std::string& name) {
  return OwnedZone{session_, name, prefix_of(names_.cluster), names_.ttl_s};
}

Result<std::string> Publisher::owner_data(const InstanceId& instance) const {
  return text_data(prefix_of(names_.cluster) + instance.value);
}

Result<Publisher::Changes> Publisher::forward(const std::vector<Binding>& bindings,
                                              Change::Action action) const {
  Changes changes;
  for (const Binding& binding : bindings) {
    Change change{.node = binding.node, .action = action};
    change.name = TRY(name_of(binding.node, names_.zone));
    change.owner = TRY(owner_data(binding.instance));
    for (const IpAddress& address : binding.addresses) {
      std::string data = TRY(address_data(address));
      const Type type = data.size() == 4 ? Type::a : Type::aaaa;
      change.records.emplace_back(type, std::move(data));
    }
    // Whatever the addresses were, the A record goes with its owner.
    if (change.records.empty() && action == Change::Action::remove) change.records.emplace_back(Type::a, "");
    changes.push_back(std::move(change));
  }
  return changes;
}

Result<Publisher::Changes> Publisher::backward(const std::vector<Binding>& bindings,
                                               Change::Action action) const {
  Changes changes;
  for (const Binding& binding : bindings)
    for (const IpAddress& address : binding.addresses) {
      Change change{.node = binding.node, .action = action};
      change.name = TRY(reverse_name(address));
      if (!lies_in(change.name, names_.reverse_zone)) continue;
      change.records.emplace_back(Type::ptr, TRY(name_data(TRY(name_of(binding.node, names_.zone)))));
      change.owner = TRY(owner_data(binding.instance));
      changes.push_back(std::move(change));
    }
  return changes;
}

Result<void> Publisher::remove_old_ways_back(const Changes& changes, Deadline deadline) {
  if (names_.reverse_zone.empty()) return {};
  std::vector<Binding> old;
  const OwnedZone zone = this->zone(names_.zone);
  for (const Change& change : changes) {
    if (change.state != Change::State::ours) continue;
    for (const std::string& text : change.seen) {
      const std::string instance = zone.instance_of(text);
      if (!instance.empty() && text != change.owner) old.push_back({change.node, {}, InstanceId{instance}});
    }
  }
  if (old.empty()) return {};
  Changes ways = TRY(backward(TRY(with_addresses(std::move(old), deadline)), Change::Action::remove));
  return this->zone(names_.reverse_zone).apply(ways, deadline);
}

Result<std::vector<Foreign>> Publisher::publish(const std::vector<Binding>& bindings, Deadline deadline) {
  Changes names = TRY(forward(bindings, Change::Action::put)), ways;
  OwnedZone zone = this->zone(names_.zone), reverse = this->zone(names_.reverse_zone);
  const auto point = [&](size_t node) -> Result<void> {
    Changes more = TRY(backward({bindings[node]}, Change::Action::put));
    std::move(more.begin(), more.end(), std::back_inserter(ways));
    return {};
  };
  // The name server writes some nodes' ways back while it writes the next nodes' names; so a way back leads
  // to no name that is not ours.
  std::vector<size_t> late;  // nodes whose name takes more than one try
  for (size_t named = 0, pointed = 0; pointed < names.size();) {
    const size_t next = std::min(named + kAtOnce, names.size()), first_way = ways.size();
    for (; pointed < named; ++pointed) {
      if (names[pointed].open())
        late.push_back(pointed);
      else
        TRY(point(pointed));
    }
    TRY(zone.attempt_with(std::span(names).subspan(named, next - named), reverse,
                          std::span(ways).subspan(first_way), deadline));
    named = next;
  }
  TRY(zone.look(names, deadline));
  TRY(remove_old_ways_back(names, deadline));
  TRY(zone.settle(names, deadline));

  std::vector<Foreign> foreign;
  for (const Change& name : names)
    if (name.state == Change::State::foreign) foreign.push_back({name.node, name.name});
  for (const size_t node : late)
    if (names[node].state != Change::State::foreign) TRY(point(node));
  TRY(reverse.apply(ways, deadline));
  for (const Change& way : ways)
    if (way.state == Change::State::foreign) foreign.push_back({way.node, way.name});
  return foreign;
}

Result<void> Publisher::withdraw(const std::vector<Binding>& bindings, Deadline deadline) {
  Changes ways = TRY(backward(bindings, Change::Action::remove));
  TRY(zone(names_.reverse_zone).apply(ways, deadline));
  Changes names = TRY(forward(bindings, Change::Action::remove));
  return zone(names_.zone).apply(names, deadline);
}

Result<std::vector<Binding>> Publisher::with_addresses(std::vector<Binding> found, Deadline deadline) {
  std::vector<std::string> questions;
  for (const Binding& binding : found)
    for (const Type type : {Type::a, Type::aaaa})
      questions.push_back(TRY(write_question({TRY(name_of(binding.node, names_.zone)), type})));
  const std::vector<Message> answers = TRY(session_.ask(std::move(questions), deadline));
  for (size_t i = 0; i < answers.size(); ++i)
    for (const Record& record : answers[i].answers)
      if (record.type == Type::a || record.type == Type::aaaa)
        found[i / 2].addresses.push_back(TRY(read_address(record.data)));
  return found;
}

Result<std::vector<Binding>> Publisher::list_ours(const std::vector<NodeName>& nodes, Deadline deadline) {
  std::vector<std::string> questions;
  for (const NodeName& node : nodes)
    questions.push_back(TRY(write_question({TRY(name_of(node, names_.zone)), Type::txt})));
  const std::vector<Message> answers = TRY(session_.ask(std::move(questions), deadline));
  std::vector<Binding> found;
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (answers[i].rcode != Rcode::noerror && answers[i].rcode != Rcode::nxdomain)
      return rcode_error(answers[i].rcode, "list the names of nodes", session_.peer());
    for (const Record& record : answers[i].answers)
      if (record.type == Type::txt)
        if (std::string instance = zone(names_.zone).instance_of(record.data); !instance.empty())
          found.push_back({nodes[i], {}, InstanceId{std::move(instance)}});
  }
  return with_addresses(std::move(found), deadline);
}

Result<std::vector<Binding>> Publisher::sweep(const std::vector<NodeName>& nodes,
                                              const std::vector<Binding>& expected, Deadline deadline) {
  std::set<std::pair<NodeName, InstanceId>> wanted;
  for (const Binding& binding : expected) wanted.emplace(binding.node, binding.instance);
  std::vector<Binding> stale = TRY(list_ours(nodes, deadline));
  std::erase_if(stale, [&](const Binding& each) { return wanted.contains({each.node, each.instance}); });
  TRY(withdraw(stale, deadline));
  return stale;
}

Result<Soa> Publisher::probe_zone(const std::string& zone, Type type, Deadline deadline) {
  const auto answer = TRY(session_.ask({TRY(write_question({zone, Type::soa}))}, deadline)).front();
  if (answer.rcode != Rcode::noerror && answer.rcode != Rcode::nxdomain && answer.rcode != Rcode::refused)
    return rcode_error(answer.rcode, "look for zone " + zone, session_.peer());
  const auto soa = std::find_if(answer.answers.begin(), answer.answers.end(), [&](const Record& record) {
    return record.type == Type::soa && equal_ignoring_case(record.name, zone);
  });
  if (!answer.authoritative || soa == answer.answers.end())
    return Error{Kind::invalid, kWrongZone,
                 fmt::format("name server {} is not authoritative for zone {}", session_.peer(), zone)};
  Update nothing = TRY(Update::of(zone));
  const std::string name = "_spillway-probe." + zone;
  TRY(nothing.require_unused(name));
  for (const Type each : {type, Type::txt}) TRY(nothing.remove_all(name, each));
  const auto done = TRY(session_.ask({nothing.bytes()}, deadline)).front();
  if (done.rcode != Rcode::noerror)
    return rcode_error(done.rcode, "try to update zone " + zone, session_.peer());
  return read_soa(soa->data);
}

Result<Soa> Publisher::probe(Deadline deadline) {
  const Soa soa = TRY(probe_zone(names_.zone, Type::a, deadline));
  if (!names_.reverse_zone.empty()) TRY(probe_zone(names_.reverse_zone, Type::ptr, deadline));
  return soa;
}

}  // namespace spillway::dns
