#pragma once
#include <string>
#include <vector>

#include "vpn/peers.h"

namespace spillway::vpn {

/// The [Interface] part of a wg-quick file.
struct InterfaceConf {
  std::string address;  // with prefix: 10.200.0.1/24
  int64_t listen_port = 51820, mtu = 1420;
  std::string key_file;            // read when the tunnel starts, so that the file holds no secret
  std::vector<std::string> on_up;  // commands after it is up, before its peers are missed
  std::vector<std::string> on_down;
};

/// A file for wg-quick(8); `about` becomes its head, as comments.
std::string wg_quick_text(std::string_view about, const InterfaceConf& interface,
                          const std::vector<Peer>& peers);

}  // namespace spillway::vpn
