#pragma once
#include <gtest/gtest.h>

#include <filesystem>

#include "aws/encode.h"
#include "aws/stack.h"
#include "base/file.h"
#include "emu/aws.h"
#include "site/applier.h"
#include "site/desired.h"
#include "site/destroy.h"

// For tests of this room: an account of the emulator's model, and a process that can die at any of its calls.
namespace spillway::site {

inline constexpr const char* kUuid = "11111111-2222-4333-8444-555555555555";

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
    if (meanwhile) meanwhile();
    if (now) throw Killed{};
    return response;
  }
  int calls() const { return calls_; }
  int kill_at = -1;
  bool before = false;
  std::function<void()> meanwhile;  // what else happens on AWS after each call

 private:
  emu::Aws& aws_;
  int calls_ = 0;
};

inline Inputs inputs() {
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
  explicit World(emu::Settings settings = {}) : cloud{std::move(settings), clock} {
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
    wire.meanwhile = meanwhile;
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
  emu::Aws cloud;
  std::filesystem::path folder = std::filesystem::temp_directory_path() / make_uuid();
  std::function<void()> meanwhile;
  Actuals actuals;
  Difference last;
};

}  // namespace spillway::site
