#include "vpn/device.h"

#include "base/text.h"

namespace spillway::vpn {
namespace {

constexpr Code kBadDump{"SPW-VPN-008", "wg printed something that this version does not know",
                        "compare with: wg show INTERFACE dump"};
constexpr Code kNoInterface{"SPW-VPN-009", "the tunnel is not up on this host, or this is not the gateway",
                            "on the gateway: wg-quick up wg-spillway"};

std::string unless_none(std::string_view field) {
  return field == "(none)" ? "" : std::string(field);
}

}  // namespace

Result<Interface> parse_dump(const std::string& name, std::string_view dump) {
  Interface out{.name = name};
  bool first = true;
  for (const std::string_view line : split(dump, '\n')) {
    if (line.empty()) continue;
    const auto fields = split(line, '\t');
    const auto number = [&](size_t i) { return parse_int(fields[i] == "off" ? "0" : fields[i]); };
    const Error wrong{Kind::internal, kBadDump,
                      fmt::format("a line of wg's dump has {} fields", fields.size())};
    if (first) {
      if (fields.size() != 4 || !number(2)) return wrong;
      out.public_key = unless_none(fields[1]);
      out.listen_port = *number(2);
      first = false;
      continue;
    }
    if (fields.size() != 8 || !number(4) || !number(5) || !number(6) || !number(7)) return wrong;
    constexpr int64_t kEndOfYear9999 = 253'402'300'799;
    if (*number(4) < 0 || *number(4) > kEndOfYear9999) return wrong;
    Peer peer{std::string(fields[0]),
              unless_none(fields[2]),
              unless_none(fields[3]),
              std::nullopt,
              *number(5),
              *number(6),
              *number(7)};
    if (*number(4) > 0) peer.handshake = Time{std::chrono::seconds{*number(4)}};
    out.peers.push_back(std::move(peer));
  }
  if (first) return Error{Kind::internal, kBadDump, "wg's dump is empty"};
  return out;
}

Result<Interface> show_interface(const std::string& name, Runner& runner, Deadline deadline) {
  const Finished done = TRY(runner.run({{"/usr/bin/wg", "show", name, "dump"}}, deadline));
  if (done.exit_code != 0)
    return Error{Kind::not_found, kNoInterface, fmt::format("wg show {}: {}", name, trim(done.err))};
  return parse_dump(name, done.out);
}

}  // namespace spillway::vpn
