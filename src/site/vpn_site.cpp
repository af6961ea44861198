#include "site/vpn_site.h"

#include "aws/s3.h"
#include "base/file.h"
#include "base/text.h"
#include "fleet/setup.h"
#include "site/aws_side.h"
#include "site/gather.h"
#include "vpn/codes.h"
#include "vpn/endpoint.h"
#include "vpn/key_file.h"
#include "vpn/node_peers.h"

namespace spillway::site {
namespace {

/// slurm.conf may name a host, a firewall needs its address; a name that does not resolve stays one.
Result<vpn::Endpoint> numeric(const std::string& controller) {
  const vpn::Endpoint named = TRY(vpn::Endpoint::parse(controller));
  return vpn::resolve(named).value_or(named);
}

std::string cluster_id_of(const fleet::Loaded& loaded) {
  if (!loaded.site.cluster.id.empty()) return loaded.site.cluster.id;
  return std::string(trim(read_file(loaded.places.cluster_id, 100).value_or("")));
}

/// Where the far gateway is, and its key: as it is said, or as apply wrote them down.
void take_far_end(vpn::VpnSite& out) {
  const auto kept = read_file(out.record);
  const Json gateway = kept ? Json::parse(*kept).value_or(Json())["gateway"] : Json();
  const std::string& address = gateway["address"].as_string();
  out.aws_endpoint = !out.vpn.aws_endpoint.empty() ? out.vpn.aws_endpoint
                     : address.empty()             ? ""
                                                   : fmt::format("{}:{}", address, out.vpn.listen_port);
  const Json standby = kept ? Json::parse(*kept).value_or(Json())["standby"] : Json();
  if (out.vpn.standby_key.empty() && !standby["address"].as_string().empty()) {
    out.vpn.standby_key = standby["public_key"].as_string();
    out.vpn.standby_endpoint = fmt::format("{}:{}", standby["address"].as_string(), out.vpn.listen_port);
  }
  out.aws_key = vpn::PublicKey{out.vpn.aws_key.empty() ? gateway["public_key"].as_string() : out.vpn.aws_key};
}

/// The document of the nodes in the bucket, read as the premises' gateway.
class BucketDirectory final : public vpn::NodeDirectory {
 public:
  BucketDirectory(fleet::Loaded loaded, std::string cluster_id)
      : loaded_(std::move(loaded)), cluster_id_(std::move(cluster_id)) {}
  Result<std::string> read(Deadline deadline) override {
    const config::Site& site = loaded_.site;
    if (!aws_) {
      aws::Overrides overrides;
      overrides.endpoint_url = site.aws.endpoint_url;
      overrides.ca_file = site.aws.ca_bundle;
      aws_ = TRY(aws::make_stack(loaded_.vpn.profile.empty() ? site.aws.profile : loaded_.vpn.profile,
                                 site.aws.region, std::move(overrides)));
    }
    return aws::S3{aws_->client(), site.data.bucket}.get(vpn::nodes_key(cluster_id_), deadline);
  }

 private:
  fleet::Loaded loaded_;
  std::string cluster_id_;
  std::unique_ptr<aws::Stack> aws_;  // made when it is asked first, and used by one thread
};

}  // namespace

Result<vpn::PublicKey> near_key_of(const vpn::VpnConfig& config) {
  const vpn::PublicKey said{config.public_key};
  if (config.key.empty()) return said;
  const auto key = vpn::load_private_key(TRY(vpn::key_path(config.key)));
  if (!key && key.error().code.empty() && !said.empty())
    return said;  // it lies on another host, or is root's
  if (!key) return key.error();
  const vpn::PublicKey derived = TRY(vpn::public_key_of(*key));
  if (said.empty() || said == derived) return derived;
  return Error{Kind::invalid, vpn::kKeysDiffer,
               fmt::format("vpn.public_key is {}, the public half of vpn.key is {}", said, derived)};
}

Result<vpn::VpnSite> load_vpn_site(const Invocation& asked) {
  SiteConfig own;
  ExistingConfig existing;
  const config::Section sections = [&](config::Reader& reader) {
    describe(reader, own);
    describe(reader, existing);
  };
  const fleet::Loaded loaded = TRY(fleet::load(asked, {sections}));
  const std::string conf = read_file(loaded.site.cluster.slurm_conf).value_or("");
  vpn::VpnSite out;
  out.cluster = loaded.site.cluster.name;
  out.cluster_id = cluster_id_of(loaded);
  out.vpn = loaded.vpn;
  if (!loaded.site.aws.vpc_cidr.empty()) out.vpc_cidr = loaded.site.aws.vpc_cidr;
  // The key may lie on the gateway alone, or be root's: it is needed by who publishes it, not by who looks.
  // One that others can read is refused everywhere.
  auto key = near_key_of(loaded.vpn);
  if (!key && !key.error().code.empty()) return key.error();
  out.near_key = key.value_or(vpn::PublicKey{});
  out.record = loaded.places.site();
  take_far_end(out);
  out.name_servers = own.name_servers;
  for (const std::string& controller : own.controllers.empty() ? controllers_in(conf) : own.controllers)
    out.controllers.push_back(TRY(numeric(controller)));
  std::tie(out.srun_first_port, out.srun_last_port) = srun_ports_in(conf);
  out.run_dir = loaded.places.run;
  const auto reach = std::make_shared<Reach>(asked);
  out.aws = aws_side(reach);
  out.publisher = tunnel_publisher(reach);
  if (vpn::is_node_mode(out.vpn) && !out.cluster_id.empty())
    out.nodes = std::make_shared<BucketDirectory>(loaded, out.cluster_id);
  return out;
}

}  // namespace spillway::site
