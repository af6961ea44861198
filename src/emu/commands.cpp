#include "emu/commands.h"

#include "base/text.h"
#include "emu/standalone.h"

namespace spillway::emu {
namespace {

Result<Duration> milliseconds(const Invocation& invocation, const std::string& option) {
  const std::string text = invocation.get(option, "0");
  const auto value = parse_int(text);
  if (!value || *value < 0 || *value > 600'000)
    return Error{Kind::invalid, fmt::format("--{} {}: not a number from 0 to 600000", option, text)};
  return Duration{std::chrono::milliseconds{*value}};
}

Result<int> aws(const Invocation& invocation) {
  StandaloneOptions options;
  options.listen = invocation.get("listen", "127.0.0.1:4566");
  options.metadata = invocation.get("metadata");
  options.state = invocation.get("state");
  options.faults = invocation.get("faults");
  options.seed = invocation.get("seed");
  options.latency = TRY(milliseconds(invocation, "latency"));
  options.boot_delay = TRY(milliseconds(invocation, "boot"));
  options.shutdown_delay = TRY(milliseconds(invocation, "shutdown"));
  return serve(options);
}

}  // namespace

std::vector<Command> commands() {
  return {
      {"lab aws",
       "run the AWS emulator alone, without root",
       "Serves a model of one AWS account in us-east-1 until it is interrupted: EC2 (instances, fleets, "
       "launch "
       "templates, tags), IAM, S3, STS, SSM parameters. Policies are judged on each call; a caller on "
       "loopback "
       "counts as one by TLS. Every request must be signed with a key of the account; "
       "its "
       "states move on with the clock. Nothing is billed, nothing is launched. Point any AWS client at the "
       "endpoint "
       "that it prints: aws --endpoint-url http://127.0.0.1:4566 ec2 describe-instances.\n\n"
       "A file of faults is an array of rules, looked at in order: {\"effect\": \"capacity\", \"type\": "
       "\"c5.xlarge\", \"zone\": \"us-east-1a\", \"limit\": 2, \"for_ms\": 60000}. Effects: error, "
       "throttle, drop_before, drop_after, delay, empty_page; capacity, never_boots, dies_pending; late, "
       "unlisted; spot_notice, rebalance, terminate_delayed, stuck_shutting_down, leave_behind; imds_silent, "
       "credentials_expired, clock_offset. What each takes is in docs/reference/faults.md.\n\n"
       "A seed is an object of arrays: vpcs {id, cidr}, subnets {id, vpc, cidr, zone}, security_groups {id, "
       "vpc, "
       "name}, images {id, name, owner}, users {name, access_keys: [{id, secret}], policies: [{name, "
       "document}]}, "
       "roles {name, "
       "policies, trust}, instance_profiles {name, role}, buckets {name, objects: [{key, body}]}, parameters "
       "{name, "
       "value, type}. A user without policies may do everything.",
       {{"--listen", "HOST:PORT", "Where it answers; port 0 takes a free one.", "127.0.0.1:4566", ""},
        {"--metadata", "HOST:PORT",
         "Serve the instance metadata service there too, to clients that come from an instance's address.",
         "", ""},
        {"--state", "DIR", "Folder in which state.json is kept between runs.", "", ""},
        {"--seed", "FILE", "JSON description of the account to begin with; absent: an example.", "", ""},
        {"--latency", "MS", "How long each answer takes.", "0", ""},
        {"--boot", "MS", "How long instances stay pending.", "0", ""},
        {"--shutdown", "MS", "How long instances stay shutting-down.", "0", ""},
        {"--faults", "FILE", "JSON rules by which it misbehaves: errors, lack of capacity, cut connections.",
         "", ""}},
       {},
       {{"spillway lab aws --listen 127.0.0.1:4566 --state ~/aws", "an account that remembers"},
        {"spillway lab aws --faults faults.json", "one that runs out of c5.xlarge, or cuts connections"}},
       false,
       aws}};
}

}  // namespace spillway::emu
