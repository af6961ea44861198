// bench_quota NODES: a wish for NODES nodes, in virtual time, against EC2's published token buckets. The
// daemon's own loop of looks, once in five seconds. Prints, as JSON, the virtual seconds until Slurm knows
// every node's address, the least that the buckets allow, and how often EC2 said RequestLimitExceeded.
#include <fmt/format.h>

#include <chrono>

#include "aws/client.h"
#include "base/log.h"
#include "base/text.h"
#include "emu/aws.h"
#include "fleet/reconciler.h"
#include "slurm/fake.h"
#include "slurm/hostlist.h"

namespace {

using namespace spillway;
using namespace spillway::fleet;

constexpr const char* kKey = "AKIASPILLWAYEXAMPLE1";
constexpr const char* kSecret = "spillway-example-secret-key-0000000000001";
constexpr const char* kSubnet = "subnet-0a11ce00000000001";
constexpr auto kPace = std::chrono::seconds{5};  // fleet.poll_busy_ms
constexpr const char* kSeed = R"({
  "vpcs": [{"id": "vpc-0a11ce00000000001", "cidr": "172.31.0.0/16"}],
  "subnets": [{"id": "subnet-0a11ce00000000001", "vpc": "vpc-0a11ce00000000001", "cidr": "172.31.0.0/16", "zone": "us-east-1a"}],
  "images": [{"id": "ami-0a11ce00000000001", "name": "debian-12"}],
  "users": [{"name": "admin", "access_keys": [{"id": "AKIASPILLWAYEXAMPLE1",
             "secret": "spillway-example-secret-key-0000000000001"}]}]})";

/// Hands requests to the emulator in this process and counts what it refused for its rate.
class CountingTransport final : public net::Transport {
 public:
  explicit CountingTransport(emu::Aws& emulator) : emulator_(emulator) {}
  Result<net::Response> send(const net::Request& request, Deadline) override {
    net::Incoming incoming{request.method, "/", request.headers, request.body, "203.0.113.1", true};
    if (!net::find_header(incoming.headers, "host"))
      incoming.headers.push_back({"Host", "ec2.us-east-1.amazonaws.com"});
    net::Response answer = emulator_.handle(incoming);
    refused += answer.body.find("RequestLimitExceeded") != std::string::npos;
    return answer;
  }
  int refused = 0;

 private:
  emu::Aws& emulator_;
};

Result<int> run(int count) {
  ManualClock clock{std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now())};
  emu::Aws emulator({}, clock);
  TRY(emulator.seed(TRY(Json::parse(kSeed))));
  TRY(emulator.set_faults(TRY(Json::parse(R"([{"effect": "throttle"}])"))));
  CountingTransport transport(emulator);
  aws::StaticCredentials credentials({kKey, Secret(kSecret), Secret(), std::nullopt, "bench"});
  const aws::Rates rates;
  aws::Pacing pacing(rates);
  aws::Client client(transport, credentials, clock, {.region = "us-east-1", .pacing = &pacing});
  const auto deadline = [] { return Deadline::after(std::chrono::minutes{10}); };
  TRY(client.call(
      "ec2", "CreateLaunchTemplate",
      Json::object({{"LaunchTemplateName", "compute"},
                    {"LaunchTemplateData", Json::object({{"ImageId", "ami-0a11ce00000000001"}})}}),
      deadline()));
  aws::Ec2 ec2(client);

  Policy policy;
  policy.cluster = ClusterId{"0e9c4e8e-5b0f-4c7e-9a55-1c6f0f7f0001"};
  policy.bucket = false;
  policy.tags_at_most = 0;  // they follow in the background
  config::NodeGroup group{
      .partition = "cloud",
      .name = "c5",
      .max_nodes = count,
      .region = "us-east-1",
      .source = {.purchasing = "on-demand",
                 .overrides = Json::array({Json::object({{"InstanceType", "c5.large"}})})},
      .launch_template = Json::object({{"LaunchTemplateName", "compute"}, {"Version", "1"}})};
  group.source.subnets = {kSubnet};
  policy.groups.emplace(group.group(), group);

  std::vector<NodeName> names;
  for (int i = 0; i < count; ++i) names.push_back(group.node(i));
  slurm::FakeController slurm(clock, names, {.resume_timeout = std::chrono::hours{24}});
  Outside outside{.clock = clock, .slurm = slurm, .ec2 = {{cloud_of("", "us-east-1"), &ec2}}};
  const auto folder = std::filesystem::temp_directory_path() / make_uuid();
  std::filesystem::create_directories(folder / "wishes");
  Spool spool(folder / "wishes");
  Journal journal = TRY(Journal::open(folder / "state.db"));
  Reconciler reconciler(journal, spool, outside, policy);
  TRY(reconciler.pass(deadline()));

  slurm.submit(names);
  const Time began = clock.now();
  TRY(spool.write(
      {.kind = Wish::Kind::resume, .nodes = slurm::fold(slurm.take_resumed()), .made_at = began}));
  Look look = Look::slurm;
  size_t addressed = 0;
  while (addressed < names.size()) {
    if (clock.now() - began > std::chrono::hours{12})
      return Error{Kind::timeout, fmt::format("{} of {} nodes in 12 h", addressed, count)};
    const Pass pass = TRY(reconciler.pass(deadline(), look));
    look = pass.answered ? Look::machines : Look::everything;
    addressed = 0;
    for (const auto& [id, machine] : reconciler.world().records.machines)
      addressed += machine.addressed_at != Time{};
    if (!pass.answered) clock.advance(kPace);
  }
  const double took = std::chrono::duration<double>(clock.now() - began).count();
  const double least = std::max(0.0, (count - rates.launches.burst) / rates.launches.per_second);
  fmt::print("{{\"seconds\": {}, \"least\": {}, \"refused\": {}, \"fleets\": {}}}\n", took, least,
             transport.refused, client.counters()["CreateFleet"]);
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto count = argc == 2 ? parse_int(argv[1]) : std::nullopt;
  if (!count) return fmt::print(stderr, "usage: bench_quota NODES\n"), 2;
  log::set_level(log::Level::error);
  const auto done = run(static_cast<int>(*count));
  if (done) return *done;
  return fmt::print(stderr, "{}\n", to_string(done.error())), 1;
}
