#include "vpn/firewall.h"

#include <fmt/ranges.h>

#include "base/text.h"
#include "vpn/peers.h"

namespace spillway::vpn {
namespace {

/// "ip" or "ip6", for which a rule needs a line each.
struct Family {
  const char* word;
  const char* set;
  bool v6;
};
constexpr Family kFamilies[] = {{"ip", "ipv4_addr", false}, {"ip6", "ipv6_addr", true}};

std::string elements(const std::vector<Cidr>& networks, bool v6) {
  std::vector<std::string> out;
  for (const Cidr& cidr : networks)
    if (cidr.v6() == v6) out.push_back(cidr.to_string());
  return fmt::format("{}", fmt::join(out, ", "));
}

std::string address_set(const std::string& name, const std::vector<Cidr>& networks) {
  std::string out;
  for (const Family& family : kFamilies) {
    const std::string inside = elements(networks, family.v6);
    out += fmt::format("  set {}_{} {{\n    type {}; flags interval; auto-merge\n", name, family.word,
                       family.set);
    if (!inside.empty()) out += fmt::format("    elements = {{ {} }}\n", inside);
    out += "  }\n";
  }
  return out;
}

std::string opening_rules(const Opening& opening) {
  std::string out;
  for (const Family& family : kFamilies) {
    const std::string hosts = elements(opening.hosts, family.v6);
    if (hosts.empty()) continue;
    for (const auto& [used, protocol] : {std::pair{opening.tcp, "tcp"}, {opening.udp, "udp"}})
      if (used)
        out += fmt::format("    {} daddr {{ {} }} {} dport {} accept comment \"{}\"\n", family.word, hosts,
                           protocol, opening.ports, opening.name);
  }
  return out;
}

std::string clamp(const Firewall& f) {
  std::string out;
  for (const char* direction : {"iifname", "oifname"})
    for (const Family& family : kFamilies)
      out += fmt::format(
          "    {} \"{}\" meta nfproto {} tcp flags syn / syn,rst tcp option maxseg size set {}\n", direction,
          f.interface, family.v6 ? "ipv6" : "ipv4", family.v6 ? mss_v6(f.mtu) : mss_v4(f.mtu));
  return out;
}

}  // namespace

std::string nft_text(std::string_view about, const Firewall& f) {
  std::string out = "#!/usr/sbin/nft -f\n";
  for (const std::string_view line : split(about, '\n')) out += fmt::format("# {}\n", line);
  // Declared first, so that deleting it succeeds the first time as well.
  out += fmt::format("table inet {0}\ndelete table inet {0}\n\ntable inet {0} {{\n", f.table);
  out += address_set("own", f.own) + address_set("far", f.far);
  out += fmt::format(
      "  chain input {{\n    type filter hook input priority filter; policy accept;\n"
      "    udp dport {} accept\n    iifname != \"{}\" accept\n    jump from_far\n  }}\n",
      f.listen_port, f.interface);
  out += fmt::format(
      "  chain forward {{\n    type filter hook forward priority filter; policy accept;\n"
      "    iifname \"{0}\" jump from_far\n    oifname \"{0}\" jump to_far\n  }}\n",
      f.interface);
  out +=
      "  chain from_far {\n    ip saddr != @far_ip drop\n    ip6 saddr != @far_ip6 drop\n"
      "    ct state established,related accept\n";
  // The other end asks this way whether packets cross; hosts behind us are not its business.
  out +=
      "    icmp type echo-request fib daddr type local accept\n"
      "    icmpv6 type echo-request fib daddr type local accept\n";
  for (const Opening& opening : f.openings) out += opening_rules(opening);
  if (f.all_open) out += "    ip daddr @own_ip accept\n    ip6 daddr @own_ip6 accept\n";
  out += "    counter drop\n  }\n";
  out +=
      "  chain to_far {\n    ip saddr @own_ip ip daddr @far_ip accept\n"
      "    ip6 saddr @own_ip6 ip6 daddr @far_ip6 accept\n    counter drop\n  }\n";
  out += "  chain mss {\n    type filter hook forward priority mangle; policy accept;\n" + clamp(f) + "  }\n";
  if (f.close_metadata)
    out +=
        "  chain output {\n    type filter hook output priority filter; policy accept;\n"
        "    meta skuid != 0 ip daddr 169.254.169.254 reject\n"
        "    meta skuid != 0 ip6 daddr fd00:ec2::254 reject\n  }\n";
  return out + "}\n";
}

}  // namespace spillway::vpn
