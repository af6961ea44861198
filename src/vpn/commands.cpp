#include "vpn/commands.h"

#include "base/file.h"
#include "vpn/device.h"
#include "vpn/keys.h"

namespace spillway::vpn {
namespace {
namespace fs = std::filesystem;

struct Text {
  std::string name, content;
  unsigned mode;
};

Result<std::vector<Text>> onprem_files(const Tunnel& tunnel) {
  const std::string key =
      tunnel.config.key.empty() ? "/etc/spillway/keys/wg" : TRY(key_file(tunnel.config.key)).string();
  return std::vector<Text>{{tunnel.config.interface + ".conf", TRY(onprem_wg_quick(tunnel, key)), 0600},
                           {"tunnel.nft", TRY(onprem_firewall(tunnel)), 0644},
                           {"routes.sh", TRY(lan_routes(tunnel, "GATEWAY")), 0644}};
}

Result<int> config(const LoadTunnel& load, const Invocation& asked) {
  const Tunnel tunnel = TRY(load(asked));
  const std::string side = asked.get("side", "onprem");
  std::vector<Text> files;
  if (side == "onprem")
    files = TRY(onprem_files(tunnel));
  else if (side == "aws")
    files = {{"peers.json", TRY(peers_document(tunnel)).dump(2) + "\n", 0644}};
  else
    return Error{Kind::invalid, fmt::format("--side {}: it is onprem or aws", side)};
  if (!asked.has("to") || asked.has("dry-run")) {
    for (const Text& file : files) fmt::print("# ---- {}\n{}\n", file.name, file.content);
    return 0;
  }
  const fs::path folder = asked.get("to");
  std::error_code failed;
  fs::create_directories(folder, failed);
  for (const Text& file : files) {
    TRY(write_file_atomically(folder / file.name, file.content, file.mode));
    fmt::print(stderr, "Written: {}\n", (folder / file.name).string());
  }
  return 0;
}

Result<int> status(const LoadTunnel& load, const Invocation& asked) {
  const Tunnel tunnel = TRY(load(asked));
  PosixRunner runner;
  SystemClock clock;
  const Interface seen =
      TRY(show_interface(tunnel.config.interface, runner, Deadline::after(std::chrono::seconds{5})));
  Json peers = Json::array();
  for (const Peer& peer : seen.peers) {
    Json one = Json::object(
        {{"public_key", peer.public_key}, {"endpoint", peer.endpoint}, {"allowed_ips", peer.allowed_ips}});
    if (peer.handshake)
      one.set("handshake_age_s",
              std::chrono::duration_cast<std::chrono::seconds>(clock.now() - *peer.handshake).count());
    one.set("received_bytes", peer.received)
        .set("sent_bytes", peer.sent)
        .set("keepalive_s", peer.keepalive_s);
    peers.push(std::move(one));
  }
  if (asked.json()) {
    fmt::print("{}\n", Json::object({{"schema", "spillway.vpn-status/v1"},
                                     {"interface", seen.name},
                                     {"public_key", seen.public_key},
                                     {"listen_port", seen.listen_port},
                                     {"peers", std::move(peers)}})
                           .dump(2));
    return 0;
  }
  fmt::print("{}  listens on UDP {}  public key {}\n", seen.name, seen.listen_port, seen.public_key);
  for (const Json& peer : peers.items())
    fmt::print("  peer {}  at {}  {}  received {} B, sent {} B\n", peer["public_key"].as_string(),
               peer["endpoint"].as_string().empty() ? "unknown" : peer["endpoint"].as_string(),
               peer.contains("handshake_age_s")
                   ? fmt::format("handshake {} s ago", peer["handshake_age_s"].as_int())
                   : std::string("no handshake yet"),
               peer["received_bytes"].as_int(), peer["sent_bytes"].as_int());
  return 0;
}

std::string_view sign(Health health) {
  return health == Health::good ? "√" : health == Health::warning ? "‼" : "×";
}
std::string_view word(Health health) {
  return health == Health::good ? "good" : health == Health::warning ? "warning" : "bad";
}

Result<int> check(const LoadTunnel& load, const AskAws& ask_aws, const Invocation& asked) {
  const Tunnel tunnel = TRY(load(asked));
  std::optional<AwsSide> aws;
  if (asked.has("aws")) aws = TRY(ask_aws(asked, tunnel));
  PosixRunner runner;
  SystemClock clock;
  const Evidence evidence =
      collect(tunnel, runner, clock, std::move(aws), Deadline::after(std::chrono::seconds{30}));
  const std::vector<Finding> findings = diagnose(tunnel, evidence);
  Json list = Json::array();
  bool sound = true;
  for (const Finding& finding : findings) {
    sound = sound && finding.health != Health::bad;
    Json one = Json::object({{"health", word(finding.health)}, {"what", finding.what}});
    if (!finding.code.empty()) one.set("code", finding.code).set("why", finding.why).set("fix", finding.fix);
    list.push(std::move(one));
    if (asked.json()) continue;
    fmt::print(" {} {}{}\n", sign(finding.health), finding.what,
               finding.code.empty() ? "" : fmt::format("  ({})", finding.code));
    if (!finding.code.empty()) fmt::print("     why  {}\n     fix  {}\n", finding.why, finding.fix);
  }
  if (asked.json())
    fmt::print(
        "{}\n",
        Json::object({{"schema", "spillway.vpn-check/v1"}, {"sound", sound}, {"findings", std::move(list)}})
            .dump(2));
  return sound ? 0 : 4;
}

}  // namespace

std::vector<Command> commands(LoadTunnel load, AskAws ask_aws) {
  return {{.path = "vpn config",
           .summary = "Print or write the tunnel's files.",
           .description = "For the premises' gateway: wg-quick's file, without the key, which stays in a "
                          "file of its own; the "
                          "firewall's table, which lets only Slurm and names in from the cloud; and the "
                          "routes that other hosts of "
                          "the premises need. For the gateway on AWS: the peers document, which apply puts "
                          "into the bucket and the "
                          "gateway follows.",
           .options = {{"--side", "SIDE", "onprem or aws.", "onprem", ""},
                       {"--to", "FOLDER", "Write the files there instead of printing.", "", ""}},
           .examples = {{"spillway vpn config", "shows the premises' files"},
                        {"spillway vpn config --to /etc/spillway",
                         "on the gateway, before: wg-quick up /etc/spillway/wg-spillway.conf"}},
           .run = [load](const Invocation& asked) { return config(load, asked); }},
          {.path = "vpn status",
           .summary = "Show the tunnel's end on this host.",
           .description = "Interface, peer, its endpoint, the age of the last handshake and the bytes that "
                          "crossed. Runs on a gateway, as root.",
           .examples = {{"sudo spillway vpn status -o json", "for programs"}},
           .run = [load](const Invocation& asked) { return status(load, asked); }},
          {.path = "vpn check",
           .summary = "Find what is wrong with the tunnel.",
           .description = "Looks at the interface and the peer, asks the far gateway through the tunnel with "
                          "small packets and with "
                          "the largest that must fit, and asks the controllers from the tunnel's address, so "
                          "that a missing way back "
                          "shows. With --aws it also asks AWS: gateway, security group, source/destination "
                          "check, routes. Each "
                          "finding has a code, a cause and a remedy; the exit code is 4 when something is "
                          "wrong. Runs on the "
                          "premises' gateway, as root.",
           .options = {{"--aws", "", "Ask AWS too, with the credentials at hand.", "", ""},
                       {"--profile", "PROFILE", "Profile of the AWS files to ask as.", "", ""}},
           .examples = {{"sudo spillway vpn check", "what this host can see"},
                        {"sudo AWS_PROFILE=admin spillway vpn check --aws", "both ends"}},
           .run = [load, ask_aws](const Invocation& asked) { return check(load, ask_aws, asked); }}};
}

}  // namespace spillway::vpn
