#include "lab/break.h"
#include "lab/router.h"

// Breakages between the premises and the VPC. AWS's side is broken through its API, the premises' on its
// hosts. What the tunnel's own watch mends, it mends: `heal` then finds nothing left to do.
namespace spillway::lab {
namespace {

constexpr const char* kKept = "/run/lab/break-wg.conf";  // the tunnel as it was; it holds a key

Step nft(const std::string& host, const std::string& rules) {
  return {host, {"/usr/sbin/nft", "-f", "-"}, rules};
}

/// A table that stands between packets and their way; without it all is as before.
Damage filtered(const std::string& host, const std::string& table, const std::string& chain) {
  Damage damage;
  damage.cut = {nft(host, "table inet " + table + " { chain c { type filter hook " + chain + "; }; }\n")};
  damage.mend = {nft(host, "table inet " + table + "\ndelete table inet " + table + "\n")};
  return damage;
}

Step shell(const std::string& host, const std::string& script) {
  return {host, {"/usr/bin/sh", "-ec", script}, ""};
}

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
    return Error{Kind::not_found, fmt::format("{} finds nothing; has apply run?", operation)};
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
  return filtered("gw-aws", "lab_break_firewall", "input priority 0; iifname \"wg-*\" drop");
}

Result<Damage> return_route(const Scene&) {
  Damage damage;
  const auto route = [](const char* verb) {
    return Step{"ctl", {"/usr/sbin/ip", "route", verb, "blackhole", "10.200.0.0/24"}, ""};
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

Result<Damage> dns(const Scene&) {
  return filtered("ctl", "lab_break_dns",
                  "input priority 0; tcp dport 53 reject with tcp reset; udp dport 53 drop");
}

Result<Damage> dns_key(const Scene&) {
  Damage damage;
  const std::string key = "/etc/spillway/keys/ddns", kept = "/run/lab/break-ddns";
  damage.cut = {shell("ctl", "cp -p " + key + " " + kept + "; sed -i 's/secret \"./secret \"A/' " + key +
                                 "; chown --reference=" + kept + " " + key)};
  damage.mend = {shell("ctl", "cp -p " + kept + " " + key + "; rm " + kept)};
  return damage;
}

Result<Damage> unplugged(const Scene& scene) {
  return filtered("vpc", "lab_break_unplugged",
                  "prerouting priority -300; iifname \"" + cable_of(InstanceId{scene.instance}) + "\" drop");
}

}  // namespace

const std::vector<Breakage>& network_breakages() {
  static const std::vector<Breakage> kAll = {
      {"security-group", Aim::nothing, "", "the gateway's security group lets no WireGuard in",
       security_group},
      {"source-dest-check", Aim::nothing, "", "the gateway's source/destination check is on",
       source_dest_check},
      {"vpc-route", Aim::nothing, "", "the VPC has no way to the premises", vpc_route},
      {"return-route", Aim::nothing, "", "the controller has no way back into the tunnel", return_route},
      {"tunnel", Aim::nothing, "", "WireGuard's packets are lost on the way", tunnel},
      {"mtu", Aim::nothing, "", "long packets of the tunnel are lost on the way", mtu},
      {"firewall", Aim::nothing, "", "the far gateway drops what comes out of the tunnel", far_firewall},
      {"wrong-key", Aim::nothing, "", "the premises' gateway has another key for the far one", wrong_key},
      {"keepalive", Aim::nothing, "", "the premises' gateway sends no keepalives", keepalive},
      {"endpoint", Aim::nothing, "", "the premises' gateway calls another address", endpoint},
      {"dns", Aim::nothing, "", "the premises' name server does not answer", dns},
      {"dns-key", Aim::nothing, "", "the key for DNS updates is not the server's", dns_key},
      {"unplugged", Aim::node, "NODE", "the instance has lost its network", unplugged},
  };
  return kAll;
}

}  // namespace spillway::lab
