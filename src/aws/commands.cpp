#include "aws/commands.h"

#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <iterator>

#include "aws/debug.h"
#include "aws/errors.h"

namespace spillway::aws {
namespace {

using Stage = Result<Json> (*)(const Json&);

struct Named {
  const char* name;
  Stage stage;
};
constexpr Named kStages[] = {{"sign", debug_sign},
                             {"serialize", debug_serialize},
                             {"parse", debug_parse},
                             {"endpoint", debug_endpoint}};

Result<int> run(const Invocation& invocation) {
  const std::string wanted = invocation.arguments.empty() ? "" : invocation.arguments.front();
  for (const Named& known : kStages) {
    if (known.name != wanted) continue;
    const Json input = TRY(Json::parse(std::string(std::istreambuf_iterator<char>(std::cin), {})));
    const Json output = TRY(known.stage(input));
    fmt::print("{}\n", output.dump(2));
    return 0;
  }
  return Error{Kind::invalid, kBadInput, fmt::format("'{}' is no stage of a call", wanted)}.fixed_by(
      "name sign, serialize, parse or endpoint");
}

}  // namespace

std::vector<Command> commands() {
  return {{.path = "aws-debug",
           .summary = "Run one stage of an AWS call on given input.",
           .description =
               "Reads a JSON document and prints a JSON document; sends nothing. The stages take what the\n"
               "published vectors of aws-c-auth and botocore hold: sign (request, context, mode), serialize\n"
               "and parse (metadata, shapes, case), endpoint (service, region, environment).",
           .positionals = {{.name = "STAGE", .help = "sign, serialize, parse or endpoint."}},
           .examples = {{"spillway aws-debug sign < vector.json",
                         "Show canonical request, string to sign, signature."}},
           .hidden = true,
           .run = run}};
}

}  // namespace spillway::aws
