// bench_emulator INSTANCES RUNS: launches INSTANCES by one signed RunInstances, RUNS times, each in an
// account of its own, and prints the emulator's own time, from the request to its whole answer, as a list of
// milliseconds.
#include <fmt/ranges.h>

#include <chrono>

#include "aws/client.h"
#include "base/text.h"
#include "emu/aws.h"

namespace {

using namespace spillway;

constexpr const char* kKey = "AKIASPILLWAYEXAMPLE1";
constexpr const char* kSecret = "spillway-example-secret-key-0000000000001";
constexpr const char* kSeed = R"({
  "vpcs": [{"id": "vpc-0a11ce00000000001", "cidr": "10.0.0.0/16"}],
  "subnets": [{"id": "subnet-0a11ce00000000001", "vpc": "vpc-0a11ce00000000001", "cidr": "10.0.0.0/16", "zone": "us-east-1a"}],
  "images": [{"id": "ami-0a11ce00000000001", "name": "debian-12"}],
  "users": [{"name": "admin", "access_keys": [{"id": "AKIASPILLWAYEXAMPLE1",
             "secret": "spillway-example-secret-key-0000000000001"}]}]})";

/// Hands requests over in this process and keeps the time that the emulator took for them.
class TimedTransport final : public net::Transport {
 public:
  explicit TimedTransport(emu::Aws& emulator) : emulator_(emulator) {}
  Result<net::Response> send(const net::Request& request, Deadline) override {
    net::Incoming incoming{request.method, "/", request.headers, request.body, "203.0.113.1", true};
    if (!net::find_header(incoming.headers, "host"))
      incoming.headers.push_back({"Host", "ec2.us-east-1.amazonaws.com"});
    const auto began = std::chrono::steady_clock::now();
    net::Response answer = emulator_.handle(incoming);
    took = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
    return answer;
  }
  double took = 0;

 private:
  emu::Aws& emulator_;
};

Result<double> launch(int64_t instances) {
  SystemClock clock;
  emu::Aws emulator({}, clock);
  TRY(emulator.seed(TRY(Json::parse(kSeed))));
  TimedTransport transport(emulator);
  aws::StaticCredentials credentials({kKey, Secret(kSecret), Secret(), std::nullopt, "bench"});
  aws::Client client(transport, credentials, clock, {"us-east-1", {}, {}, {}});
  const Json answer = TRY(client.call_all("ec2", "RunInstances",
                                          Json::object({{"ImageId", "ami-0a11ce00000000001"},
                                                        {"InstanceType", "c5.large"},
                                                        {"SubnetId", "subnet-0a11ce00000000001"},
                                                        {"MinCount", instances},
                                                        {"MaxCount", instances}}),
                                          Deadline::after(std::chrono::minutes{1})));
  if (answer["Instances"].size() != static_cast<size_t>(instances))
    return Error{Kind::internal, fmt::format("{} instances came", answer["Instances"].size())};
  return transport.took;
}

}  // namespace

int main(int argc, char** argv) {
  const auto instances = argc == 3 ? parse_int(argv[1]) : std::nullopt,
             runs = argc == 3 ? parse_int(argv[2]) : std::nullopt;
  if (!instances || !runs) return fmt::print(stderr, "usage: bench_emulator INSTANCES RUNS\n"), 2;
  std::vector<double> all;
  for (int64_t i = 0; i <= *runs; ++i) {
    const auto took = launch(*instances);
    if (!took) return fmt::print(stderr, "{}\n", to_string(took.error())), 1;
    if (i > 0) all.push_back(*took);  // the first one warms up
  }
  fmt::print("[{}]\n", fmt::join(all, ", "));
}
