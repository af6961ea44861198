#include "dns/checks.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "base/text.h"
#include "dns/codes.h"

namespace spillway::dns {
namespace {

constexpr uint32_t kLongestMinimum = 60;
constexpr size_t kToldAtMost = 10;  // nodes of one kind of trouble

Finding bad(const Error& error) {
  return {Health::bad, error.what, error.code, error.why, error.fix};
}

std::vector<Finding> check_server(const Checked& checked, Deadline deadline) {
  const auto soa = checked.publisher.probe(deadline);
  if (!soa) return {bad(soa.error())};
  std::vector<Finding> found = {good(
      fmt::format("{} takes updates of {}", checked.publisher.server(), checked.publisher.names().zone))};
  if (const auto offset = checked.publisher.clock_offset(); offset.count() != 0)
    found.push_back(
        warning(kClockOff, fmt::format("the name server's clock is {} s ahead of ours", offset.count())));
  return found;
}

std::vector<Finding> check_memory(const Checked& checked, Deadline deadline) {
  const auto soa = checked.publisher.probe(deadline);
  if (!soa) return {bad(soa.error())};
  const std::string what =
      fmt::format("absent names of {} are remembered for {} s", checked.publisher.names().zone, soa->minimum);
  return {soa->minimum > kLongestMinimum ? warning(kLongNegative, what) : good(what)};
}

std::vector<Finding> check_records(const Checked& checked, Deadline deadline) {
  const auto wanted = checked.bindings();
  if (!wanted) return {bad(wanted.error())};
  std::set<NodeName> nodes;
  std::set<std::pair<NodeName, InstanceId>> bound;
  for (const Binding& each : *wanted) nodes.insert(each.node), bound.emplace(each.node, each.instance);
  if (checked.nodes)
    for (NodeName& each : checked.nodes()) nodes.insert(std::move(each));
  const auto there = checked.publisher.list_ours({nodes.begin(), nodes.end()}, deadline);
  if (!there) return {bad(there.error())};
  std::vector<Finding> found;
  for (const Binding& each : *wanted)
    if (std::find(there->begin(), there->end(), each) == there->end() && found.size() < kToldAtMost)
      found.push_back(
          bad(kMissing, fmt::format("{} is not in DNS as bound to {}", each.node, each.instance)));
  for (const Binding& each : *there)
    if (!bound.contains({each.node, each.instance}) && found.size() < kToldAtMost)
      found.push_back(warning(
          kStale, fmt::format("{} is in DNS as bound to {}, which it is not", each.node, each.instance)));
  if (found.empty()) found.push_back(good(fmt::format("{} nodes are in DNS", wanted->size())));
  return found;
}

Result<void> publish_again(const Checked& checked, Deadline deadline) {
  const std::vector<Foreign> foreign = TRY(checked.publisher.publish(TRY(checked.bindings()), deadline));
  if (foreign.empty()) return {};
  return to_error(foreign);
}

/// What one resolver says to a question, unsigned and with recursion.
Result<std::vector<Message>> resolve(const Checked& checked, Exchange& resolver,
                                     const std::vector<Question>& questions, Deadline deadline) {
  std::vector<std::string> messages;
  for (const Question& question : questions) messages.push_back(TRY(write_question(question, true)));
  Session session{resolver, checked.clock, std::nullopt};
  return session.ask(std::move(messages), deadline);
}

bool has(const Message& answer, Type type, const std::string& data) {
  return std::any_of(answer.answers.begin(), answer.answers.end(),
                     [&](const Record& each) { return each.type == type && each.data == data; });
}

Result<std::vector<Finding>> check_resolver(const Checked& checked, Exchange& resolver, Deadline deadline) {
  struct Expected {
    Question question;
    std::string data, told;
  };
  std::vector<Expected> expected;
  const Names& names = checked.publisher.names();
  for (const Binding& binding : TRY(checked.bindings()))
    for (const IpAddress& address : binding.addresses) {
      const std::string name = TRY(name_of(binding.node, names.zone)), back = TRY(reverse_name(address));
      const std::string data = TRY(address_data(address));
      expected.push_back({{name, data.size() == 4 ? Type::a : Type::aaaa}, data, address.value});
      if (names.reverse_zone.empty() || !back.ends_with("." + names.reverse_zone)) continue;
      const std::string pointed = TRY(name_data(name));
      expected.push_back({{back, Type::ptr}, pointed, name});
    }
  std::vector<Question> questions;
  for (const Expected& each : expected) questions.push_back(each.question);
  const auto answers = TRY(resolve(checked, resolver, questions, deadline));
  std::vector<Finding> found;
  for (size_t i = 0; i < expected.size() && found.size() < kToldAtMost; ++i) {
    const auto& [question, data, told] = expected[i];
    if (has(answers[i], question.type, data)) continue;
    const std::string what = fmt::format("resolver {} does not lead from {} to {}: {}", resolver.peer(),
                                         question.name, told, to_string(answers[i].rcode));
    // named's authoritative answer is no memory; a cache counts the record's life down.
    if (answers[i].rcode == Rcode::nxdomain && !answers[i].authoritative && !answers[i].authorities.empty())
      found.push_back(
          bad(kRemembered, fmt::format("{}, for {} s more", what, answers[i].authorities[0].ttl)));
    else
      found.push_back(bad(question.type == Type::ptr ? kNoWayBack : kNotResolved, what));
  }
  if (found.empty())
    found.push_back(
        good(fmt::format("resolver {} gives {} right answers", resolver.peer(), expected.size())));
  return found;
}

std::vector<Finding> check_resolution(const Checked& checked, Deadline deadline) {
  std::vector<Finding> all;
  for (Exchange* resolver : checked.resolvers) {
    auto found = check_resolver(checked, *resolver, deadline);
    if (!found)
      all.push_back(bad(found.error()));
    else
      all.insert(all.end(), found->begin(), found->end());
  }
  return all;
}

}  // namespace

std::vector<Check> checks(Checked checked) {
  const auto check = [&](const char* name, auto run) {
    return Check{"dns", name, [=](Deadline deadline) { return run(checked, deadline); }, {}};
  };
  Check records = check("records", check_records);
  records.mend = [=](Deadline deadline) { return publish_again(checked, deadline); };
  records.remedy = "writes the records of all bound nodes again; what is not ours stays";
  return {check("server and key", check_server), check("memory of absent names", check_memory),
          std::move(records), check("resolution from here", check_resolution)};
}

std::vector<std::string> nameservers(std::string_view resolv_conf) {
  std::vector<std::string> servers;
  for (const std::string_view whole : split(resolv_conf, '\n')) {
    std::string_view line = trim(whole);
    constexpr std::string_view kWord = "nameserver";
    if (!line.starts_with(kWord) || line.size() == kWord.size() || !std::isspace(line[kWord.size()]))
      continue;
    line = trim(line.substr(kWord.size()));
    servers.emplace_back(line.substr(0, line.find_first_of(" \t#;")));
  }
  return servers;
}

}  // namespace spillway::dns
