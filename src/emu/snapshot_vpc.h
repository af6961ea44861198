#pragma once
#include "emu/account.h"

// How snapshots describe networks; a part of snapshot.cpp.
namespace spillway::emu {

template <class A>
void describe(A& a, Vpc& v) {
  a.member("id", v.id), a.member("cidr", v.cidr), a.member("tags", v.tags);
  a.later("dhcp_options", v.dhcp_options), a.later("dns_support", v.dns_support);
  a.later("dns_hostnames", v.dns_hostnames), a.later("usage_metrics", v.usage_metrics);
}
template <class A>
void describe(A& a, Subnet& s) {
  a.member("id", s.id), a.member("vpc", s.vpc_id), a.member("cidr", s.cidr), a.member("zone", s.zone);
  a.member("tags", s.tags), a.member("used", s.used), a.member("next", s.next);
  a.later("map_public", s.map_public);
}
template <class A>
void describe(A& a, SecurityGroup& g) {
  a.member("id", g.id), a.member("vpc", g.vpc_id), a.member("name", g.name);
  a.member("description", g.description), a.member("tags", g.tags);
}
template <class A>
void describe(A& a, SecurityGroupRule& r) {
  a.member("id", r.id), a.member("group", r.group_id), a.member("tags", r.tags);
  a.member("egress", r.egress), a.member("protocol", r.protocol), a.member("from", r.from);
  a.member("to", r.to), a.member("cidr", r.cidr), a.member("peer_group", r.peer_group);
  a.member("prefix_list", r.prefix_list), a.member("description", r.description);
}
template <class A>
void describe(A& a, InternetGateway& g) {
  a.member("id", g.id), a.member("vpc", g.vpc_id), a.member("tags", g.tags);
}
template <class A>
void describe(A& a, Route& r) {
  a.member("destination", r.destination), a.member("target", r.target), a.member("origin", r.origin);
}
template <class A>
void describe(A& a, RouteTable& t) {
  a.member("id", t.id), a.member("vpc", t.vpc_id), a.member("tags", t.tags);
  a.member("main", t.main_association), a.member("routes", t.routes);
  a.member("associations", t.associations);
}
template <class A>
void describe(A& a, VpcEndpoint& e) {
  a.member("id", e.id), a.member("vpc", e.vpc_id), a.member("service", e.service);
  a.member("policy", e.policy), a.member("tags", e.tags), a.member("route_tables", e.route_tables);
  a.member("created", e.created);
}
template <class A>
void describe(A& a, Address& e) {
  a.member("id", e.id), a.member("ip", e.ip), a.member("tags", e.tags);
  a.member("association", e.association_id), a.member("interface", e.interface_id);
}
template <class A>
void describe(A& a, DhcpOptions& o) {
  a.member("id", o.id), a.member("tags", o.tags), a.member("values", o.values);
  a.member("of_region", o.of_region);
}
template <class A>
void describe(A& a, Interface& i) {
  a.member("id", i.id), a.member("instance", i.instance_id), a.member("tags", i.tags);
  a.member("subnet", i.subnet_id), a.member("vpc", i.vpc_id), a.member("zone", i.zone);
  a.member("mac", i.mac), a.member("private_ip", i.private_ip), a.member("description", i.description);
  a.member("groups", i.groups), a.member("source_dest_check", i.source_dest_check);
  a.member("public_ip", i.public_ip), a.member("attachment", i.attachment_id);
  a.member("attached", i.attached), a.later("delete_on_termination", i.delete_on_termination);
}
template <class A>
void describe(A& a, Volume& v) {
  a.member("id", v.id), a.member("instance", v.instance_id), a.member("device", v.device);
  a.member("tags", v.tags), a.member("zone", v.zone), a.member("type", v.type);
  a.member("kms_key", v.kms_key), a.member("snapshot", v.snapshot), a.member("gib", v.gib);
  a.member("encrypted", v.encrypted), a.member("delete_on_termination", v.delete_on_termination);
  a.member("created", v.created);
}
template <class A>
void describe_networks(A& a, Account& all) {
  a.later("security_group_rules", all.security_group_rules);
  a.later("internet_gateways", all.internet_gateways), a.later("route_tables", all.route_tables);
  a.later("vpc_endpoints", all.vpc_endpoints), a.later("addresses", all.addresses);
  a.later("dhcp_options", all.dhcp_options), a.later("interfaces", all.interfaces);
  a.later("volumes", all.volumes);
}

}  // namespace spillway::emu
