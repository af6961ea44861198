// Runs AWS's own signing vectors (aws-c-auth's and botocore's) from a folder through debug_sign().
#include <cstdio>
#include <filesystem>

#include "aws/debug.h"
#include "aws/vectors/tally.h"
#include "base/file.h"
#include "base/text.h"

namespace fs = std::filesystem;
using namespace spillway;  // NOLINT: a program of one file

namespace {

std::string text_of(const fs::path& path) {
  auto text = read_file(path);
  if (!text) return "";
  while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
  return *text;
}

std::string header_in(const std::string& request, std::string_view name) {
  for (const auto line : split(request, '\n'))
    if (line.size() > name.size() && equal_ignoring_case(line.substr(0, name.size()), name))
      return std::string(trim(line.substr(name.size())));
  return "";
}

void compare(aws::Tally& tally, const std::string& name, const Json& input, const Json& wanted) {
  const auto made = aws::debug_sign(input);
  if (!made) return tally.failed(name, made.error().what);
  for (const auto& [stage, text] : wanted.members())
    if ((*made)[stage].as_string() != text.as_string())
      return tally.failed(name,
                          stage + ": want\n" + text.as_string() + "\nmade\n" + (*made)[stage].as_string());
  tally.passed();
}

void run_aws_c_auth(aws::Tally& tally, const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!fs::exists(entry.path() / "context.json")) continue;
    const auto context = Json::parse(text_of(entry.path() / "context.json"));
    // Its trailing line breaks end the head; they are no body.
    auto request = read_file(entry.path() / "request.txt");
    if (!context || !request) {
      tally.failed(entry.path().filename(), "unreadable");
      continue;
    }
    for (const std::string mode : {"header", "query"}) {
      if (!fs::exists(entry.path() / (mode + "-signature.txt"))) continue;
      compare(tally, "aws-c-auth " + entry.path().filename().string() + " " + mode,
              Json::object({{"request", *request}, {"context", *context}, {"mode", mode}}),
              Json::object({{"canonical_request", text_of(entry.path() / (mode + "-canonical-request.txt"))},
                            {"string_to_sign", text_of(entry.path() / (mode + "-string-to-sign.txt"))},
                            {"signature", text_of(entry.path() / (mode + "-signature.txt"))}}));
    }
  }
}

void run_botocore(aws::Tally& tally, const fs::path& folder) {
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".req") continue;
    const auto part = [&](const char* extension) {
      return text_of(fs::path(entry.path()).replace_extension(extension));
    };
    const std::string authorization = part(".authz");
    const std::string request = *read_file(entry.path());
    // The token is a credential where the signed request has it and the request itself does not.
    Json keys = Json::object({{"access_key_id", "AKIDEXAMPLE"},
                              {"secret_access_key", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}});
    const std::string token = header_in(part(".sreq"), "x-amz-security-token:");
    if (header_in(request, "x-amz-security-token:").empty()) keys.set("token", token);
    const Json context =
        Json::object({{"credentials", keys},
                      {"region", "us-east-1"},
                      {"service", "service"},
                      {"timestamp", "2015-08-30T12:36:00Z"},
                      {"omit_session_token", authorization.find("security-token") == std::string::npos}});
    compare(tally, "botocore " + entry.path().stem().string(),
            Json::object({{"request", request}, {"context", context}}),
            Json::object({{"canonical_request", part(".creq")},
                          {"string_to_sign", part(".sts")},
                          {"signature", authorization.substr(authorization.rfind('=') + 1)}}));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const fs::path folder = argc > 1 ? argv[1] : "";
  if (!fs::is_directory(folder)) return aws::skip(folder);
  aws::Tally tally("SigV4");
  run_aws_c_auth(tally, folder / "aws-c-auth-v4");
  run_botocore(tally, folder / "botocore-aws4");
  return tally.finish();
}
