#include "lab/tunnel.h"

#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "lab/errors.h"
#include "lab/mounts.h"
#include "lab/namespaces.h"
#include "lab/network.h"

namespace spillway::lab {
namespace {

struct Gateway {
  std::string host;
  std::string interface;  // wireguard-go's sockets are named by it, so it is unique
  std::string public_address;
  std::string tunnel_address;
  std::string networks;  // behind it
  std::string private_key, public_key;
};

Result<void> make_keys(const Workbench& bench, Gateway& gateway) {
  gateway.private_key = std::string(trim(TRY(run_on(bench.runner, gateway.host, {"/usr/bin/wg", "genkey"}))));
  gateway.public_key = std::string(
      trim(TRY(run_on(bench.runner, gateway.host, {"/usr/bin/wg", "pubkey"}, gateway.private_key + "\n"))));
  return {};
}

Result<void> start_device(const Workbench& bench, const Gateway& gateway) {
  TRY(bench.processes.start({"wireguard-" + gateway.host,
                             {"/usr/bin/wireguard-go", "--foreground", gateway.interface},
                             {"LOG_LEVEL=error", "PATH=/usr/sbin:/usr/bin"},
                             "root",
                             gateway.host}));
  const std::string socket = "/run/wireguard/" + gateway.interface + ".sock";
  return wait_until(
      "wireguard-go's socket",
      [&] {
        struct stat info {};
        return stat(socket.c_str(), &info) == 0;
      },
      Deadline::after(std::chrono::seconds(10)));
}

Result<void> configure(const Workbench& bench, const Gateway& own, const Gateway& peer) {
  const std::string file = "/run/lab/" + own.interface + ".conf";
  TRY(write_file_atomically(
      file,
      fmt::format("[Interface]\nPrivateKey = {}\nListenPort = 51820\n"
                  "[Peer]\nPublicKey = {}\nEndpoint = {}:51820\nAllowedIPs = {}/32, {}\n"
                  "PersistentKeepalive = 5\n",
                  own.private_key, peer.public_key, peer.public_address, peer.tunnel_address, peer.networks),
      0600));
  TRY(run_on(bench.runner, own.host, {"/usr/bin/wg", "setconf", own.interface, file}));
  TRY(run_on(bench.runner, own.host, {"/usr/sbin/ip", "-batch", "-"},
             fmt::format("addr add {0}/24 dev {1}\nlink set {1} mtu 1420 up\nroute add {2} dev {1}\n",
                         own.tunnel_address, own.interface, peer.networks)));
  return {};
}

Result<void> wait_for_handshake(const Workbench& bench, const Gateway& gateway) {
  return wait_until(
      "a WireGuard handshake",
      [&] {
        const auto shown = run_on(bench.runner, gateway.host,
                                  {"/usr/bin/wg", "show", gateway.interface, "latest-handshakes"});
        return shown && !trim(*shown).ends_with("\t0") && !trim(*shown).empty();
      },
      Deadline::after(std::chrono::seconds(15)));
}

}  // namespace

Result<void> start_tunnel_by_hand(const Workbench& bench) {
  TRY(make_folder("/run/wireguard", 0700));
  Gateway onprem{"gw-onprem", "wg-onprem", kOnPremGatewayPublic, "10.200.0.1", "192.168.10.0/24", "", ""};
  Gateway aws{"gw-aws", "wg-aws", kAwsGatewayPublic, "10.200.0.2", "172.31.0.0/16", "", ""};
  for (Gateway* gateway : {&onprem, &aws}) {
    TRY(make_keys(bench, *gateway));
    TRY(start_device(bench, *gateway));
  }
  TRY(configure(bench, aws, onprem));
  TRY(configure(bench, onprem, aws));
  return wait_for_handshake(bench, onprem);
}

Result<void> start_tunnel(const Workbench& bench) {
  TRY(make_folder("/run/wireguard", 0700));
  TRY(run_on(bench.runner, "gw-onprem", {"/usr/libexec/spillway/spillway", "vpn", "config", "--to", "/"}));
  TRY(run_on(bench.runner, "gw-onprem", {"/usr/bin/wg-quick", "up", "wg-spillway"}));
  TRY(start_tunnel_monitor(bench));
  if (bench.settings.node_tunnel) return {};  // its peers come later
  return wait_for_handshake(bench, {"gw-onprem", "wg-spillway", "", "", "", "", ""});
}

Result<void> start_tunnel_monitor(const Workbench& bench) {
  return bench.processes.start({"spillway-gateway",
                                {"/usr/libexec/spillway/spillway", "daemon", "--role", "gateway"},
                                {"LC_ALL=C", "TZ=UTC", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                 // Where each node is a peer, it reads in the bucket who they are.
                                 "AWS_CONFIG_FILE=/var/lib/spillway/.aws/config",
                                 "AWS_SHARED_CREDENTIALS_FILE=/var/lib/spillway/.aws/credentials"},
                                "root",
                                "gw-onprem"});
}

}  // namespace spillway::lab
