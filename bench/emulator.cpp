// bench_emulator CASE INSTANCES RUNS: prints the emulator's own time, from a signed request to its whole
// answer, as a list of RUNS milliseconds. The cases:
//
//   run, fleet      one RunInstances or CreateFleet of INSTANCES, each in an account of its own
//   describe        DescribeInstances of INSTANCES that there are, all in one answer
//   tagged          the same by a filter of their tag
//   page            one page of 1,000 of them
//   terminate       TerminateInstances of 1,000 of them, and their end
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "aws/client.h"
#include "base/crypto.h"
#include "base/text.h"
#include "emu/aws.h"

namespace {

using namespace spillway;

constexpr const char* kKey = "AKIASPILLWAYEXAMPLE1";
constexpr const char* kSecret = "spillway-example-secret-key-0000000000001";
constexpr const char* kSeed = R"({
  "vpcs": [{"id": "vpc-0a11ce00000000001", "cidr": "10.0.0.0/12"}],
  "subnets": [{"id": "subnet-0a11ce00000000001", "vpc": "vpc-0a11ce00000000001", "cidr": "10.0.0.0/12", "zone": "us-east-1a"}],
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

/// An account of its own, and a client whose calls are timed.
struct Site {
  ManualClock clock;
  emu::Aws emulator{{}, clock};
  TimedTransport transport{emulator};
  aws::StaticCredentials credentials{{kKey, Secret(kSecret), Secret(), std::nullopt, "bench"}};
  aws::Client client{transport, credentials, clock, {"us-east-1", {}, {}, {}}};

  Result<void> prepare() {
    TRY(emulator.seed(TRY(Json::parse(kSeed))));
    TRY(call(
        "CreateLaunchTemplate",
        Json::object(
            {{"LaunchTemplateName", "burst"},
             {"LaunchTemplateData",
              Json::object({{"ImageId", "ami-0a11ce00000000001"},
                            {"InstanceType", "c5.large"},
                            {"UserData", to_base64(std::string(12'000, 'x'))},
                            {"NetworkInterfaces",
                             Json::array({Json::object(
                                 {{"DeviceIndex", 0}, {"SubnetId", "subnet-0a11ce00000000001"}})})}})}})));
    return {};
  }
  Result<Json> call(const std::string& operation, Json input) {
    return client.call("ec2", operation, std::move(input), Deadline::after(std::chrono::minutes{5}));
  }
  Json tags() const {
    return Json::array({Json::object(
        {{"ResourceType", "instance"},
         {"Tags", Json::array({Json::object({{"Key", "spillway:cluster"}, {"Value", "c1"}})})}})});
  }
  Result<Json> run(int64_t instances) {
    return call("RunInstances",
                Json::object({{"LaunchTemplate", Json::object({{"LaunchTemplateName", "burst"}})},
                              {"TagSpecifications", tags()},
                              {"MinCount", instances},
                              {"MaxCount", instances}}));
  }
  Result<Json> fleet(int64_t instances) {
    const Json of = Json::object({{"LaunchTemplateName", "burst"}, {"Version", "1"}});
    return call(
        "CreateFleet",
        Json::object(
            {{"Type", "instant"},
             {"LaunchTemplateConfigs", Json::array({Json::object({{"LaunchTemplateSpecification", of}})})},
             {"TagSpecifications", tags()},
             {"TargetCapacitySpecification", Json::object({{"TotalTargetCapacity", instances},
                                                           {"DefaultTargetCapacityType", "on-demand"}})}}));
  }
};

/// Times `ask` RUNS times, after once to warm up.
Result<std::vector<double>> timed(Site& site, int64_t runs, const std::function<Result<Json>()>& ask) {
  std::vector<double> all;
  for (int64_t i = 0; i <= runs; ++i) {
    TRY(ask());
    if (i > 0) all.push_back(site.transport.took);
  }
  return all;
}

Result<std::vector<double>> launches(bool fleet, int64_t instances, int64_t runs) {
  std::vector<double> all;
  for (int64_t i = 0; i <= runs; ++i) {
    Site site;
    TRY(site.prepare());
    TRY(fleet ? site.fleet(instances) : site.run(instances));
    if (i > 0) all.push_back(site.transport.took);  // the first one warms up
  }
  return all;
}

Result<std::vector<double>> lists(const std::string& what, int64_t instances, int64_t runs) {
  Site site;
  TRY(site.prepare());
  for (int64_t made = 0; made < instances; made += 10'000)
    TRY(site.fleet(std::min<int64_t>(10'000, instances - made)));
  Json input = Json::object();
  if (what == "tagged")
    input.set(
        "Filters",
        Json::array({Json::object({{"Name", "tag:spillway:cluster"}, {"Values", Json::array({"c1"})}})}));
  if (what == "page") input.set("MaxResults", 1000);
  return timed(site, runs, [&] { return site.call("DescribeInstances", input); });
}

Result<std::vector<double>> ends(int64_t instances, int64_t runs) {
  Site site;
  TRY(site.prepare());
  TRY(site.fleet(instances));
  const auto all = site.emulator.instances();
  size_t next = 0;
  return timed(site, std::min<int64_t>(runs, instances / 1000 - 1), [&] {
    Json ids = Json::array();
    for (int i = 0; i < 1000; ++i) ids.push(all[next++].id.value);
    return site.call("TerminateInstances", Json::object({{"InstanceIds", std::move(ids)}}));
  });
}

Result<std::vector<double>> measure(const std::string& what, int64_t instances, int64_t runs) {
  if (what == "run" || what == "fleet") return launches(what == "fleet", instances, runs);
  if (what == "terminate") return ends(instances, runs);
  return lists(what, instances, runs);
}

}  // namespace

int main(int argc, char** argv) {
  const auto instances = argc == 4 ? parse_int(argv[2]) : std::nullopt,
             runs = argc == 4 ? parse_int(argv[3]) : std::nullopt;
  if (!instances || !runs) return fmt::print(stderr, "usage: bench_emulator CASE INSTANCES RUNS\n"), 2;
  const auto all = measure(argv[1], *instances, *runs);
  if (!all) return fmt::print(stderr, "{}\n", to_string(all.error())), 1;
  fmt::print("[{}]\n", fmt::join(*all, ", "));
}
