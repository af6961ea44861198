#include "fleet/setup.h"

#include <cstdlib>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "dns/key_file.h"
#include "fleet/site_facts.h"
#include "slurm/command_controller.h"
#include "vpn/cidr.h"

namespace spillway::fleet {
namespace {

constexpr Code kBadId{"SPW-FLEET-010",
                      "every resource of this cluster on AWS is tagged with the uuid in that file",
                      "put the uuid back: it is the tag spillway:cluster of the running instances"};

/// The cluster's uuid: from the configuration, or the file beside the journal, or made now and kept there.
Result<ClusterId> cluster_id(const Loaded& loaded) {
  if (!loaded.site.cluster.id.empty()) return ClusterId{loaded.site.cluster.id};
  const auto kept = read_file(loaded.places.cluster_id, 100);
  if (kept) {
    const std::string id(trim(*kept));
    const bool fits = id.size() == 36 && id.find_first_not_of("0123456789abcdef-") == std::string::npos;
    if (!fits)
      return Error{Kind::invalid, kBadId,
                   fmt::format("{} holds '{}'", loaded.places.cluster_id.string(), id)};
    return ClusterId{id};
  }
  if (kept.error().kind != Kind::not_found) return kept.error();
  const ClusterId made{make_uuid()};
  TRY(write_file_atomically(loaded.places.cluster_id, made.value + "\n"));
  return made;
}

}  // namespace

Places places_of(const Invocation& asked) {
  Places places = default_places();
  const char* variable = std::getenv("SPILLWAY_CONFIG");
  const std::filesystem::path config = asked.get("config", variable && *variable ? variable : "");
  if (config.empty()) return places;
  std::error_code ignored;
  if (std::filesystem::is_directory(config, ignored)) return plugin_places(config);
  if (config.filename() == "config.json") return plugin_places(config.parent_path());
  places.config = config;
  return places;
}

Result<Loaded> load(const Invocation& asked, const std::vector<config::Section>& above) {
  Loaded loaded{.places = places_of(asked)};
  const config::Section own = [&](config::Reader& reader) {
    describe(reader, loaded.fleet);
    vpn::describe(reader, loaded.vpn);
    dns::describe(reader, loaded.dns);
    for (const char* section : {"site", "existing"})
      if (above.empty()) reader.opaque(section, "What plan and apply build.");
  };
  std::vector<config::Section> sections{own};
  sections.insert(sections.end(), above.begin(), above.end());
  loaded.site = TRY(config::load_site(loaded.places.config, sections));
  return loaded;
}

Result<std::unique_ptr<Setup>> Setup::make(Loaded loaded) {
  std::unique_ptr<Setup> setup{new Setup};
  setup->loaded_ = std::move(loaded);
  const config::Site& site = setup->loaded_.site;
  Policy& policy = setup->policy_;
  policy.cluster = TRY(cluster_id(setup->loaded_));
  policy.cluster_name = site.cluster.name;
  policy.compute_role_id = site.aws.compute_role_id;
  policy.bucket = !site.data.bucket.empty();
  policy.node_tunnel = !setup->loaded_.vpn.onprem_cidrs.empty() && vpn::is_node_mode(setup->loaded_.vpn);
  apply(setup->loaded_.fleet, policy);
  for (const config::Partition& partition : site.partitions.partitions)
    for (const config::NodeGroup& group : partition.groups) {
      policy.groups.emplace(group.group(), group);
      for (const auto& [option, value] : partition.options)
        if (equal_ignoring_case(option, "SuspendTime")) {
          const auto seconds = parse_int(value);  // or INFINITE
          policy.suspend_times[group.group()] =
              seconds ? std::optional<Duration>(std::chrono::seconds{*seconds}) : std::nullopt;
        }
    }
  TRY(fill_from_site(setup->loaded_.places.site(), policy));

  setup->slurm_ = std::make_unique<slurm::CommandController>(
      setup->runner_, slurm::Commands{.bin = site.cluster.slurm_bin, .slurm_conf = site.cluster.slurm_conf});
  setup->outside_.emplace(Outside{.clock = setup->clock_, .slurm = *setup->slurm_});
  for (auto& [name, group] : policy.groups) {
    if (group.profile.empty()) group.profile = site.aws.profile;
    TRY(setup->reach(cloud_of(group.profile, group.region)));
  }
  if (!site.data.bucket.empty()) {
    setup->bucket_ = std::make_unique<aws::S3>(TRY(setup->stack(site.aws.profile, site.aws.region))->client(),
                                               site.data.bucket);
    setup->outside_->bucket = setup->bucket_.get();
  }
  TRY(setup->reach_name_server());
  TRY(setup->reach_tunnel());
  return setup;
}

Result<void> Setup::reach_name_server() {
  const dns::DnsConfig& config = loaded_.dns;
  if (config.zone.empty()) return {};
  const dns::Names names = TRY(dns::names_of(config, policy_.cluster));
  dns::Key key = TRY(dns::load_key(config.tsig));
  name_server_ = std::make_unique<dns::TcpExchange>(config.server);
  names_ = std::make_unique<dns::Publisher>(*name_server_, clock_, std::move(key), names);
  outside_->names = names_.get();
  policy_.names = true;
  return {};
}

/// The tunnel is ours to watch where one gateway on AWS ends it.
Result<void> Setup::reach_tunnel() {
  if (loaded_.vpn.onprem_cidrs.empty() || vpn::is_node_mode(loaded_.vpn)) return {};
  const vpn::Cidr ends = TRY(vpn::Cidr::parse(loaded_.vpn.tunnel_cidr));
  tunnel_ = std::make_unique<TcpTunnel>(TRY(ends.nth(2)).value);  // the first is the premises' end
  outside_->tunnel = tunnel_.get();
  return {};
}

Result<aws::Stack*> Setup::stack(const std::string& profile, const std::string& region) {
  auto& place = stacks_[cloud_of(profile, region)];
  if (!place) {
    aws::Overrides overrides;
    overrides.clock = &clock_;
    overrides.endpoint_url = loaded_.site.aws.endpoint_url;
    const config::AwsConfig& config = loaded_.site.aws;
    overrides.ca_file = config.ca_bundle;
    overrides.rates = {
        .factor = static_cast<double>(config.request_factor),
        .launches = {static_cast<double>(config.launch_burst), static_cast<double>(config.launch_per_s)},
        .ends = {static_cast<double>(config.end_burst), static_cast<double>(config.end_per_s)}};
    place = TRY(aws::make_stack(profile, region, std::move(overrides)));
  }
  return place.get();
}

Result<void> Setup::reach(const std::string& cloud) {
  const size_t slash = cloud.rfind('/');
  if (ec2_.contains(cloud) || slash == std::string::npos) return {};
  aws::Stack* place = TRY(stack(cloud.substr(0, slash), cloud.substr(slash + 1)));
  ec2_[cloud] = std::make_unique<aws::Ec2>(place->client());
  outside_->ec2[cloud] = ec2_[cloud].get();
  return {};
}

std::map<std::string, int64_t> Setup::calls_since_last() {
  std::map<std::string, int64_t> total;
  for (const auto& [name, stack] : stacks_)
    for (const auto& [operation, count] : stack->client().counters())
      total[operation] += static_cast<int64_t>(count);
  std::map<std::string, int64_t> fresh;
  for (const auto& [operation, count] : total)
    if (count > counted_[operation]) fresh[operation] = count - counted_[operation];
  counted_ = std::move(total);
  return fresh;
}

}  // namespace spillway::fleet
