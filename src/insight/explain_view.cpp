#include "insight/explain.h"
#include "slurm/hostlist.h"

namespace spillway::insight {
namespace {

std::string name_of(const JobName& job) {
  return job.index ? fmt::format("{}_{}", job.id, *job.index) : std::to_string(job.id);
}

/// Two instances by name, more by number.
std::string instances_text(const std::vector<InstanceId>& all) {
  if (all.size() > 2) return fmt::format("{} instances", all.size());
  std::string out;
  for (const InstanceId& id : all) out += (out.empty() ? "" : " ") + id.value;
  return out;
}

template <class T>
Json texts(const std::vector<T>& all) {
  Json out = Json::array();
  for (const T& one : all) out.push(one.value);
  return out;
}

std::string joined(std::initializer_list<std::string> parts) {
  std::string out;
  for (const std::string& part : parts)
    if (!part.empty()) out += (out.empty() ? "" : "  ") + part;
  return out;
}

}  // namespace

Json to_json(const Evidence& evidence, const Story& story) {
  Json timeline = Json::array(), nodes = Json::array(), unseen = Json::array();
  for (const Happening& one : story.happenings)
    timeline.push(Json::object({{"at", to_iso8601(one.at)},
                                {"source", one.source},
                                {"event", one.what},
                                {"nodes", texts(one.nodes)},
                                {"instances", texts(one.instances)},
                                {"detail", one.detail}}));
  for (const Standing& node : story.nodes)
    nodes.push(Json::object({{"node", node.node.value},
                             {"state", node.state},
                             {"slurm", node.in_slurm},
                             {"instance", node.instance.value},
                             {"ec2", node.in_ec2},
                             {"reason", node.reason}}));
  for (const auto& [who, why] : evidence.unseen) unseen.push(Json::object({{"what", who}, {"why", why}}));
  return Json::object({{"schema", "spillway.job-explain/v1"},
                       {"job", name_of(evidence.job)},
                       {"at", to_iso8601(evidence.now)},
                       {"state", story.state},
                       {"timeline", std::move(timeline)},
                       {"nodes", std::move(nodes)},
                       {"unseen", std::move(unseen)},
                       {"next", Json::object({{"what", story.next.what}, {"run", story.next.run}})}});
}

std::string to_text(const Evidence& evidence, const Story& story) {
  std::string text = fmt::format("job {}  {}\n", name_of(evidence.job), story.state);
  for (const Happening& one : story.happenings)
    text += fmt::format(" {}  {:<7}  {}\n", to_iso8601_seconds(one.at), one.source,
                        joined({one.what, one.nodes.empty() ? "" : slurm::fold(one.nodes),
                                instances_text(one.instances), one.detail}));
  for (const Standing& node : story.nodes)
    text += fmt::format(" now  {}\n", joined({fmt::format("{} {}", node.node, node.state), node.in_slurm,
                                              node.instance.value, node.in_ec2, node.reason}));
  for (const auto& [who, why] : evidence.unseen) text += fmt::format(" ‼ {} was not seen: {}\n", who, why);
  text += fmt::format(" next  {}\n", story.next.what);
  if (!story.next.run.empty()) text += fmt::format(" run   {}\n", story.next.run);
  return text;
}

}  // namespace spillway::insight
