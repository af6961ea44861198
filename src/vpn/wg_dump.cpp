#include <algorithm>

#include "base/text.h"
#include "vpn/codes.h"
#include "vpn/device.h"

namespace spillway::vpn {
namespace {

Error bad(std::string_view what, std::string_view text) {
  return Error{Kind::internal, kBadDump, fmt::format("wg show dump: {} {}", what, in_quotes(text))};
}

/// A number that is not negative.
Result<int64_t> number(std::string_view text) {
  const auto value = parse_int(text);
  if (!value || *value < 0) return bad("not a count:", text);
  return *value;
}

Result<PeerState> parse_peer(std::string_view line) {
  const auto fields = split(line, '\t');
  if (fields.size() != 8) return bad("a peer's line has eight fields:", line);
  PeerState peer;
  peer.public_key = TRY(parse_public_key(fields[0]));
  if (fields[2] != "(none)") peer.endpoint = TRY(Endpoint::parse(fields[2]));
  if (fields[3] != "(none)")
    for (const std::string_view text : split(fields[3], ','))
      peer.allowed_ips.push_back(TRY(Cidr::parse(text)));
  const int64_t handshake = TRY(number(fields[4]));
  constexpr int64_t kEndOfYear9999 = 253'402'300'799;
  if (handshake > kEndOfYear9999) return bad("not a time:", fields[4]);
  if (handshake != 0) peer.latest_handshake = Time{std::chrono::seconds{handshake}};
  peer.rx_bytes = TRY(number(fields[5]));
  peer.tx_bytes = TRY(number(fields[6]));
  if (fields[7] != "off") peer.keepalive_s = TRY(number(fields[7]));
  return peer;
}

std::vector<Cidr> sorted(std::vector<Cidr> cidrs) {
  std::sort(cidrs.begin(), cidrs.end());
  return cidrs;
}

}  // namespace

const PeerState* InterfaceState::find(const PublicKey& key) const {
  const auto found =
      std::find_if(peers.begin(), peers.end(), [&](const PeerState& p) { return p.public_key == key; });
  return found == peers.end() ? nullptr : &*found;
}

Result<InterfaceState> parse_dump(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  const auto lines = split(text, '\n');
  const auto own = split(lines[0], '\t');
  if (own.size() != 4) return bad("the interface's line has four fields", "");  // it may hold the private key
  InterfaceState out;
  if (own[1] != "(none)") out.public_key = TRY(parse_public_key(own[1]));
  const int64_t port = TRY(number(own[2]));
  if (port > 65535) return bad("not a port:", own[2]);
  out.listen_port = static_cast<int>(port);
  for (size_t i = 1; i < lines.size(); ++i) {
    PeerState peer = TRY(parse_peer(lines[i]));
    if (out.find(peer.public_key)) return bad("a peer is there twice:", peer.public_key.value);
    out.peers.push_back(std::move(peer));
  }
  return out;
}

bool matches(const PeerState& found, const Peer& wanted) {
  return found.public_key == wanted.public_key && sorted(found.allowed_ips) == sorted(wanted.allowed_ips) &&
         (!wanted.endpoint || found.endpoint == wanted.endpoint) && found.keepalive_s == wanted.keepalive_s;
}

}  // namespace spillway::vpn
