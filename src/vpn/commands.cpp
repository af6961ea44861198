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

}  // namespace

std::vector<Command> commands(LoadTunnel load) {
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
           .run = [load](const Invocation& asked) { return status(load, asked); }}};
}

}  // namespace spillway::vpn
