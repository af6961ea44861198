#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"
#include "vpn/codes.h"
#include "vpn/device.h"

namespace spillway::vpn {
namespace {

using Words = std::vector<std::string>;

void add_peer(Words& words, const Peer& peer) {
  Words allowed;
  for (const Cidr& cidr : peer.allowed_ips) allowed.push_back(cidr.to_string());
  words.insert(words.end(), {"peer", peer.public_key.value});
  if (peer.endpoint) words.insert(words.end(), {"endpoint", peer.endpoint->to_string()});
  words.insert(words.end(), {"persistent-keepalive", std::to_string(peer.keepalive_s)});
  words.insert(words.end(), {"allowed-ips", fmt::format("{}", fmt::join(allowed, ","))});
}

void add_removal(Words& words, const PublicKey& key) {
  words.insert(words.end(), {"peer", key.value, "remove"});
}

Error failure(const std::string& interface, const Finished& finished) {
  const std::string_view said = trim(finished.err);
  const auto says = [&](std::string_view words) { return said.find(words) != std::string_view::npos; };
  const std::string what = fmt::format("wg, interface {}: {}", interface, said.substr(0, 300));
  // "Protocol not supported": no userspace WireGuard has the name, and this kernel has no WireGuard of its
  // own.
  if (says("No such device") || says("not exist") || says("Protocol not supported"))
    return Error{Kind::not_found, kNoInterface, what};
  if (says("not permitted") || says("Permission denied")) return Error{Kind::denied, kWgRefused, what};
  return Error{Kind::invalid, kWgRefused, what};
}

}  // namespace

Result<std::string> WgDevice::run(Words arguments, std::string input, Deadline deadline) {
  arguments.insert(arguments.begin(), wg_);
  const Finished finished =
      TRY(runner_.run({.argv = std::move(arguments), .input = std::move(input)}, deadline));
  if (finished.exit_code != 0) return failure(interface_, finished);
  return finished.out;
}

Result<void> WgDevice::set(const Words& arguments, Deadline deadline, std::string input) {
  Words words = {"set", interface_};
  words.insert(words.end(), arguments.begin(), arguments.end());
  TRY(run(std::move(words), std::move(input), deadline));
  return {};
}

Result<InterfaceState> WgDevice::show(Deadline deadline) {
  return parse_dump(TRY(run({"show", interface_, "dump"}, "", deadline)));
}

Result<void> WgDevice::set_peer(const Peer& peer, Deadline deadline) {
  Words words;
  add_peer(words, peer);
  return set(words, deadline);
}

Result<void> WgDevice::remove_peer(const PublicKey& key, Deadline deadline) {
  Words words;
  add_removal(words, key);
  return set(words, deadline);
}

Result<void> WgDevice::renew_peer(const Peer& peer, Deadline deadline) {
  Words words;
  add_removal(words, peer.public_key);
  add_peer(words, peer);
  return set(words, deadline);
}

Result<void> WgDevice::set_private_key(const Secret& key, Deadline deadline) {
  return set({"private-key", "/dev/stdin"}, deadline, key.reveal() + "\n");
}

Result<void> WgDevice::sync(const std::vector<Peer>& peers, Deadline deadline) {
  const InterfaceState now = TRY(show(deadline));
  Words words;
  // Removals first: an allowed network that moves to another peer must not be lost with its old owner.
  for (const PeerState& found : now.peers)
    if (std::none_of(peers.begin(), peers.end(),
                     [&](const Peer& peer) { return peer.public_key == found.public_key; }))
      add_removal(words, found.public_key);
  for (const Peer& peer : peers)
    if (const PeerState* found = now.find(peer.public_key); !found || !matches(*found, peer))
      add_peer(words, peer);
  return words.empty() ? Result<void>{} : set(words, deadline);
}

}  // namespace spillway::vpn
