#include "lab/network.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "base/file.h"
#include "lab/errors.h"
#include "lab/layout.h"
#include "lab/namespaces.h"

namespace spillway::lab {
namespace {

// One `ip -batch` a host. Cables are made from the internet's side or the gateway's, each end where it
// belongs.
constexpr const char* kInternet = R"(link set lo up
link add name backbone type bridge
link set backbone up
addr add 203.0.113.1/24 dev backbone
addr add 203.0.113.100/32 dev backbone
addr add 203.0.113.101/32 dev backbone
link add name to-onprem type veth peer name wan netns gw-onprem
link add name to-vpc type veth peer name endpoint netns vpc
link set to-onprem master backbone up
link set to-vpc master backbone up
route add 172.31.0.0/16 via 203.0.113.22
)";

// A plugin v2 site made its VPC and gateway by hand: a host of its own, and a router that knows it.
constexpr const char* kInternetToGateway = R"(link add name to-awsgw type veth peer name wan netns gw-aws
link set to-awsgw master backbone up
)";

constexpr const char* kOnPremGateway = R"(link set lo up
addr add 203.0.113.10/24 dev wan
link set wan up
route add default via 203.0.113.1
link add name lan type bridge
addr add 192.168.10.1/24 dev lan
link set lan up
link add name to-ctl type veth peer name eth0 netns ctl
link add name to-op1 type veth peer name eth0 netns op1
link set to-ctl master lan up
link set to-op1 master lan up
)";

constexpr const char* kController = R"(link set lo up
addr add 192.168.10.10/24 dev eth0
link set eth0 up
route add default via 192.168.10.1
)";

constexpr const char* kOnPremNode = R"(link set lo up
addr add 192.168.10.21/24 dev eth0
link set eth0 up
route add default via 192.168.10.1
)";

constexpr const char* kAwsGateway = R"(link set lo up
addr add 203.0.113.20/24 dev wan
link set wan up
route add default via 203.0.113.1
link add name eth0 type veth peer name to-gateway netns vpc
addr add 172.31.0.5/32 dev eth0
link set eth0 up
route add 172.31.0.0/16 via 172.31.0.1 dev eth0 onlink
)";

constexpr const char* kVpc = R"(link set lo up
addr add 172.31.0.1/32 dev lo
addr add 172.31.0.2/32 dev lo
addr add 169.254.169.254/32 dev lo
addr add 203.0.113.22/24 dev endpoint
link set endpoint up
)";

constexpr const char* kVpcByHand = R"(link set to-gateway up
route del 203.0.113.0/24 dev endpoint
route add 203.0.113.101/32 dev endpoint
route add 172.31.0.5/32 dev to-gateway
route add 192.168.10.0/24 via 172.31.0.5 dev to-gateway onlink
route add 10.200.0.0/24 via 172.31.0.5 dev to-gateway onlink
)";

// The internet gateway: the way out, and public addresses that are the router's, which passes them on.
constexpr const char* kVpcOfApply = R"(route add default via 203.0.113.1
route add local 203.0.113.128/26 dev lo
)";

// The tunnel's packets must fit: TCP's segments are cut to the path in both directions.
constexpr const char* kGatewayRules = R"(table inet spillway_lab {
  chain forward {
    type filter hook forward priority 0; policy accept;
    tcp flags syn tcp option maxseg size set rt mtu
  }
}
)";
constexpr const char* kOnPremNat = R"(table ip spillway_lab_nat {
  chain postrouting {
    type nat hook postrouting priority 100;
    oifname "wan" masquerade
  }
}
)";
// A gateway endpoint carries HTTPS to S3, from inside the VPC only.
constexpr const char* kVpcRules = R"(table inet spillway_lab {
  chain forward {
    type filter hook forward priority 0; policy accept;
    oifname "endpoint" tcp dport != 443 drop
    oifname "endpoint" meta l4proto != tcp drop
    iifname "endpoint" ct state new,invalid drop
  }
}
)";

Result<void> set_kernel(const std::string& host, const std::string& key, const std::string& value) {
  return on_host(host, [&]() -> Result<void> {
    const std::string path = "/proc/sys/" + key;
    const Fd file{open(path.c_str(), O_WRONLY | O_CLOEXEC)};
    if (write(file.get(), value.data(), value.size()) < 0) return system_error("set", path, errno);
    return {};
  });
}

}  // namespace

Program on(const std::string& host, std::vector<std::string> argv) {
  Program program;
  program.argv = {"/usr/bin/nsenter", "--net=/run/netns/" + host, "--uts=/run/uts/" + host, "--"};
  program.argv.insert(program.argv.end(), argv.begin(), argv.end());
  program.env = {"LC_ALL=C", "TZ=UTC", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"};
  return program;
}

Result<std::string> run_on(Runner& runner, const std::string& host, std::vector<std::string> argv,
                           const std::string& input) {
  const std::string name = argv.front();
  Program program = on(host, std::move(argv));
  program.input = input;
  const Finished done = TRY(runner.run(program, Deadline::after(std::chrono::seconds(30))));
  if (done.exit_code != 0)
    return Error{
        Kind::io, kService,
        fmt::format("{} on {} failed with {}: {}{}", name, host, done.exit_code, done.err, done.out)};
  return done.out;
}

Result<void> make_network(Runner& runner, bool by_hand) {
  for (const char* host : {"gw-onprem", "gw-aws", "vpc"}) TRY(set_kernel(host, "net/ipv4/ip_forward", "1"));
  TRY(set_kernel("internet", "net/ipv4/ip_forward", "1"));
  std::vector<std::pair<const char*, std::string>> batches = {
      {"internet", std::string(kInternet) + (by_hand ? kInternetToGateway : "")},
      {"gw-onprem", kOnPremGateway},
      {"ctl", kController},
      {"op1", kOnPremNode}};
  if (by_hand) batches.emplace_back("gw-aws", kAwsGateway);
  batches.emplace_back("vpc", std::string(kVpc) + (by_hand ? kVpcByHand : kVpcOfApply));
  for (const auto& [host, batch] : batches) TRY(run_on(runner, host, {"/usr/sbin/ip", "-batch", "-"}, batch));
  TRY(run_on(runner, "gw-onprem", {"/usr/sbin/nft", "-f", "-"},
             (by_hand ? std::string(kGatewayRules) : std::string()) + kOnPremNat));
  if (!by_hand) return {};
  TRY(run_on(runner, "gw-aws", {"/usr/sbin/nft", "-f", "-"}, kGatewayRules));
  TRY(run_on(runner, "vpc", {"/usr/sbin/nft", "-f", "-"}, kVpcRules));
  return {};
}

}  // namespace spillway::lab
