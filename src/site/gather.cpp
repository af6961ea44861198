#include "site/gather.h"

#include <cstdlib>

#include "base/crypto.h"
#include "base/file.h"
#include "base/text.h"
#include "dns/exchange.h"
#include "dns/key_file.h"
#include "dns/publisher.h"
#include "fleet/bootstrap.h"
#include "site/codes.h"
#include "site/images.h"
#include "site/instance_types.h"
#include "site/vpn_site.h"
#include "vpn/bootstrap.h"
#include "vpn/gateway_files.h"
#include "vpn/node_bootstrap.h"

namespace spillway::site {
namespace {

Deadline soon() {
  return Deadline::after(std::chrono::seconds{60});
}

bool has_environment(const char* name) {
  const char* value = std::getenv(name);
  return value && *value;
}

/// The administrator's own credentials build the site: --profile, or what the environment says, and only then
/// the profile that the daemon uses.
std::string profile_for(const Invocation& asked, const config::Site& site) {
  if (asked.has("profile")) return asked.get("profile");
  if (has_environment("AWS_PROFILE") || has_environment("AWS_ACCESS_KEY_ID")) return "";
  return site.aws.profile;
}

Result<ClusterId> cluster_of(const fleet::Loaded& loaded) {
  if (!loaded.site.cluster.id.empty()) return ClusterId{loaded.site.cluster.id};
  if (const auto kept = read_file(loaded.places.cluster_id, 100)) return ClusterId{std::string(trim(*kept))};
  const ClusterId made{make_uuid()};
  std::error_code ignored;
  std::filesystem::create_directories(loaded.places.cluster_id.parent_path(), ignored);
  TRY(write_file_atomically(loaded.places.cluster_id, made.value + "\n"));
  return made;
}

Result<std::string> account_of(aws::Client& client) {
  const Json identity = TRY(client.call("sts", "GetCallerIdentity", Json::object(), soon()));
  return identity["Account"].as_string();
}

Result<std::vector<std::string>> zones_of(aws::Client& client, const SiteConfig& own) {
  if (!own.zones.empty()) return own.zones;
  const Json answer = TRY(client.call("ec2", "DescribeAvailabilityZones", Json::object(), soon()));
  std::vector<std::string> zones;
  for (const Json& zone : answer["AvailabilityZones"].items())
    if (zone["State"].as_string() == "available" && zones.size() < 2)
      zones.push_back(zone["ZoneName"].as_string());
  if (zones.empty()) return Error{Kind::unavailable, "the region shows no availability zone"};
  return zones;
}

void take_groups(const config::Partitions& partitions, Inputs& in) {
  for (const config::Partition& partition : partitions.partitions)
    for (const config::NodeGroup& group : partition.groups) {
      for (const std::string& type : group.instance_types()) in.types.insert(type);
      for (const Json& tag : group.tags.items()) in.group_tag_keys.insert(tag["Key"].as_string());
      in.foreign_subnets.insert(group.source.subnets.begin(), group.source.subnets.end());
      for (const char* name : {"LaunchTemplateId", "LaunchTemplateName"})
        if (const std::string& given = group.launch_template[name].as_string(); !given.empty())
          in.foreign_templates.insert(given);
    }
}

Result<void> need(bool there, std::string_view key) {
  if (there) return {};
  return Error{Kind::invalid, kIncomplete, fmt::format("{} is missing", key)};
}

/// The far end of the tunnel: its script, and the peers that it will follow.
Result<void> take_gateway(const vpn::VpnSite& site, Inputs& in) {
  in.peers = vpn::to_text(
      TRY(vpn::peers_document(site, site.near_key, vpn::private_key_parameter(in.cluster.value))));
  vpn::GatewayValues values{in.cluster.value, in.region, in.bucket, in.vpn.interface};
  values.pair = has_standby(in);
  in.gateway_user_data = TRY(vpn::render_gateway_user_data(values));
  if (!values.pair) return {};
  values.place = vpn::kStandbyPlace;
  in.standby_user_data = TRY(vpn::render_gateway_user_data(values));
  in.standby_peers = vpn::to_text(TRY(vpn::peers_document(
      site, site.near_key, vpn::private_key_parameter(in.cluster.value, vpn::kStandbyPlace))));
  return {};
}

/// What the site must know where each node ends the tunnel itself.
std::string node_mode_warning(const Inputs& in) {
  return fmt::format(
      "vpn.mode is node: {}, so that each can call {}; nothing may call them. The premises' firewall must "
      "let "
      "UDP {} in from anywhere, and spillway-gateway there needs credentials of the role {}",
      in.existing.compute_subnets.empty()
          ? "compute nodes have public addresses"
          : "your compute subnets must have a way to the internet (NAT, or public addresses)",
      in.vpn.endpoint, in.vpn.listen_port, role_name(in, "tunnel"));
}

/// The part of the compute nodes' script that ends the tunnel there; empty where a gateway does, whose parts
/// are then taken.
Result<std::string> take_tunnel(Gathered& out) {
  Inputs& in = out.inputs;
  if (in.vpn.onprem_cidrs.empty()) return std::string{};
  vpn::VpnSite site;
  site.vpn = in.vpn;
  site.vpc_cidr = in.vpc_cidr;
  site.srun_first_port = in.srun_first_port;
  site.srun_last_port = in.srun_last_port;
  TRY(vpn::networks_of(in.vpn, in.vpc_cidr));
  TRY(need(!in.vpn.endpoint.empty(), "vpn.endpoint"));
  site.near_key = TRY(near_key_of(in.vpn));
  if (!vpn::is_node_mode(in.vpn)) {
    TRY(take_gateway(site, in));
    return std::string{};
  }
  out.warnings.push_back(node_mode_warning(in));
  return vpn::render_node_tunnel(site);
}

/// The name server takes our updates: seen now, not when the first node waits for its name.
Result<void> check_names(const dns::DnsConfig& config, const Inputs& in) {
  if (config.zone.empty()) return {};
  const dns::Names names = TRY(dns::names_of(config, in.cluster));
  dns::Key key = TRY(dns::load_key(config.tsig));
  SystemClock clock;
  dns::TcpExchange server{config.server};
  dns::Publisher publisher{server, clock, std::move(key), names};
  TRY(publisher.probe(Deadline::after(std::chrono::seconds{10})));
  return {};
}

/// munge's key, when this user may read it: whoever is not root plans without it.
void take_munge_key(const Inputs& in, Gathered& out) {
  const auto key = read_file(in.own.munge_key, 1 << 20);
  if (key) {
    out.inputs.munge_key_file = in.own.munge_key;
    out.inputs.munge_key_digest = to_hex(sha256(*key));
    return;
  }
  out.unmanaged.insert("MungeKey");
  out.warnings.push_back(fmt::format("{}: {}; nodes join only when root's apply has published it",
                                     in.own.munge_key, key.error().what));
}

Result<Gathered> begin(const Invocation& asked) {
  Gathered out;
  Inputs& in = out.inputs;
  const config::Section sections = [&](config::Reader& reader) {
    describe(reader, in.own);
    describe(reader, in.existing);
  };
  out.loaded = TRY(fleet::load(asked, {sections}));
  const config::Site& site = out.loaded.site;
  out.outputs = out.loaded.places.site();
  out.intents = out.loaded.places.state.parent_path() / "apply.journal";
  in.cluster = TRY(cluster_of(out.loaded));
  in.name = site.cluster.name;
  in.region = site.aws.region;
  in.bucket = site.data.bucket;
  in.vpn = out.loaded.vpn;
  out.aws = TRY(admin_stack(asked, site, site.aws.region));
  in.account = TRY(account_of(out.aws->client()));
  if (in.own.image_owner == "self") in.own.image_owner = in.account;
  return out;
}

}  // namespace

Result<std::unique_ptr<aws::Stack>> admin_stack(const Invocation& asked, const config::Site& site,
                                                const std::string& region) {
  aws::Overrides overrides;
  overrides.endpoint_url = site.aws.endpoint_url;
  overrides.ca_file = site.aws.ca_bundle;
  return aws::make_stack(profile_for(asked, site), region, std::move(overrides));
}

Result<Gathered> gather_for_destroy(const Invocation& asked) {
  Gathered out = TRY(begin(asked));
  TRY(need(!out.inputs.bucket.empty(), "data.bucket"));
  return out;
}

Result<Gathered> gather(const Invocation& asked) {
  Gathered out = TRY(begin(asked));
  const config::Site& site = out.loaded.site;
  Inputs& in = out.inputs;
  TRY(need(!in.bucket.empty(), "data.bucket"));
  if (!site.aws.vpc_cidr.empty()) in.vpc_cidr = site.aws.vpc_cidr;
  in.keep_days = site.data.keep_days;
  in.zone = out.loaded.dns.zone;
  in.name_servers = in.own.name_servers;
  take_groups(site.partitions, in);
  if (!in.foreign_templates.empty())
    out.warnings.push_back(
        fmt::format("node groups name launch templates of their own ({}): the head role may launch from any "
                    "image and tags neither "
                    "disks nor interfaces; groups without LaunchTemplateSpecification get the strict policy",
                    fmt::join(in.foreign_templates, ", ")));

  const Shapes shapes = TRY(take_shapes(asked, out));
  aws::Client& client = out.aws->client();
  in.zones = TRY(zones_of(client, in.own));
  const auto kept = read_file(out.outputs);
  const Json before = kept ? Json::parse(*kept).value_or(Json()) : Json();
  in.image = TRY(image_of(client, in.own.image, before["image"]));
  in.gateway_image = TRY(image_of(client, in.own.gateway_image, before["gateway_image"]));
  const ImageFacts image = TRY(check_image(client, in.image, in.own.image_owner));
  TRY(check_architecture(site.partitions, shapes, image));
  in.root_device = in.gateway_root_device = image.root_device;
  if (!in.vpn.onprem_cidrs.empty() && in.gateway_image != in.image)
    in.gateway_root_device = TRY(check_image(client, in.gateway_image, in.own.image_owner)).root_device;

  const std::string conf = read_file(site.cluster.slurm_conf).value_or("");
  std::vector<std::string> controllers =
      in.own.controllers.empty() ? controllers_in(conf) : in.own.controllers;
  if (controllers.empty())
    return Error{Kind::invalid, kIncomplete,
                 fmt::format("{} names no SlurmctldHost", site.cluster.slurm_conf)}
        .because("cloud nodes must know where slurmctld answers")
        .fixed_by("set site.controllers: [ADDRESS:6817]");
  std::tie(in.srun_first_port, in.srun_last_port) = srun_ports_in(conf);
  std::string tunnel = TRY(take_tunnel(out));
  in.compute_user_data = TRY(fleet::render_compute_user_data({.cluster = in.cluster.value,
                                                              .region = in.region,
                                                              .bucket = in.bucket,
                                                              .role_id = std::string(kRoleIdPlaceholder),
                                                              .controllers = controllers,
                                                              .tunnel = std::move(tunnel),
                                                              .alone_s = out.loaded.fleet.alone_s}));
  TRY(check_names(out.loaded.dns, in));
  take_munge_key(in, out);
  return out;
}

}  // namespace spillway::site
