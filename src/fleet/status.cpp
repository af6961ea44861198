#include "fleet/status.h"

#include <algorithm>
#include <set>

#include "fleet/world.h"

namespace spillway::fleet {
namespace {

size_t open_intents(const Records& records) {
  return static_cast<size_t>(
      std::count_if(records.launches.begin(), records.launches.end(), [](const auto& entry) {
        const LaunchRecord& launch = entry.second;
        return launch.state == LaunchState::intended ||
               (launch.state == LaunchState::answered && !launch.assigned);
      }));
}

Json moment(Time time) {
  return time == Time{} ? Json{} : Json{to_iso8601(time)};
}

Json node_json(const NodeRecord& node, const MachineRecord* machine) {
  Json json = Json::object({{"node", node.name.value},
                            {"state", node_word(node, machine)},
                            {"epoch", node.epoch},
                            {"since", moment(node.since)}});
  json.set("job", node.job == 0 ? Json{} : Json{node.job});
  json.set("instance", machine ? Json{machine->id.value} : Json{});
  json.set("address", machine ? Json{machine->address.value} : Json{});
  json.set("launched_at", machine ? moment(machine->launched_at) : Json{});
  json.set("joined_at", machine ? moment(machine->joined_at) : Json{});
  json.set("failures", node.failures).set("reason", node.reason);
  json.set("hold_until", node.wanted == Wanted::failed ? moment(node.hold_until) : Json{});
  return json;
}

}  // namespace

std::string node_word(const NodeRecord& node, const MachineRecord* machine) {
  if (node.wanted == Wanted::failed) return machine ? "failing" : "failed";
  if (node.wanted == Wanted::down) return machine ? "leaving" : "down";
  if (!machine) return "launching";
  if (machine->epoch != node.epoch) return "waiting";  // for the machine of its last life to be gone
  return machine->joined_at == Time{} ? "booting" : "up";
}

Result<Json> nodes_report(Journal& journal, const std::vector<NodeName>& only) {
  const Records records = TRY(journal.load());
  Json nodes = Json::array();
  if (only.empty()) {
    for (const auto& [name, node] : records.nodes) nodes.push(node_json(node, machine_of(records, name)));
  }
  for (const NodeName& name : only) {
    const auto found = records.nodes.find(name);
    if (found == records.nodes.end())
      return Error{Kind::not_found, fmt::format("Slurm has never asked for a node {}", name)}.fixed_by(
          "spillway node ls lists those it asked for");
    nodes.push(node_json(found->second, machine_of(records, name)));
  }
  return Json::object({{"schema", "spillway.nodes/v1"}, {"nodes", std::move(nodes)}});
}

std::string nodes_text(const Json& report) {
  std::string text = fmt::format("{:<20} {:<10} {:<20} {:<15} {:<24} {}\n", "NODE", "STATE", "INSTANCE",
                                 "ADDRESS", "SINCE", "REASON");
  for (const Json& node : report["nodes"].items())
    text += fmt::format("{:<20} {:<10} {:<20} {:<15} {:<24} {}\n", node["node"].as_string(),
                        node["state"].as_string(), node["instance"].as_string(), node["address"].as_string(),
                        node["since"].as_string(), node["reason"].as_string());
  return text;
}

Result<Json> status_report(Journal& journal, Time now) {
  const Records records = TRY(journal.load());
  std::map<std::string, int64_t> counts;
  for (const auto& [name, node] : records.nodes) ++counts[node_word(node, machine_of(records, name))];
  Json nodes = Json::object();
  for (const char* word : {"launching", "waiting", "booting", "up", "leaving", "failing", "failed"})
    nodes.set(word, counts[word]);
  size_t unbound = 0;
  for (const auto& [id, machine] : records.machines) unbound += machine.node.empty();
  const std::string gates = TRY(journal.gates());
  Json closed = gates.empty() ? Json::array() : TRY(Json::parse(gates));
  Json troubles = Json::array();
  for (const Json& gate : closed.items())
    troubles.push(Json::object({{"gate", gate["gate"]},
                                {"reason", "nothing is launched: " + gate["reason"].as_string()},
                                {"until", Json{}}}));
  for (const auto& [name, group] : records.groups)
    if (now < group.parked_until)
      troubles.push(Json::object({{"group", name.value},
                                  {"reason", "parked: " + group.reason},
                                  {"until", moment(group.parked_until)}}));
  for (const auto& [name, pool] : records.pools)
    if (now < pool.until)
      troubles.push(Json::object({{"pool", name}, {"reason", pool.reason}, {"until", moment(pool.until)}}));
  for (const auto& [name, node] : records.nodes)
    if (node.wanted == Wanted::failed)
      troubles.push(
          Json::object({{"node", name.value}, {"reason", node.reason}, {"until", moment(node.hold_until)}}));
  for (const auto& [intent, launch] : records.launches)
    if (launch.state == LaunchState::intended && !launch.error.empty())
      troubles.push(Json::object(
          {{"intent", intent.value}, {"reason", launch.error}, {"until", moment(launch.not_before)}}));
  for (const auto& [id, machine] : records.machines)
    if (!machine.name_trouble.empty())
      troubles.push(Json::object({{"node", machine.node.value},
                                  {"reason", "not in DNS: " + machine.name_trouble},
                                  {"until", Json{}}}));
  const std::string cluster = TRY(journal.cluster());
  return Json::object({{"schema", "spillway.status/v1"},
                       {"at", to_iso8601(now)},
                       {"cluster", cluster},
                       {"nodes", std::move(nodes)},
                       {"instances", records.machines.size()},
                       {"unbound_instances", unbound},
                       {"open_intents", open_intents(records)},
                       {"troubles", std::move(troubles)}});
}

std::string status_text(const Json& report) {
  std::string text = fmt::format("cluster {}\nnodes  ", report["cluster"].as_string());
  bool any = false;
  for (const auto& [word, count] : report["nodes"].members()) {
    if (count.as_int() == 0) continue;
    text += fmt::format("{} {}  ", count.as_int(), word);
    any = true;
  }
  text += fmt::format("{}\ninstances  {} not seen dead{}\n", any ? "" : "none in the cloud",
                      report["instances"].as_int(),
                      report["unbound_instances"].as_int()
                          ? fmt::format(", {} without a node", report["unbound_instances"].as_int())
                          : "");
  for (const Json& trouble : report["troubles"].items()) {
    const std::string& until = trouble["until"].as_string();
    std::string subject;
    for (const char* kind : {"gate", "group", "pool", "node", "intent"}) subject += trouble[kind].as_string();
    text += fmt::format("  ‼ {}: {}{}\n", subject, trouble["reason"].as_string(),
                        until.empty() ? "" : fmt::format(" (until {})", until));
  }
  return text;
}

Result<Json> events_report(Journal& journal, Time since) {
  Json events = Json::array();
  for (const Event& e : TRY(journal.events(since)))
    events.push(Json::object({{"at", to_iso8601(e.at)},
                              {"event", e.event},
                              {"node", e.node.value},
                              {"instance", e.instance.value},
                              {"intent", e.intent.value},
                              {"job", e.job},
                              {"detail", e.detail}}));
  Json calls = Json::object();
  for (const auto& [operation, count] : TRY(journal.api_calls())) calls.set(operation, count);
  Json intents = open_intents(TRY(journal.load()));
  return Json::object({{"schema", "spillway.events/v1"},
                       {"events", std::move(events)},
                       {"api_calls", std::move(calls)},
                       {"open_intents", std::move(intents)}});
}

std::string events_text(const Json& report) {
  std::string text;
  for (const Json& e : report["events"].items())
    text += fmt::format("{}  {:<11} {:<18} {:<20} {}{}\n", e["at"].as_string(), e["event"].as_string(),
                        e["node"].as_string(), e["instance"].as_string(),
                        e["job"].as_int() ? fmt::format("job {} ", e["job"].as_int()) : "",
                        e["detail"].as_string());
  return text;
}

}  // namespace spillway::fleet
