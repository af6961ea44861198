#include <algorithm>

#include "base/planted.h"
#include "fleet/fleet_request.h"
#include "fleet/outside.h"
#include "fleet/planner.h"

namespace spillway::fleet {

void Planner::rediscover() {
  if (!world_.slurm || planted(Bug::no_rediscovery)) return;
  Rediscover step;
  auto next = world_.records.nodes.begin();  // both are in the order of names
  for (const auto& [name, in_slurm] : *world_.slurm) {
    while (next != world_.records.nodes.end() && next->first < name) ++next;
    const bool is_known = next != world_.records.nodes.end() && next->first == name;
    const NodeRecord* known = is_known ? &next->second : nullptr;
    const bool off = in_slurm.state.is_powered_down() && !in_slurm.state.is_powering_up();
    if (off && (!known || known->wanted == Wanted::down)) continue;  // most are
    NodeRecord record = known ? *known : NodeRecord{.name = name};
    if ((known && !older_than(known->since, policy_.wish_grace)) || failing_.contains(name)) continue;
    if (record.wanted == Wanted::down && in_slurm.state.is_powering_up() &&
        !in_slurm.state.is_powering_down() && !holds_machine(name)) {
      record.wanted = Wanted::up;
      ++record.epoch;
      record.attempt = 0;
    } else if (record.wanted == Wanted::down && current_machine(record) &&
               current_machine(record)->terminate_at == kNever &&
               (in_slurm.state.is_registered() ||
                (in_slurm.state.is_powering_up() && !in_slurm.state.is_powering_down()))) {
      record.wanted = Wanted::up;  // suspended by hand: Slurm goes on with the node
    } else if (record.wanted == Wanted::failed && record.marked_down && in_slurm.state.is_registered() &&
               current_machine(record)) {
      record.wanted = Wanted::up;  // a hook was late, or an administrator put it back to work
      record.reason.clear();
      record.marked_down = false;
    } else if (record.wanted == Wanted::up && !in_slurm.state.is_powering_up() && is_let_go(in_slurm.state)) {
      record.wanted = Wanted::down;
    } else {
      continue;
    }
    record.since = world_.now;
    step.nodes.push_back(std::move(record));
  }
  if (!step.nodes.empty()) steps_.emplace_back(std::move(step));
}

void Planner::repeat_launches() {
  for (const auto& [intent, record] : world_.records.launches) {
    if (record.state != LaunchState::intended) continue;
    const bool wanted = std::any_of(record.nodes.begin(), record.nodes.end(),
                                    [&](const LaunchNode& each) { return wants(each.node, each.epoch); });
    if (record.tries > 0 && !wanted && !planted(Bug::no_abandoning)) {
      steps_.emplace_back(Abandon{record});
      continue;
    }
    // One that was sent may have been heard, or refused: then asking again launches, and that is for later.
    if (!world_.gates.empty()) continue;
    if (world_.now >= record.not_before) steps_.emplace_back(Launch{record});
  }
}

size_t Planner::take_room(std::map<std::string, aws::Room>& rooms, const config::NodeGroup& group,
                          size_t nodes) {
  const auto room = rooms.find(cloud_of(group.profile, group.region));
  if (room == rooms.end()) return nodes;
  size_t& left = room->second.left;
  // Those that must lie together wait until there is room for all, if there ever can be.
  const bool enough = left >= nodes || left >= room->second.most;
  // Ever so few at a time would cost a call each.
  const bool worth_it = !group.one_zone && left >= room->second.most / 100;
  const size_t taken = enough ? nodes : worth_it ? left : 0;
  left -= std::min(left, taken);
  return taken;
}

void Planner::launch() {
  if (!world_.gates.empty()) return;
  if (!world_.cloud) return;  // without EC2's view a new launch may double what runs, and is likely to fail
  std::map<GroupName, std::vector<LaunchNode>> wanted;
  for (const auto& [name, record] : world_.records.nodes) {
    const bool beside = planted(Bug::launches_beside_the_old) && !current_machine(record);
    const bool twice = planted(Bug::launches_twice);
    if (record.wanted != Wanted::up || (holds_machine(name) && !beside) || (under_way(name) && !twice))
      continue;
    if (const config::NodeGroup* group = group_of(name); group && !parked(group->group()))
      wanted[group->group()].push_back({name, record.epoch, record.job, record.attempt});
  }
  auto rooms = world_.launches_left;
  for (auto& [name, nodes] : wanted) {
    const config::NodeGroup& group = policy_.groups.at(name);
    // Jobs together, so that a call holds whole jobs where it can.
    std::stable_sort(nodes.begin(), nodes.end(), [](const auto& a, const auto& b) { return a.job < b.job; });
    for (auto first = nodes.begin(); first != nodes.end();) {
      const size_t left = static_cast<size_t>(nodes.end() - first);
      size_t count = std::min(policy_.launch_at_most, left);
      // Nodes that must lie together are asked for by themselves.
      if (group.one_zone)
        count =
            static_cast<size_t>(std::find_if(first, first + static_cast<std::ptrdiff_t>(count),
                                             [&](const LaunchNode& each) { return each.job != first->job; }) -
                                first);
      count = take_room(rooms, group, count);
      if (count == 0) break;  // for now: EC2's rates allow no more
      const auto last = first + static_cast<std::ptrdiff_t>(count);
      if (const auto offer = offer_for(group, first->job)) {
        LaunchRecord record{.group = name, .nodes = {first, last}, .made_at = world_.now};
        record.intent = intent_of(world_.generation, name, record.nodes);
        record.request = fleet_request(policy_, group, *offer, record.intent, world_.generation,
                                       record.nodes.size(), group.one_zone && first->job != 0);
        steps_.emplace_back(Launch{std::move(record)});
      }
      first = last;
    }
  }
}

}  // namespace spillway::fleet
