#include "vpn/commands.h"

#include <algorithm>

#include "base/text.h"
#include "vpn/codes.h"
#include "vpn/examine.h"
#include "vpn/gateway_files.h"
#include "vpn/key_file.h"
#include "vpn/node_gateway.h"
#include "vpn/report.h"
#include "vpn/rotation_lock.h"
#include "vpn/write_files.h"

namespace spillway::vpn {
namespace {

Deadline deadline_of(const Invocation& asked) {
  return Deadline::after(std::chrono::seconds{parse_int(asked.get("timeout")).value_or(30)});
}

void print(const Invocation& asked, const Json& report, const std::string& text) {
  fmt::print("{}\n", asked.json() ? report.dump(2) : text);
}

/// Nodes that are peers themselves have no gateway on AWS that could be asked.
Result<void> need_gateway(const VpnSite& site, std::string_view what) {
  if (!is_node_mode(site.vpn)) return {};
  return Error{Kind::invalid, kNotInNodeMode, fmt::format("cannot {}: vpn.mode is node", what)};
}

Result<int> run_status(const SiteLoader& load, const Invocation& asked) {
  const VpnSite site = TRY(load(asked));
  PosixRunner runner;
  WgDevice device{runner, site.vpn.interface};
  const InterfaceState state = TRY(device.show(deadline_of(asked)));
  const Json report = status_report(site, state, monitors_word(site.run_dir), SystemClock{}.now());
  print(asked, report, status_text(report));
  return report["state"].as_string() == "down" ? 4 : 0;
}

Result<int> run_ping(const SiteLoader& load, const Invocation& asked) {
  const VpnSite site = TRY(load(asked));
  PosixRunner runner;
  NetProber prober{runner};
  PingOrder order{
      .count = static_cast<int>(std::clamp<int64_t>(parse_int(asked.get("count")).value_or(5), 1, 1000))};
  if (asked.arguments.empty()) TRY(need_gateway(site, "ping the gateway on AWS"));
  order.to = asked.arguments.empty() ? TRY(networks_of(site.vpn, site.vpc_cidr)).aws_end
                                     : IpAddress{asked.arguments[0]};
  TRY(Cidr::parse(order.to.value));
  const PingAnswer answer =
      TRY(prober.ping(order, deadline_of(asked).sooner(order.count * order.each + std::chrono::seconds{5})));
  const Json report = ping_report(order, answer);
  print(asked, report, ping_text(report));
  return answer.answered() ? 0 : 4;
}

Result<int> run_check(const SiteLoader& load, const Invocation& asked) {
  VpnSite site = TRY(load(asked));
  PosixRunner runner;
  SystemClock clock;
  WgDevice device{runner, site.vpn.interface};
  if (is_node_mode(site.vpn)) {
    const InterfaceState state = TRY(device.show(deadline_of(asked)));
    const Json report = check_report(diagnose_nodes(state, monitors_word(site.run_dir), clock.now()));
    print(asked, report, check_text(report));
    return report["failed"].as_int() == 0 ? 0 : 4;
  }
  NetProber prober{runner};
  const IpAddress far_host{asked.get("far-host")};
  if (!far_host.empty()) TRY(Cidr::parse(far_host.value));
  if (!asked.has("aws")) site.aws = nullptr;
  const Evidence evidence = examine(site, device, prober, resolve, clock, far_host, deadline_of(asked));
  if (!evidence.aws_trouble.empty()) fmt::print(stderr, "AWS was not asked: {}\n", evidence.aws_trouble);
  const Json report = check_report(diagnose(evidence));
  print(asked, report, check_text(report));
  return report["failed"].as_int() == 0 ? 0 : 4;
}

/// The public key of the premises' gateway. Its private half is made now if this is where it belongs and
/// there is none yet.
Result<PublicKey> near_key(const VpnSite& site) {
  if (!site.near_key.empty()) return site.near_key;
  const auto path = TRY(key_path(site.vpn.key));
  const PublicKey key = TRY(keep_private_key(path));
  fmt::print(stderr, "Made a private key in {}.\n", path.string());
  return key;
}

Result<std::string> side_of(const Invocation& asked) {
  const std::string side = asked.get("side");
  if (side == "onprem" || side == "aws") return side;
  return Error{Kind::invalid, kBadValue, fmt::format("--side {} is neither onprem nor aws", in_quotes(side))};
}

Result<int> run_config(const SiteLoader& load, const Invocation& asked) {
  const VpnSite site = TRY(load(asked));
  const std::string side = TRY(side_of(asked));
  TRY(check(site.vpn));
  TRY(networks_of(site.vpn, site.vpc_cidr));  // before a key is made
  const PublicKey own = TRY(near_key(site));
  const auto files = TRY(side == "aws" ? aws_files(site, own) : onprem_files(site));
  const Json report = files_report(side, own, files);
  if (asked.has("to")) {
    if (!asked.has("dry-run")) TRY(write_files(files, asked.get("to")));
    print(asked, report, files_list(report, asked.get("to")));
  } else {
    print(asked, report, files_text(report));
  }
  return 0;
}

/// Whether everybody who must learn the new key will: what is written by hand cannot be changed from here.
Result<void> may_rotate(const VpnSite& site, const std::string& side) {
  if (!site.publisher || (side == "aws" && !site.vpn.aws_key.empty()) ||
      !std::filesystem::exists(site.record))
    return Error{Kind::conflict, kNoRecord,
                 fmt::format("cannot exchange the {} gateway's key from here", side)};
  return {};
}

/// wg-quick's file names the far key: at the next start of the interface it must be the new one.
Result<void> renew_conf(const VpnSite& site) {
  std::vector<GatewayFile> conf = TRY(onprem_files(site));
  std::erase_if(conf, [&](const GatewayFile& file) {
    return file.path != wg_quick_path(site.vpn) || !std::filesystem::exists(file.path);
  });
  return write_files(conf, "/");
}

Result<PublicKey> exchange(const RotationTools& tools, const VpnSite& site, const std::string& side) {
  Peer far = TRY(far_peers(site)).at(0);
  far.endpoint = TRY(resolve(*far.endpoint));
  if (side == "onprem") return rotate_near(tools, far, TRY(key_path(site.vpn.key)));
  const std::string usual = private_key_parameter(site.cluster_id);
  const auto seconds = tools.clock.now().time_since_epoch() / std::chrono::seconds{1};
  return rotate_far(tools, {far, usual, fmt::format("{}-{}", usual, seconds)});
}

Result<int> run_rotate(const SiteLoader& load, const Invocation& asked) {
  const VpnSite site = TRY(load(asked));
  const std::string side = TRY(side_of(asked));
  TRY(need_gateway(site, "exchange a key while nodes run"));
  TRY(may_rotate(site, side));
  if (asked.has("dry-run")) {
    const PeersDocument now = TRY(site.publisher->peers(deadline_of(asked)));
    fmt::print(
        "would exchange the key of the gateway {}; both keys hold until the new one shook hands\n",
        side == "aws" ? "on AWS, which is " + now.private_key : "on the premises, " + site.near_key.value);
    return 0;
  }
  PosixRunner runner;
  SystemClock clock;
  WgDevice device{runner, site.vpn.interface};
  TRY(device.show(deadline_of(asked)));
  const RotationLock lock = TRY(RotationLock::take(site.run_dir));
  const RotationTools tools{device, *site.publisher, clock,
                            [](const std::string& step) { fmt::print(stderr, "{}\n", step); }};
  const PublicKey fresh = TRY(exchange(tools, site, side));
  if (side == "aws") TRY(renew_conf(TRY(load(asked))));
  if (side == "onprem" && !site.vpn.public_key.empty())
    fmt::print(stderr, "Before the next apply, on each host: vpn.public_key: {}\n", fresh);
  const Json report =
      Json::object({{"schema", "spillway.vpn-rotate/v1"}, {"side", side}, {"public_key", fresh.value}});
  print(asked, report, fmt::format("rotated: the {} gateway's public key is {}", side, fresh));
  return 0;
}

}  // namespace

std::vector<Command> commands(const SiteLoader& load) {
  const auto with = [&](Result<int> (*run)(const SiteLoader&, const Invocation&)) {
    return [load, run](const Invocation& asked) { return run(load, asked); };
  };
  const Option side{"--side", "SIDE", "Whose: onprem or aws.", "onprem", ""};
  const Option profile{"--profile", "PROFILE",
                       "Profile of the AWS files to ask as; else the environment's, else aws.profile.", "",
                       ""};
  return {
      {.path = "vpn config",
       .summary = "Print or write a gateway's files: tunnel, firewall, units, routes.",
       .description =
           "Makes the private key of the premises' gateway (vpn.key) if there is none. No file "
           "holds a secret. The\n"
           "firewall's table lets only Slurm and names in from the cloud. The gateway that apply makes "
           "configures\n"
           "itself; --side aws is for a site that runs its own.",
       .options = {side, {"--to", "DIR", "Write them below this folder; / installs them.", "", ""}},
       .examples = {{"spillway vpn config", "Read them."},
                    {"sudo spillway vpn config --to /", "Install them on the premises' gateway."}},
       .run = with(run_config)},
      {.path = "vpn status",
       .summary = "Show the tunnel: its state, the last handshake, what crossed it.",
       .description = "Runs on the premises' gateway, as root. Exit code 4 when the tunnel is down.",
       .examples = {{"sudo spillway vpn status -o json", "For a monitor."}},
       .run = with(run_status)},
      {.path = "vpn ping",
       .summary = "Send packets across the tunnel.",
       .description = "Without an address it asks the gateway on AWS. Exit code 4 when nothing comes back.",
       .options = {{"--count", "N", "Packets to send.", "5", ""}},
       .positionals = {{"ADDRESS", "A host behind the tunnel.", false}},
       .examples = {{"spillway vpn ping", "The gateway on AWS."},
                    {"spillway vpn ping 172.31.16.9", "A cloud node."}},
       .run = with(run_ping)},
      {.path = "vpn check",
       .summary = "Find what is wrong with the tunnel, by probes from both sides.",
       .description =
           "Looks at the interface and the peer, asks the far gateway with small packets and with the "
           "largest that must\n"
           "fit, and asks the controllers from the tunnel's address, so that a missing way back shows. "
           "With --aws it\n"
           "also asks AWS: gateway, security group, source/destination check, routes, keys. Each "
           "finding has a code, a\n"
           "cause and a remedy; the exit code is 4 when something is wrong. Changes nothing. Runs on "
           "the premises'\n"
           "gateway, as root.",
       .options = {{"--aws", "", "Ask AWS too, with the credentials at hand.", "", ""},
                   profile,
                   {"--far-host", "ADDRESS", "A machine in the VPC to reach as well.", "", ""}},
       .examples = {{"sudo spillway vpn check", "What this host can see."},
                    {"sudo AWS_PROFILE=admin spillway vpn check --aws", "Both ends."}},
       .run = with(run_check)},
      {.path = "vpn rotate",
       .summary = "Exchange a gateway's key without cutting the tunnel.",
       .description =
           "Both keys hold until the new one shook hands; when it does not, the old one stays and the "
           "tunnel is as it\n"
           "was. Runs on the premises' gateway, as root, with credentials that may apply; site.json, "
           "which apply wrote,\n"
           "lies there, too.",
       .options = {side, profile},
       .examples = {{"sudo AWS_PROFILE=admin spillway vpn rotate", "A new key for the premises' gateway."},
                    {"sudo AWS_PROFILE=admin spillway vpn rotate --side aws",
                     "A new key for the gateway on AWS."}},
       .run = with(run_rotate)}};
}

}  // namespace spillway::vpn
