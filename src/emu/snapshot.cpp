#include "emu/snapshot.h"

#include "emu/archive.h"
#include "emu/ec2.h"
#include "emu/snapshot_vpc.h"

namespace spillway::emu {
namespace {
constexpr std::string_view kSchema = "spillway.emu/v1";
}  // namespace

// Found by argument-dependent lookup, which does not look into an anonymous namespace.

template <class A>
void describe(A& a, Image& i) {
  a.member("id", i.id), a.member("name", i.name), a.member("architecture", i.architecture);
  a.member("root_device", i.root_device), a.member("tags", i.tags);
  a.later("owner", i.owner), a.later("owner_alias", i.owner_alias);
  a.later("description", i.description), a.later("snapshot", i.snapshot), a.later("created", i.created);
  a.later("available_at", i.available_at), a.later("gib", i.gib), a.later("encrypted", i.encrypted);
}
template <class A>
void describe(A& a, Snapshot& s) {
  a.member("id", s.id), a.member("volume", s.volume), a.member("description", s.description);
  a.member("gib", s.gib), a.member("encrypted", s.encrypted), a.member("started", s.started);
  a.member("tags", s.tags);
}
template <class A>
void describe(A& a, BlockDevice& b) {
  a.member("device", b.device), a.member("type", b.type), a.member("kms_key", b.kms_key);
  a.member("snapshot", b.snapshot), a.member("gib", b.gib), a.member("encrypted", b.encrypted);
  a.member("delete_on_termination", b.delete_on_termination);
}
template <class A>
void describe(A& a, LaunchData& d) {
  a.member("image", d.image_id), a.member("type", d.type), a.member("subnet", d.subnet_id);
  a.member("key_name", d.key_name), a.member("profile", d.profile);
  std::string user_data = d.user_data;
  a.bytes("user_data", user_data);
  if (user_data != d.user_data.str()) d.user_data = std::move(user_data);
  a.member("security_groups", d.security_groups), a.member("shutdown_behavior", d.shutdown_behavior);
  a.member("market", d.market), a.member("http_tokens", d.http_tokens);
  a.member("http_endpoint", d.http_endpoint), a.member("metadata_tags", d.metadata_tags);
  a.member("hop_limit", d.hop_limit), a.member("placement_group", d.placement_group);
  a.member("zone", d.zone), a.member("tags", d.tags);
  a.later("group_names", d.group_names), a.later("wanted_ip", d.private_ip);
  a.later("public_ip", d.public_ip), a.later("interfaces", d.interfaces);
  a.later("places_itself", d.places_itself), a.later("protected", d.protected_from_termination);
  a.later("monitored", d.monitored), a.later("block_devices", d.block_devices), a.later("given", d.given);
  a.later("interface_goes", d.interface_goes);
}
template <class A>
void describe(A& a, TemplateVersion& v) {
  a.member("number", v.number), a.member("description", v.description), a.member("created", v.created);
  a.member("data", v.data);
}
template <class A>
void describe(A& a, LaunchTemplate& t) {
  a.member("id", t.id), a.member("name", t.name), a.member("created", t.created);
  a.member("default_version", t.default_version), a.member("tags", t.tags), a.member("versions", t.versions);
  a.member("next_version", t.next_version);
}
template <class A>
void describe(A& a, Instance& i) {
  a.member("id", i.id.value), a.member("state", i.state), a.member("launched", i.launched);
  a.member("due", i.due), a.member("launch", i.launch), a.member("zone", i.zone), a.member("vpc", i.vpc_id);
  a.member("private_ip", i.private_ip), a.member("mac", i.mac), a.member("reservation", i.reservation_id);
  a.member("fleet", i.fleet_id), a.member("template", i.template_id);
  a.member("template_version", i.template_version), a.member("launch_index", i.launch_index);
  a.member("client_token", i.client_token), a.member("reason_code", i.reason_code),
      a.member("reason", i.reason);
  a.member("tags", i.tags), a.member("started", i.started), a.member("never_boots", i.never_boots);
  a.member("dies_pending", i.dies_pending);
  a.later("volumes", i.volumes), a.later("protected", i.protected_from_termination);
  a.later("console", i.console);
  a.later("rebalance", i.rebalance), a.later("reclaimed", i.reclaimed);
}
template <class A>
void describe(A& a, Fleet& f) {
  a.member("id", f.id), a.member("state", f.state), a.member("created", f.created);
  a.member("client_token", f.client_token), a.member("capacity_type", f.capacity_type);
  a.member("target", f.target), a.member("instances", f.instances), a.member("tags", f.tags);
}
template <class A>
void describe(A& a, Remembered& r) {
  a.member("digest", r.digest), a.member("body", r.body), a.member("instances", r.instances);
  a.member("reservation", r.reservation_id), a.member("at", r.at);
}
template <class A>
void describe(A& a, Policy& p) {
  a.member("name", p.name), a.member("document", p.document);
}
template <class A>
void describe(A& a, Principal& p) {
  a.member("name", p.name), a.member("id", p.unique_id), a.member("is_role", p.is_role);
  a.member("everything", p.everything), a.member("policies", p.policies), a.member("trust", p.trust);
  a.member("path", p.path), a.member("description", p.description), a.member("max_session", p.max_session);
  a.member("created", p.created), a.member("tags", p.tags);
}
template <class A>
void describe(A& a, AccessKey& k) {
  a.member("id", k.id), a.member("secret", k.secret), a.member("token", k.token);
  a.member("principal", k.principal), a.member("is_role", k.is_role), a.member("session", k.session);
  a.member("expires", k.expires), a.member("session_policy", k.session_policy);
  a.later("issued", k.issued);
}
template <class A>
void describe(A& a, InstanceProfile& p) {
  a.member("name", p.name), a.member("id", p.id), a.member("role", p.role), a.member("path", p.path);
  a.member("created", p.created), a.member("tags", p.tags);
}
template <class A>
void describe(A& a, Object& o) {
  a.member("content", o.content), a.member("etag", o.etag), a.member("content_type", o.content_type);
  a.member("modified", o.modified), a.member("metadata", o.metadata), a.member("checksum", o.checksum);
  a.member("version", o.version), a.member("delete_marker", o.delete_marker);
}
template <class A>
void describe(A& a, PublicAccessBlock& p) {
  a.member("public_acls", p.public_acls), a.member("ignore_public_acls", p.ignore_public_acls);
  a.member("public_policy", p.public_policy), a.member("restrict_public", p.restrict_public);
}
template <class A>
void describe(A& a, Encryption& e) {
  a.member("algorithm", e.algorithm), a.member("key", e.key), a.member("bucket_key", e.bucket_key);
}
template <class A>
void describe(A& a, Upload& u) {
  a.member("key", u.key), a.member("begun", u.begun), a.member("object", u.object);
  a.member("parts", u.parts);
}
template <class A>
void describe(A& a, Bucket& b) {
  a.member("name", b.name), a.member("region", b.region), a.member("created", b.created);
  a.member("objects", b.objects), a.member("history", b.history), a.member("versioning", b.versioning);
  a.member("public_access", b.public_access), a.member("encryption", b.encryption);
  a.member("ownership", b.ownership), a.member("lifecycle", b.lifecycle), a.member("policy", b.policy);
  a.member("tags", b.tags), a.member("uploads", b.uploads);
}
template <class A>
void describe(A& a, Parameter& p) {
  a.member("name", p.name), a.member("type", p.type), a.member("value", p.value);
  a.member("version", p.version), a.member("modified", p.modified), a.member("description", p.description);
  a.member("key_id", p.key_id), a.member("modified_by", p.modified_by), a.member("tags", p.tags);
}
template <class A>
void describe(A& a, MetadataToken& t) {
  a.member("instance", t.instance), a.member("expires", t.expires);
}
template <class A>
void describe(A& a, Account& all) {
  a.member("serial", all.serial), a.member("vpcs", all.vpcs), a.member("subnets", all.subnets);
  a.member("security_groups", all.security_groups), a.member("images", all.images);
  a.member("templates", all.templates), a.member("instances", all.instances), a.member("fleets", all.fleets);
  a.member("client_tokens", all.tokens), a.member("users", all.users), a.member("roles", all.roles);
  a.member("profiles", all.profiles), a.member("keys", all.keys);
  a.member("metadata_tokens", all.metadata_tokens), a.member("buckets", all.buckets);
  a.member("parameters", all.parameters), a.later("snapshots", all.snapshots);
  describe_networks(a, all);
}

namespace {

/// What the operations rely on and a document of right types may still lack; "" when nothing.
std::string contradiction(const Account& account) {
  for (const auto& [id, known] : account.templates)
    if (!known.versions.contains(known.default_version))
      return fmt::format("snapshot.templates: {} lacks its default version", id);
  for (const auto& [id, bucket] : account.buckets)
    for (const auto& [key, object] : bucket.objects)
      if (!object.content) return fmt::format("snapshot.buckets: {}/{} lacks its content", id, key);
  return "";
}

/// What follows from the instances: who has which address, and when each moves on.
void derive(Account& account) {
  account.instance_by_ip.clear();
  account.due.clear();
  account.endings.clear();
  for (auto& [id, instance] : account.instances) {
    if (instance.state == State::shutting_down && !instance.due) instance.due = account.now();
    if (instance.reclaimed) account.endings[{*instance.reclaimed, id}] = kSpotTermination;
    if (!instance.private_ip.empty()) account.instance_by_ip[instance.private_ip] = id;
    if (instance.due) account.due.emplace(*instance.due, id);
  }
  ++account.network_version;
}

/// Makes up what documents lack that were written before there were networks to keep.
void complete(Account& account, const Json& snapshot) {
  if (!snapshot.contains("security_group_rules"))
    for (const auto& [id, group] : account.security_groups) allow_all_egress(account, id);
  for (auto& [id, vpc] : account.vpcs) furnish(account, vpc);
  for (auto& [id, instance] : account.instances)
    if (!instance.private_ip.empty() && !interface_of(account, instance)) equip(account, instance);
  for (auto& [id, known] : account.templates)
    for (auto& [number, version] : known.versions)
      if (version.data.given.empty()) version.data.given = given_for(version.data);
}

}  // namespace

Json snapshot_of(const Account& account) {
  Writer writer;
  std::string schema(kSchema);
  writer.member("schema", schema);
  describe(writer, const_cast<Account&>(account));  // a writer changes nothing
  return writer.take();
}

Result<void> restore_account(Account& account, const Json& snapshot) {
  if (snapshot["schema"].as_string() != kSchema)
    return Error{Kind::invalid, fmt::format("the snapshot's schema is '{}', want '{}'",
                                            snapshot["schema"].as_string(), kSchema)};
  const Json before = snapshot_of(account);
  Reader reader(snapshot, "snapshot");
  describe(reader, account);
  const std::string problem = reader.failed() ? reader.problem() : contradiction(account);
  if (!problem.empty()) {
    Reader undo(before);
    describe(undo, account);
  }
  derive(account);
  if (problem.empty()) complete(account, snapshot);
  if (!problem.empty()) return Error{Kind::invalid, problem};
  account.events.clear();
  return {};
}

}  // namespace spillway::emu
