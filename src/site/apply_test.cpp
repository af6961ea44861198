// Apply and destroy against the emulator's model, killed at every call.
#include <gmock/gmock.h>

#include <filesystem>

#include "aws/encode.h"
#include "aws/stack.h"
#include "base/file.h"
#include "emu/aws.h"
#include "site/applier.h"
#include "site/desired.h"
#include "site/destroy.h"
#include "site/outputs.h"

namespace spillway::site {
namespace {

using testing::Contains;
using testing::IsEmpty;

constexpr const char* kUuid = "11111111-2222-4333-8444-555555555555";

/// The process dies here.
struct Killed {};

/// Carries requests into the model; kills the process at one of them, before or after it took effect.
class Wire final : public net::Transport {
 public:
  explicit Wire(emu::Aws& aws) : aws_(aws) {}
  Result<net::Response> send(const net::Request& request, Deadline) override {
    const bool now = calls_++ == kill_at;
    if (now && before) throw Killed{};
    const aws::Url url = aws::split_url(request.url);
    net::Incoming incoming{request.method,  url.path + (url.query.empty() ? "" : "?" + url.query),
                           request.headers, request.body,
                           "203.0.113.9",   true};
    incoming.headers.push_back({"Host", url.authority});
    net::Response response = aws_.handle(incoming);
    aws_.advance();
    if (now) throw Killed{};
    return response;
  }
  int calls() const { return calls_; }
  int kill_at = -1;
  bool before = false;

 private:
  emu::Aws& aws_;
  int calls_ = 0;
};

Inputs inputs() {
  Inputs in;
  in.cluster = ClusterId{kUuid};
  in.name = "tundra";
  in.account = "123456789012";
  in.region = "us-east-1";
  in.zones = {"us-east-1a", "us-east-1b"};
  in.image = in.gateway_image = "ami-0123456789abcdef0";
  in.image_owner = in.account;
  in.name_servers = {"192.168.10.10"};
  in.zone = "example.com";
  in.compute_user_data = fmt::format("#!/bin/sh\nrole={}\n", kRoleIdPlaceholder);
  in.gateway_user_data = "#!/bin/sh\n";
  in.peers = "{}";
  in.bucket = "slurm-burst-data";
  in.types = {"c5.xlarge"};
  in.vpn.onprem_cidrs = {"192.168.0.0/16"};
  return in;
}

/// An account of AWS, and a machine with a disk whose processes can die.
struct World {
  World() {
    std::filesystem::create_directories(folder);
    const auto seed = Json::parse(R"({"images": [{"id": "ami-0123456789abcdef0", "name": "debian-12-amd64"}],
      "users": [{"name": "admin", "access_keys": [{"id": "AKIASPILLWAYEXAMPLE1", "secret": "secret1"}]}]})");
    EXPECT_TRUE(cloud.seed(*seed));
  }
  ~World() { std::filesystem::remove_all(folder); }

  /// Runs one process to its end, or to its death at the given call. The number of calls that it made.
  template <class Work>
  int run(int kill_at, bool before, Work&& work) {
    Wire wire{cloud};
    wire.kill_at = kill_at;
    wire.before = before;
    aws::StaticCredentials credentials(
        {"AKIASPILLWAYEXAMPLE1", Secret("secret1"), Secret(), std::nullopt, "t"});
    aws::Client client{wire, credentials, clock, {.region = "us-east-1", .random = [] { return 0.5; }}};
    try {
      Intents intents = Intents::open(folder / "apply.journal").value();
      const Session session{client, in, clock, intents.begun()};
      const Result<void> done = work(session, intents);
      EXPECT_TRUE(done) << done.error().what;
    } catch (const Killed&) {
    }
    return wire.calls();
  }

  int apply(int kill_at = -1, bool before = false) {
    return run(kill_at, before, [&](const Session& session, Intents& intents) -> Result<void> {
      const Resources wanted = TRY(desired(in));
      actuals = TRY(observe(session, wanted));
      last = difference(wanted, actuals, rules_of);
      return carry_out(session, last, actuals, intents, {});
    });
  }

  int destroy(int kill_at = -1, bool before = false) {
    return run(kill_at, before, [&](const Session& session, Intents& intents) -> Result<void> {
      actuals = TRY(observe(session, {}));
      const Leftovers others = TRY(leftovers(session));
      TRY(may_destroy(others, {}));
      last = difference({}, actuals, rules_of);
      return carry_out(session, last, actuals, intents, {});
    });
  }

  /// What plan would find.
  Difference pending() {
    Difference out;
    run(-1, false, [&](const Session& session, Intents&) -> Result<void> {
      const Resources wanted = TRY(desired(in));
      out = difference(wanted, TRY(observe(session, wanted)), rules_of);
      return {};
    });
    return out;
  }

  /// How many of each kind the account holds, terminated instances left out.
  std::map<std::string, size_t> census() const {
    const Json all = cloud.snapshot();
    std::map<std::string, size_t> out;
    for (const auto& [kind, list] : all.members()) {
      if (!list.is_array()) continue;
      size_t count = list.size();
      if (kind == "instances")
        count =
            static_cast<size_t>(std::count_if(list.items().begin(), list.items().end(), [](const Json& pair) {
              return pair.at(1)["state"].as_int() != 48;
            }));
      if (kind != "client_tokens") out[kind] = count;
    }
    return out;
  }

  Inputs in = inputs();
  ManualClock clock;
  emu::Aws cloud{emu::Settings{}, clock};
  std::filesystem::path folder = std::filesystem::temp_directory_path() / make_uuid();
  Actuals actuals;
  Difference last;
};

std::vector<std::string> keys_of(const Difference& difference) {
  std::vector<std::string> out;
  for (const Change& change : difference.changes)
    out.push_back(
        fmt::format("{} {} ({})", to_string(change.action), change.key, fmt::join(change.properties, ",")));
  return out;
}

TEST(Apply, BuildsWhatThePlanSaysAndThenHasNothingToDo) {
  World world;
  world.apply();
  EXPECT_EQ(world.last.count(Action::create), world.last.changes.size());
  EXPECT_THAT(keys_of(world.pending()), IsEmpty());
  const Json outputs = outputs_of(world.in, world.actuals);
  EXPECT_EQ(outputs["subnets"].size(), 2u);
  EXPECT_EQ(outputs["launch_template"]["version"].as_string(), "1");
  EXPECT_TRUE(outputs["compute_role_id"].as_string().starts_with("AROA"));
  EXPECT_FALSE(outputs["gateway"]["address"].as_string().empty());
}

TEST(Apply, DestroyLeavesWhatWasThereBefore) {
  World world;
  std::map<std::string, size_t> before = world.census();
  world.apply();
  world.destroy();
  before["roles"] += 1;         // EC2 Spot's own role stays with the account
  before["dhcp_options"] += 1;  // the region's own set, which the model makes with the first VPC
  EXPECT_EQ(world.census(), before);
}

TEST(Apply, KilledAtAnyCallTheNextOneFinishesAndNothingIsThereTwice) {
  World whole;
  const int calls = whole.apply();
  const auto wanted = whole.census();
  ASSERT_GT(calls, 60);
  for (int call = 0; call < calls; ++call)
    for (const bool before : {true, false}) {
      World world;
      world.apply(call, before);
      world.apply();
      EXPECT_THAT(keys_of(world.pending()), IsEmpty())
          << "killed at call " << call << (before ? " before" : " after");
      EXPECT_EQ(world.census(), wanted) << "killed at call " << call << (before ? " before" : " after");
    }
}

TEST(Apply, DestroyKilledAtAnyCallIsFinishedByTheNextOne) {
  World whole;
  whole.apply();
  const Json built = whole.cloud.snapshot();
  const int calls = whole.destroy();
  const auto wanted = whole.census();
  for (int call = 0; call < calls; ++call)
    for (const bool before : {true, false}) {
      World world;
      ASSERT_TRUE(world.cloud.restore(built));
      world.destroy(call, before);
      world.destroy();
      EXPECT_EQ(world.census(), wanted) << "killed at call " << call << (before ? " before" : " after");
    }
}

TEST(Apply, DriftIsFoundAndMended) {
  World world;
  world.apply();
  const std::string gateway = world.actuals.at("Gateway").id, group = world.actuals.at("GatewayGroup").id;
  world.run(-1, false, [&](const Session& session, Intents&) -> Result<void> {
    TRY(ec2(session, "ModifyInstanceAttribute",
            Json::object({{"InstanceId", gateway}, {"SourceDestCheck", Json::object({{"Value", true}})}})));
    TRY(ec2(session, "AuthorizeSecurityGroupIngress",
            Json::object({{"GroupId", group},
                          {"IpPermissions",
                           Json::array({Json::object(
                               {{"IpProtocol", "tcp"},
                                {"FromPort", 22},
                                {"ToPort", 22},
                                {"IpRanges", Json::array({Json::object({{"CidrIp", "0.0.0.0/0"}})})}})})}})));
    TRY(session.aws.call("s3", "DeleteBucketPolicy", Json::object({{"Bucket", session.in.bucket}}),
                         session.deadline));
    return {};
  });
  EXPECT_THAT(keys_of(world.pending()),
              testing::UnorderedElementsAre("update Gateway (SourceDestCheck)", "create BucketPolicy ()",
                                            "update GatewayGroupRules (SecurityGroupIngress)"));
  world.apply();
  EXPECT_THAT(keys_of(world.pending()), IsEmpty());
}

TEST(Apply, ANewScriptIsANewTemplateVersionAndANewGateway) {
  World world;
  world.apply();
  const std::string gateway = world.actuals.at("Gateway").id, address = world.actuals.at("GatewayAddress").id;
  world.in.compute_user_data += "echo more\n";
  world.in.gateway_user_data += "echo more\n";
  EXPECT_THAT(keys_of(world.pending()), Contains("replace Gateway (UserDataDigest)"));
  world.apply();
  EXPECT_THAT(keys_of(world.pending()), IsEmpty());
  EXPECT_NE(world.actuals.at("Gateway").id, gateway);
  EXPECT_EQ(world.actuals.at("GatewayAddress").id, address);  // the premises' peer keeps its endpoint
  EXPECT_EQ(outputs_of(world.in, world.actuals)["launch_template"]["version"].as_string(), "2");
}

TEST(Apply, SomebodyElsesIsUsedAndNeverDestroyed) {
  World world;
  std::string vpc;
  world.run(-1, false, [&](const Session& session, Intents&) -> Result<void> {
    const Json made = TRY(ec2(session, "CreateVpc", Json::object({{"CidrBlock", "172.31.0.0/16"}})));
    vpc = made["Vpc"]["VpcId"].as_string();
    return {};
  });
  world.in.existing.vpc = vpc;
  world.apply();
  EXPECT_EQ(world.actuals.at("ComputeSubnet1").properties["VpcId"].as_string(), vpc);
  world.destroy();
  EXPECT_EQ(world.census()["vpcs"], 1u);
  EXPECT_EQ(world.census()["subnets"], 0u);
}

TEST(Apply, AForeignNameIsRefusedBeforeItIsTouched) {
  World world;
  world.run(-1, false, [&](const Session& session, Intents&) -> Result<void> {
    TRY(session.aws.call("s3", "CreateBucket", Json::object({{"Bucket", "slurm-burst-data"}}),
                         session.deadline));
    return {};
  });
  Result<Actuals> seen = Actuals{};
  world.run(-1, false, [&](const Session& session, Intents&) -> Result<void> {
    seen = observe(session, {});
    return {};
  });
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code, "SPW-SITE-005");
}

TEST(Destroy, KeepsDataUnlessTold) {
  World world;
  world.apply();
  world.run(-1, false, [&](const Session& session, Intents&) -> Result<void> {
    TRY(session.aws.call("s3", "PutObject",
                         Json::object({{"Bucket", session.in.bucket},
                                       {"Key", std::string(kUuid) + "/jobs/1/out"},
                                       {"Body", "precious"}}),
                         session.deadline));
    const Leftovers others = TRY(leftovers(session));
    EXPECT_EQ(may_destroy(others, {}).error().code, "SPW-SITE-006");
    TRY(may_destroy(others, {.with_data = true}));
    return remove_leftovers(session, others);
  });
  world.destroy();
  EXPECT_EQ(world.census()["buckets"], 0u);
}

}  // namespace
}  // namespace spillway::site
