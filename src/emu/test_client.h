#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "base/crypto.h"
#include "base/text.h"
#include "emu/aws.h"
#include "emu/params.h"
#include "emu/signature.h"

// For tests: a caller who signs as AWS's manual says, on a clock that is moved by hand.
namespace spillway::emu {

struct Caller {
  Aws& aws;
  Clock& clock;
  std::string key = "AKIASPILLWAYEXAMPLE1", secret = "spillway-example-secret-key-0000000000001", token = "";
  std::string region = "us-east-1";

  /// Adds date, digest and Authorization; the path and query must be encoded as the canonical form has them.
  net::Incoming sign(net::Incoming request, const std::string& service) const {
    std::string stamp = stamp_of(clock.now()), date = stamp.substr(0, 8);
    request.headers.push_back({"Host", service + ".us-east-1.amazonaws.com"});
    request.headers.push_back({"X-Amz-Date", stamp});
    if (!net::find_header(request.headers, "x-amz-content-sha256"))
      request.headers.push_back({"X-Amz-Content-Sha256", to_hex(sha256(request.body))});
    if (!token.empty()) request.headers.push_back({"X-Amz-Security-Token", token});
    std::vector<std::pair<std::string, std::string>> headers;
    for (const auto& [name, value] : request.headers) headers.emplace_back(to_lower(name), value);
    std::sort(headers.begin(), headers.end());
    std::string lines, names;
    for (const auto& [name, value] : headers)
      lines += name + ":" + value + "\n", names += (names.empty() ? "" : ";") + name;
    size_t mark = request.target.find('?');
    std::string query = mark == std::string::npos ? "" : request.target.substr(mark + 1);
    std::string canonical = request.method + "\n" + request.target.substr(0, mark) + "\n" + query + "\n" +
                            lines + "\n" + names + "\n" +
                            *net::find_header(request.headers, "x-amz-content-sha256");
    std::string scope = date + "/" + region + "/" + service + "/aws4_request";
    std::string to_sign = "AWS4-HMAC-SHA256\n" + stamp + "\n" + scope + "\n" + to_hex(sha256(canonical));
    std::string signing = "AWS4" + secret;
    for (const std::string& part : {date, region, service, std::string("aws4_request")})
      signing = hmac_sha256(signing, part);
    request.headers.push_back({"Authorization", "AWS4-HMAC-SHA256 Credential=" + key + "/" + scope +
                                                    ", SignedHeaders=" + names +
                                                    ", Signature=" + to_hex(hmac_sha256(signing, to_sign))});
    return request;
  }

  using Pairs = std::vector<std::pair<std::string, std::string>>;
  net::Response query(const std::string& service, const std::string& action, const Pairs& parameters) const {
    std::string form = "Action=" + action + "&Version=2016-11-15";
    for (const auto& [name, value] : parameters) form += "&" + name + "=" + percent_encoded(value);
    return aws.handle(sign({"POST", "/", {}, form, "127.0.0.1"}, service));
  }
  net::Response ec2(const std::string& action, const Pairs& parameters = {}) const {
    return query("ec2", action, parameters);
  }
  net::Response s3(const std::string& method, const std::string& target, const std::string& body = "",
                   net::Headers headers = {}) const {
    return aws.handle(sign({method, target, std::move(headers), body, "127.0.0.1"}, "s3"));
  }
};

/// The text of every <name> in an answer.
inline std::vector<std::string> texts(const net::Response& response, const std::string& name) {
  std::regex element("<" + name + ">([^<]*)</" + name + ">");
  std::vector<std::string> out;
  for (std::sregex_iterator it(response.body.begin(), response.body.end(), element), end; it != end; ++it)
    out.push_back((*it)[1]);
  return out;
}
inline std::string text(const net::Response& response, const std::string& name) {
  auto all = texts(response, name);
  return all.empty() ? "" : all.front();
}

/// The account of example_seed(), on a manual clock.
struct EmuTest : ::testing::Test {
  void SetUp() override { ASSERT_TRUE(aws.seed(example_seed())); }

  Caller::Pairs run(int count) const {
    return {{"ImageId", "ami-0a11ce00000000001"},
            {"InstanceType", "c5.xlarge"},
            {"SubnetId", "subnet-0a11ce00000000001"},
            {"MinCount", std::to_string(count)},
            {"MaxCount", std::to_string(count)}};
  }

  struct Recorder : Machines {
    void start(const Machine& machine) override {
      events.push_back("start " + machine.id.value), last = machine;
    }
    void stop(const InstanceId& id) override { events.push_back("stop " + id.value); }
    std::vector<std::string> events;
    Machine last;
  };

  ManualClock clock;
  Recorder machines;
  Settings settings{"us-east-1", "123456789012", {}, std::chrono::seconds{10}, std::chrono::seconds{5}};
  Aws aws{settings, clock, &machines};
  Caller caller{aws, clock};
};

}  // namespace spillway::emu
