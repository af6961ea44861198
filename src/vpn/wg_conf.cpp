#include "vpn/wg_conf.h"

#include <fmt/ranges.h>

#include "base/text.h"

namespace spillway::vpn {

std::string wg_quick_text(std::string_view about, const InterfaceConf& interface,
                          const std::vector<Peer>& peers) {
  std::string out;
  for (const std::string_view line : split(about, '\n')) out += fmt::format("# {}\n", line);
  out += fmt::format("[Interface]\nAddress = {}\nListenPort = {}\nMTU = {}\n", interface.address,
                     interface.listen_port, interface.mtu);
  out += fmt::format("PostUp = wg set %i private-key {}\n", interface.key_file);
  for (const std::string& command : interface.on_up) out += fmt::format("PostUp = {}\n", command);
  for (const std::string& command : interface.on_down) out += fmt::format("PostDown = {}\n", command);
  for (const Peer& peer : peers) {
    std::vector<std::string> allowed;
    for (const Cidr& cidr : peer.allowed_ips) allowed.push_back(cidr.to_string());
    out += fmt::format("\n[Peer]\nPublicKey = {}\n", peer.public_key);
    if (!allowed.empty()) out += fmt::format("AllowedIPs = {}\n", fmt::join(allowed, ", "));
    if (peer.endpoint) out += fmt::format("Endpoint = {}\n", peer.endpoint->to_string());
    if (peer.keepalive_s > 0) out += fmt::format("PersistentKeepalive = {}\n", peer.keepalive_s);
  }
  return out;
}

}  // namespace spillway::vpn
