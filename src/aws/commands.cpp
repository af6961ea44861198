#include "aws/commands.h"

#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <iterator>

#include "aws/debug.h"
#include "aws/errors.h"
#include "base/file.h"

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

Result<std::string> text_of(const Invocation& invocation) {
  if (invocation.arguments.size() > 1 && invocation.arguments[1] != "-")
    return read_file(invocation.arguments[1]);
  return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

Result<int> run(const Invocation& invocation) {
  const std::string wanted = invocation.arguments.empty() ? "" : invocation.arguments.front();
  for (const Named& known : kStages) {
    if (known.name != wanted) continue;
    const Json input = TRY(Json::parse(TRY(text_of(invocation))));
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
           .positionals = {{.name = "STAGE", .help = "sign, serialize, parse or endpoint."},
                           {.name = "FILE",
                            .help = "The input; standard input when absent or -.",
                            .required = false}},
           .examples = {{"spillway aws-debug sign vector.json",
                         "Show canonical request, string to sign, signature."}},
           .hidden = true,
           .run = run}};
}

}  // namespace spillway::aws
