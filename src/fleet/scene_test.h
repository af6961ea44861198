#pragma once
// For tests: a world built by saying what is in it.
#include "fleet/fleet_request.h"
#include "fleet/offerings.h"
#include "fleet/outside.h"
#include "fleet/plan.h"

namespace spillway::fleet {

using std::chrono::seconds;
inline const Time kNow{seconds{1'800'000'000}};

/// A world built by saying what is in it.
struct Scene {
  World world{.now = kNow, .generation = "g1", .recovered = true, .lease_renewed_at = kNow};
  Policy policy{.cluster = ClusterId{"uuid"}, .cluster_name = "lab"};

  Scene() {
    const config::NodeGroup group{
        .partition = "cloud",
        .name = "c5",
        .max_nodes = 10,
        .region = "r",
        .source = {.purchasing = "on-demand",
                   .overrides = Json::array({Json::object({{"InstanceType", "c5.large"}}),
                                             Json::object({{"InstanceType", "m5.large"}})}),
                   .subnets = {"subnet-a", "subnet-b"}},
        .launch_template = Json::object({{"LaunchTemplateName", "t"}})};
    policy.groups.emplace(group.group(), group);
    world.cloud.emplace();
    world.slurm.emplace();
  }
  static NodeName name(int i) { return NodeName{fmt::format("cloud-c5-{}", i)}; }
  NodeRecord& wish(int i, Wanted wanted, int64_t epoch = 1, int64_t job = 0) {
    slurm(i,
          wanted == Wanted::up ? "ALLOCATED+CLOUD+NOT_RESPONDING+POWERING_UP" : "IDLE+CLOUD+POWERING_DOWN");
    return world.records.nodes[name(i)] = {
               .name = name(i), .wanted = wanted, .epoch = epoch, .since = kNow - seconds{1}, .job = job};
  }
  slurm::Node& slurm(int i, std::string_view state, std::string reason = "") {
    return (*world.slurm)[name(i)] = {.name = name(i),
                                      .state = *slurm::parse_node_state(state),
                                      .address = name(i).value,
                                      .reason = std::move(reason)};
  }
  MachineRecord& machine(const std::string& id, int node = -1, int64_t epoch = 1) {
    cloud(id, "running");
    return world.records.machines[InstanceId{id}] = {.id = InstanceId{id},
                                                     .intent = IntentId{"in-1"},
                                                     .group = GroupName{"cloud-c5"},
                                                     .node = node < 0 ? NodeName{} : name(node),
                                                     .epoch = epoch,
                                                     .launched_at = kNow - seconds{5}};
  }
  aws::Instance& cloud(const std::string& id, const std::string& state) {
    aws::Instance& instance = (*world.cloud)[InstanceId{id}];
    instance.id = InstanceId{id};
    instance.state = state;
    instance.private_ip = IpAddress{"10.0.0." + id.substr(2)};
    instance.tags = {{"spillway:intent", "in-1"}, {"spillway:group", "cloud-c5"}};
    return instance;
  }
  LaunchRecord& launch(LaunchState state, std::vector<LaunchNode> nodes) {
    return world.records.launches[IntentId{"in-1"}] = {.intent = IntentId{"in-1"},
                                                       .group = GroupName{"cloud-c5"},
                                                       .nodes = std::move(nodes),
                                                       .state = state};
  }
  /// EC2 would give from no offering of the group.
  void everything_rests() {
    const config::NodeGroup& group = policy.groups.begin()->second;
    for (const char* type : {"c5.large", "m5.large"})
      for (const std::string& subnet : group.source.subnets) {
        const std::string pool = pool_of(cloud_of(group.profile, group.region), "on-demand", type, subnet);
        world.records.pools[pool] = {.pool = pool,
                                     .strikes = 1,
                                     .until = kNow + seconds{180},
                                     .reason = "InsufficientInstanceCapacity"};
      }
  }
  std::vector<Step> steps() const { return plan(world, policy); }
  template <class T>
  std::vector<T> all() const {
    std::vector<T> found;
    for (const Step& step : steps())
      if (const T* each = std::get_if<T>(&step)) found.push_back(*each);
    return found;
  }
};

}  // namespace spillway::fleet
