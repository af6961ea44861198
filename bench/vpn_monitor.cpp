// bench_vpn INTERFACE FAR-ADDRESS PEER-KEY ENDPOINT ALLOWED-IPS FILE: watches the tunnel as `spillway daemon
// --role gateway` does, until its standard input ends.
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <thread>

#include "base/text.h"
#include "vpn/gateway_loop.h"
#include "vpn/lookup.h"

namespace {

using namespace spillway;

Result<void> watch(char** argv) {
  PosixRunner runner;
  SystemClock clock;
  vpn::WgDevice device{runner, argv[1]};
  vpn::EchoPulse pulse = TRY(vpn::EchoPulse::open(IpAddress{argv[2]}));
  vpn::Peer peer{TRY(vpn::parse_public_key(argv[3])), {}, TRY(vpn::Endpoint::parse(argv[4])), 25};
  for (const std::string_view cidr : split(argv[5], ','))
    peer.allowed_ips.push_back(TRY(vpn::Cidr::parse(cidr)));
  vpn::BackgroundLookup lookup;
  vpn::Monitor monitor{
      device, pulse, [&](const vpn::Endpoint& endpoint) { return lookup(endpoint); }, {peer}};
  std::atomic<bool> stop = false;
  std::thread waits{[&] {
    char unused;
    while (read(STDIN_FILENO, &unused, 1) > 0) {
    }
    stop = true;
  }};
  const auto done = vpn::run_gateway_monitor(monitor, clock,
                                             {.file = argv[6],
                                              .stop = [&] { return stop.load(); },
                                              .may_mend = [] { return true; },
                                              .changed = [] { return std::nullopt; }});
  waits.join();
  return done;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) return 2;
  const auto done = watch(argv);
  if (done) return 0;
  std::fprintf(stderr, "%s\n", to_string(done.error()).c_str());
  return 1;
}
