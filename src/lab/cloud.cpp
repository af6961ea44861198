#include "lab/cloud.h"

#include "base/crypto.h"
#include "base/file.h"
#include "lab/ca.h"
#include "lab/errors.h"
#include "lab/machine.h"
#include "lab/mounts.h"
#include "lab/namespaces.h"
#include "lab/network.h"
#include "lab/plugin_site.h"

namespace spillway::lab {
namespace {

constexpr const char* kCaBundle = "/etc/ssl/certs/ca-certificates.crt";

emu::Settings emulator_settings() {
  emu::Settings settings;
  settings.latency = std::chrono::milliseconds(5);
  settings.boot_delay = std::chrono::milliseconds(50);
  settings.shutdown_delay = std::chrono::milliseconds(200);
  settings.public_cidr = kPublicAddresses;
  settings.loopback_is_secure = true;  // for people's clients on the host
  settings.s3_cidrs = {std::string(kS3Address) + "/32"};
  return settings;
}

/// Letters that credentials may have, from random bytes.
std::string random_name(size_t length) {
  std::string name = to_hex(random_bytes(length));
  for (char& c : name) c = static_cast<char>(std::toupper(c));
  return name.substr(0, length);
}

AccessKey make_key() {
  return {"AKIA" + random_name(16), to_hex(random_bytes(20))};
}

}  // namespace

Cloud::Cloud(const Workbench& bench, Fd endpoint, int endpoint_port)
    : bench_(bench),
      machines_(bench.processes),
      emulator_(emulator_settings(), clock_, &machines_),
      endpoint_(std::move(endpoint)),
      endpoint_port_(endpoint_port) {
  if (!bench.settings.plugin_site) machines_.before_boot([this] { router_.sync(); });
  machines_.when_off([this](const InstanceId& id) { emulator_.stopped_by_itself(id); });
}

Cloud::~Cloud() {
  ending_ = true;
  if (clockwork_.joinable()) clockwork_.join();
  fronts_.clear();
  machines_.finish();
}

Result<void> Cloud::start(ClusterFacts& cluster, const std::string& munge_key) {
  account_.daemon = make_key();
  account_.people = make_key();
  account_.munge_key = munge_key;
  if (bench_.settings.plugin_site) {
    cluster.compute_role_id = "AROA" + random_name(16);
    cluster.subnet_id = "subnet-0spillwaylab0001";
    TRY(emulator_.seed(plugin_seed(account_, cluster)));
    TRY(create_launch_template(emulator_, clock_, account_, render_plugin_user_data(munge_key)));
  } else {
    TRY(emulator_.seed(site_seed(account_, cluster)));
  }
  const std::string folder = std::string(kRun) + "/ca";
  TRY(make_folder(folder, 0700));
  const Authority authority = TRY(make_authority(bench_.runner, folder));
  TRY(install_ca(authority.ca));
  TRY(open_fronts(authority.certificate, authority.key));
  clockwork_ = std::thread([this] {
    while (!ending_) {
      emulator_.advance();
      if (!bench_.settings.plugin_site) router_.sync();
      clock_.sleep_for(std::chrono::milliseconds(50));
    }
  });
  return {};
}

Result<void> Cloud::open_fronts(const std::string& certificate, const std::string& key) {
  const auto apis = [this](const net::Incoming& incoming) { return emulator_.handle(incoming); };
  const auto metadata = [this](const net::Incoming& incoming) { return emulator_.handle_metadata(incoming); };
  for (const char* address : {kAwsApiAddress, kS3Address}) {
    net::ServerOptions options;
    options.listen_fd = TRY(listen_on("internet", address, 443)).release();
    options.certificate = certificate;
    options.key = key;
    fronts_.push_back(TRY(net::Server::start(std::move(options), apis)));
  }
  net::ServerOptions inside;
  inside.listen_fd = TRY(listen_on("vpc", kMetadataAddress, 80, 1))
                         .release();  // answers live one hop, as HttpPutResponseHopLimit says
  fronts_.push_back(TRY(net::Server::start(std::move(inside), metadata)));
  net::ServerOptions outside;
  outside.listen_fd = endpoint_.release();
  fronts_.push_back(TRY(net::Server::start(std::move(outside), apis)));
  return {};
}

Result<void> Cloud::install_ca(const std::string& ca) const {
  const std::string bundle = TRY(read_file(kCaBundle)) + "\n" + ca;
  TRY(write_file_atomically(kCaBundle, bundle));
  const std::string additions = kImageAdditions;
  TRY(make_folder(additions + "/etc/ssl/certs"));
  // Nothing else is reached from there by TLS, and every curl of a boot reads the whole bundle.
  TRY(write_file_atomically(additions + kCaBundle, ca));
  // What DHCP tells: where apply made the VPC, its options name the premises' server first.
  const std::string first =
      bench_.settings.plugin_site ? "" : fmt::format("nameserver {}\n", kControllerAddress);
  return write_file_atomically(
      additions + "/etc/resolv.conf",
      fmt::format("{}nameserver {}\noptions timeout:1 attempts:2\n", first, kVpcResolver));
}

Result<void> Cloud::give_credentials(const ClusterFacts& cluster) const {
  const std::string folder = "/var/lib/spillway/.aws";
  const bool plugin = bench_.settings.plugin_site;
  TRY(make_folder(folder, 0700, "slurm"));
  const std::string key =
      fmt::format("[{}]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
                  plugin ? "default" : "spillwayd", account_.daemon.id, account_.daemon.secret);
  const std::string head = fmt::format(
      "[profile head]\nrole_arn = {}\nsource_profile = spillwayd\n"
      "[profile tunnel]\nrole_arn = {}\nsource_profile = spillwayd\n",
      head_role_arn(cluster), tunnel_role_arn(cluster));
  for (const auto& [name, text] :
       {std::pair{"/credentials", key}, {"/config", plugin ? std::string("\n") : head}}) {
    TRY(write_file_atomically(folder + name, text, 0400));
    TRY(give_to(folder + name, "slurm"));
  }
  return {};
}

Result<void> Cloud::apply_site() const {
  Program apply = on("ctl", {"/usr/libexec/spillway/spillway", "apply", "--yes", "--no-input"});
  apply.env.push_back("AWS_ACCESS_KEY_ID=" + account_.people.id);
  apply.env.push_back("AWS_SECRET_ACCESS_KEY=" + account_.people.secret);
  const Finished done = TRY(bench_.runner.run(apply, Deadline::after(std::chrono::seconds(60))));
  TRY(write_file_atomically(bench_.settings.state / "log/apply.log", done.out + done.err));
  if (done.exit_code == 0) return {};
  return Error{Kind::io, kService,
               fmt::format("spillway apply failed with {}: {}", done.exit_code, done.err)};
}

Json Cloud::endpoint() const {
  return Json::object({{"url", fmt::format("http://127.0.0.1:{}", endpoint_port_)},
                       {"region", "us-east-1"},
                       {"access_key", account_.people.id},
                       {"secret_key", account_.people.secret}});
}

Json Cloud::everything() const {
  Json out = Json::array();
  for (const emu::InstanceFacts& instance : emulator_.instances()) {
    if (instance.state == "terminated") continue;
    const auto tag = [&](const char* name) {
      const auto found = instance.tags.find(name);
      return found == instance.tags.end() ? std::string() : found->second;
    };
    out.push(Json::object({{"id", instance.id.value},
                           {"address", instance.address},
                           {"state", instance.state},
                           {"kind", tag("spillway:kind")},
                           {"node", tag("Name")}}));
  }
  return out;
}

Result<Json> Cloud::call(const std::string& operation, Json input) const {
  return call_ec2(emulator_, clock_, account_.people, operation, std::move(input));
}

Json Cloud::instances() const {
  Json nodes = Json::array();
  const Json all = everything();
  for (const Json& instance : all.items())
    if (const std::string& kind = instance["kind"].as_string(); kind != "Gateway" && kind != "Standby")
      nodes.push(instance);
  return nodes;
}

std::string Cloud::instance_of(const std::string& name) const {
  const Json all = everything();
  for (const Json& instance : all.items())
    if (instance["node"].as_string() == name || instance["address"].as_string() == name ||
        (name == "gw-aws" && instance["kind"].as_string() == "Gateway") ||
        (name == "gw-standby" && instance["kind"].as_string() == "Standby"))
      return instance["id"].as_string();
  return name;
}

}  // namespace spillway::lab
