// Whatever a client sends, the emulator must answer it: signatures, forms, chunks, metadata paths, JSON,
// seeds, XML documents, policies.
#include <cstddef>
#include <cstdint>
#include <string>

#include "emu/ec2.h"
#include "emu/faults.h"
#include "emu/iam.h"
#include "emu/imds.h"
#include "emu/s3.h"
#include "emu/seed.h"
#include "emu/snapshot.h"

using namespace spillway;       // NOLINT: a program of one file
using namespace spillway::emu;  // NOLINT

namespace {

/// As a verified request would arrive there, past the signature.
void ask_services(Account& account, const net::Incoming& request) {
  Signature signature;
  signature.flaw = Flaw::none;
  signature.key = &account.keys.begin()->second;
  signature.service = "s3";
  signature.region = "us-east-1";
  for (auto* answer : {&answer_ec2, &answer_iam, &answer_sts, &answer_ssm, &answer_s3}) {
    Params params = params_of(request, "ec2");  // taken by whoever answers
    if ((*answer)(account, {request, signature, "request", &params}).status == 0) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  ManualClock clock;
  Account account{Settings{}, clock};
  if (!seed_account(account, example_seed())) __builtin_trap();
  const size_t line = std::min(input.find('\n'), input.size());
  const std::string first = input.substr(0, line), rest = line < size ? input.substr(line + 1) : "";
  net::Incoming request{
      "POST", "/" + first, {{"Authorization", first}, {"X-Amz-Target", first}}, rest, "172.31.16.4"};
  (void)verify(account, request);
  ask_services(account, request);
  request.headers = {{"x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}, {"Range", first}};
  for (const char* method : {"PUT", "GET", "HEAD", "DELETE"}) {
    request.method = method;
    ask_services(account, request);
    (void)answer_metadata(account, request);
  }
  advance(account);
  if (auto element = parse_xml(input)) (void)inner_xml(*element);
  if (auto policy = read_policy(input, PolicyKind::identity))
    (void)judge({{"policy", *policy}}, {"s3:GetObject", "arn:aws:s3:::b/" + first, {{"aws:userid", rest}}});
  if (auto json = Json::parse(input)) {
    (void)seed_account(account, *json);
    (void)read_faults(*json);
    (void)restore_account(account, *json);
  }
  return 0;
}
