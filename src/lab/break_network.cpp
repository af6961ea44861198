#include "lab/break.h"
#include "lab/errors.h"
#include "lab/router.h"

// Breakages between the premises and the VPC. AWS's side is broken through its API, the premises' on its
// hosts. What the tunnel's own watch mends, it mends: `heal` then finds nothing left to do.
namespace spillway::lab {
namespace {

constexpr const char* kKept = "/run/lab/break-wg.conf";  // the tunnel as it was; it holds a key

/// A change of the premises' tunnel, after its configuration was put aside.
Damage of_tunnel(const std::string& change) {
  Damage damage;
  const std::string kept = kKept;
  damage.cut = {shell("gw-onprem", "umask 077; wg showconf wg-spillway > " + kept +
                                       "; peer=$(wg show wg-spillway peers); " + change)};
  damage.mend = {shell("gw-onprem", "wg setconf wg-spillway " + kept + "; rm " + kept)};
  return damage;
}

Json filter(const char* name, const char* value) {
  return Json::object({{"Name", name}, {"Values", Json::array({value})}});
}

/// The id of the one thing that a list of EC2 has.
Result<std::string> the_one(const Scene& scene, const char* operation, Json filters, const char* list,
                            const char* id) {
  const Json answer = TRY(scene.ec2(operation, Json::object({{"Filters", std::move(filters)}})));
  const Json* items = &answer[list];
  Json inner;
  if (std::string_view(list) == "Reservations") inner = items->at(0)["Instances"], items = &inner;
  if (items->size() == 0)
    return Error{Kind::not_found, kNothingThere, fmt::format("{} finds nothing of the lab's", operation)};
  return items->at(0)[id].as_string();
}

Result<std::string> gateway(const Scene& scene) {
  return the_one(
      scene, "DescribeInstances",
      Json::array({filter("tag:spillway:kind", "Gateway"), filter("instance-state-name", "running")}),
      "Reservations", "InstanceId");
}

Result<Damage> security_group(const Scene& scene) {
  const std::string group =
      TRY(the_one(scene, "DescribeSecurityGroups",
                  Json::array({filter("group-name", "spillway-lab-gateway")}), "SecurityGroups", "GroupId"));
  const Json udp = Json::object(
      {{"GroupId", group},
       {"IpPermissions", Json::array({Json::object(
                             {{"IpProtocol", "udp"},
                              {"FromPort", 51820},
                              {"ToPort", 51820},
                              {"IpRanges", Json::array({Json::object({{"CidrIp", "0.0.0.0/0"}})})}})})}});
  Damage damage;
  damage.calls = {{"RevokeSecurityGroupIngress", udp}};
  damage.undo = {{"AuthorizeSecurityGroupIngress", udp}};
  return damage;
}

Result<Damage> source_dest_check(const Scene& scene) {
  const std::string id = TRY(gateway(scene));
  const auto check = [&](bool on) {
    return ApiCall{"ModifyInstanceAttribute",
                   Json::object({{"InstanceId", id}, {"SourceDestCheck", Json::object({{"Value", on}})}})};
  };
  Damage damage;
  damage.calls = {check(true)};
  damage.undo = {check(false)};
  return damage;
}

Result<Damage> vpc_route(const Scene& scene) {
  const std::string table =
      TRY(the_one(scene, "DescribeRouteTables", Json::array({filter("tag:spillway:kind", "ComputeRoutes")}),
                  "RouteTables", "RouteTableId"));
  Json route = Json::object({{"RouteTableId", table}, {"DestinationCidrBlock", "192.168.10.0/24"}});
  Damage damage;
  damage.calls = {{"DeleteRoute", route}};
  route.set("InstanceId", TRY(gateway(scene)));
  damage.undo = {{"CreateRoute", route}};
  return damage;
}

Result<Damage> mtu(const Scene&) {
  return filtered("vpc", "lab_break_mtu", "prerouting priority -300; udp dport 51820 udp length > 1400 drop");
}

Result<Damage> tunnel(const Scene&) {
  return filtered("vpc", "lab_break_tunnel", "prerouting priority -300; udp dport 51820 drop");
}

Result<Damage> far_firewall(const Scene&) {
  return filtered("gw-aws", "lab_break_firewall", "prerouting priority -300; iifname \"wg-*\" drop");
}

Result<Damage> return_route(const Scene&) {
  Damage damage;
  const auto route = [](const char* verb) {
    return Step{
        .host = "ctl", .argv = {"/usr/sbin/ip", "route", verb, "blackhole", "10.200.0.0/24"}, .input = ""};
  };
  damage.cut = {route("add")};
  damage.mend = {route("del")};
  return damage;
}

Result<Damage> wrong_key(const Scene&) {
  return of_tunnel(
      "other=$(wg genkey | wg pubkey); wg set wg-spillway peer \"$peer\" remove; "
      "wg set wg-spillway peer \"$other\" allowed-ips 172.31.0.0/16");
}

Result<Damage> keepalive(const Scene&) {
  return of_tunnel("wg set wg-spillway peer \"$peer\" persistent-keepalive 0");
}

Result<Damage> endpoint(const Scene&) {
  Damage damage = of_tunnel("wg set wg-spillway peer \"$peer\" endpoint 203.0.113.7:51820");
  // A packet from the true one would correct it at once, so none gets through.
  const Damage silent =
      filtered("vpc", "lab_break_endpoint", "prerouting priority -300; udp dport 51820 drop");
  damage.cut.insert(damage.cut.begin(), silent.cut.begin(), silent.cut.end());
  damage.mend.insert(damage.mend.end(), silent.mend.begin(), silent.mend.end());
  return damage;
}

/// The gateway's elastic address becomes another one; what it was before is kept and comes back.
Result<Damage> address(const Scene& scene) {
  const std::string id = TRY(gateway(scene));
  const Json before = TRY(scene.ec2(
      "DescribeAddresses", Json::object({{"Filters", Json::array({filter("instance-id", id.c_str())})}})));
  if (before["Addresses"].size() == 0)
    return Error{Kind::not_found, kNothingThere, "the gateway has no elastic address"};
  const Json other = TRY(scene.ec2("AllocateAddress", Json::object({{"Domain", "vpc"}})));
  const auto associate = [&](const Json& allocation) {
    return ApiCall{
        "AssociateAddress",
        Json::object({{"AllocationId", allocation}, {"InstanceId", id}, {"AllowReassociation", true}})};
  };
  Damage damage;
  damage.calls = {associate(other["AllocationId"])};
  damage.undo = {associate(before["Addresses"].at(0)["AllocationId"]),
                 {"ReleaseAddress", Json::object({{"AllocationId", other["AllocationId"]}})}};
  return damage;
}

Result<Damage> overlap(const Scene&) {
  return edited("ctl", "/etc/spillway/spillway.yaml", "s|onprem_cidrs: [[]|&172.31.128.0/20, |");
}

Result<Damage> unplugged(const Scene& scene) {
  return filtered("vpc", "lab_break_unplugged",
                  "prerouting priority -300; iifname \"" + cable_of(InstanceId{scene.instance}) + "\" drop");
}

}  // namespace

const std::vector<Breakage>& network_breakages() {
  static const std::vector<Breakage> kAll = {
      {"endpoint", Aim::nothing, "", "51", "the premises' gateway calls another address", endpoint},
      {"address", Aim::nothing, "", "51", "the far gateway has another elastic address", address},
      {"keepalive", Aim::nothing, "", "52", "the premises' gateway sends no keepalives", keepalive},
      {"mtu", Aim::nothing, "", "53", "long packets of the tunnel are lost on the way", mtu},
      {"wrong-key", Aim::nothing, "", "54", "the premises' gateway has another key for the far one",
       wrong_key},
      {"source-dest-check", Aim::nothing, "", "55", "the gateway's source/destination check is on",
       source_dest_check},
      {"vpc-route", Aim::nothing, "", "55", "the VPC has no way to the premises", vpc_route},
      {"return-route", Aim::nothing, "", "55", "the controller has no way back into the tunnel",
       return_route},
      {"overlap", Aim::nothing, "", "56", "spillway.yaml has a network on both sides of the tunnel", overlap},
      {"tunnel", Aim::nothing, "", "57", "WireGuard's packets are lost on the way", tunnel},
      {"security-group", Aim::nothing, "", "57", "the gateway's security group lets no WireGuard in",
       security_group},
      {"firewall", Aim::nothing, "", "57", "the far gateway drops what comes out of the tunnel",
       far_firewall},
      {"unplugged", Aim::node, "NODE", "", "the instance has lost its network", unplugged},
  };
  return kAll;
}

}  // namespace spillway::lab
