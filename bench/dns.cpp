// bench_dns SERVER KEYFILE NODES RUNS: registers NODES nodes, A and PTR with their owner's TXT, RUNS times on
// one name server, withdraws them again each time, and prints what registering took as a list of
// milliseconds.
#include <fmt/ranges.h>

#include <chrono>

#include "base/text.h"
#include "dns/key_file.h"
#include "dns/publisher.h"

namespace {

using namespace spillway;

std::vector<dns::Binding> nodes(int64_t count) {
  std::vector<dns::Binding> all;
  for (int64_t i = 0; i < count; ++i)
    all.push_back({NodeName{fmt::format("cloud-c5-{}", i)},
                   {IpAddress{fmt::format("172.31.{}.{}", i / 250, i % 250 + 1)}},
                   InstanceId{fmt::format("i-{:017x}", i)}});
  return all;
}

Result<std::vector<double>> measure(const std::string& server, const std::string& key, int64_t count,
                                    int64_t runs, const std::string& reverse_zone) {
  SystemClock clock;
  dns::TcpExchange exchange(server);
  dns::Publisher publisher(exchange, clock, TRY(dns::load_key("file:" + key)),
                           {.zone = "example.com",
                            .reverse_zone = reverse_zone,
                            .cluster = ClusterId{"0e9c4e8e-5b0f-4c7e-9a55-1c6f0f7f0001"}});
  const std::vector<dns::Binding> all = nodes(count);
  std::vector<NodeName> names;
  for (const dns::Binding& each : all) names.push_back(each.node);
  std::vector<double> took;
  for (int64_t i = 0; i <= runs; ++i) {
    const auto began = std::chrono::steady_clock::now();
    const auto foreign = TRY(publisher.publish(all, Deadline::after(std::chrono::minutes{1})));
    const auto ended = std::chrono::steady_clock::now();
    if (TRY(publisher.list_ours(names, Deadline::after(std::chrono::minutes{1}))) != all || !foreign.empty())
      return Error{Kind::internal, "not every node is there"};
    TRY(publisher.withdraw(all, Deadline::after(std::chrono::minutes{1})));
    if (i > 0)
      took.push_back(std::chrono::duration<double, std::milli>(ended - began).count());  // one warms up
  }
  return took;
}

}  // namespace

int main(int argc, char** argv) {
  const auto count = argc == 6 ? parse_int(argv[3]) : std::nullopt,
             runs = argc == 6 ? parse_int(argv[4]) : std::nullopt;
  if (!count || !runs)
    return fmt::print(stderr, "usage: bench_dns SERVER KEYFILE NODES RUNS REVERSE_ZONE\n"), 2;
  const auto took = measure(argv[1], argv[2], *count, *runs, argv[5]);
  if (!took) return fmt::print(stderr, "{}\n", to_string(took.error())), 1;
  fmt::print("[{}]\n", fmt::join(*took, ", "));
}
