#include "app/manual.h"

#include <algorithm>

namespace spillway::app {
namespace {

constexpr std::string_view kExitCodes =
    "0 ok, 1 failed, 2 usage or configuration, 3 changes pending, 4 check failed, 5 refused by budget or "
    "policy, 6 timed out, "
    "7 credentials, 8 partial, 130 interrupted";

std::string usage(const std::string& program, const Command& command) {
  std::string line = program + " " + command.path;
  if (!command.options.empty()) line += " [OPTION...]";
  for (const Positional& each : command.positionals) {
    const std::string name = each.repeated ? each.name + "..." : each.name;
    line += each.required ? " " + name : " [" + name + "]";
  }
  return line;
}

std::string left_side(const Option& option) {
  return option.value.empty() ? option.name : option.name + " " + option.value;
}

std::string right_side(const Option& option) {
  std::string text = option.help;
  if (!option.fallback.empty()) text += fmt::format(" Default: {}.", option.fallback);
  if (!option.environment.empty()) text += fmt::format(" Environment: {}.", option.environment);
  return text;
}

std::string option_lines(const std::vector<Option>& options) {
  size_t width = 0;
  for (const Option& option : options) width = std::max(width, left_side(option).size());
  std::string text;
  for (const Option& option : options)
    text += fmt::format("  {:<{}}  {}\n", left_side(option), width, right_side(option));
  return text;
}

std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n'))
      out += std::string("\\&") + c;
    else
      out += c;
  }
  return out;
}

}  // namespace

const std::vector<Option>& common_options() {
  static const std::vector<Option> kOptions = {
      {"-c,--config", "FILE",
       "Configuration to use; a folder with config.json and partitions.json is a plugin v2 site.",
       "/etc/spillway/spillway.yaml", "SPILLWAY_CONFIG"},
      {"-o,--output", "FORMAT", "table for people, json for programs.", "table", "SPILLWAY_OUTPUT"},
      {"--timeout", "SECONDS", "Give up after so long (exit code 6).", "", "SPILLWAY_TIMEOUT"},
      {"--dry-run", "", "Show what would be done and do nothing.", "", ""},
      {"--yes", "", "Do not ask before spending or deleting.", "", ""},
      {"--no-input", "", "Never ask; what needs an answer fails.", "", ""},
      {"-q,--quiet", "", "Only errors on stderr.", "", ""},
      {"-v,--verbose", "", "Tell each step on stderr.", "", ""},
      {"-h,--help", "", "Print this command's manual.", "", ""},
  };
  return kOptions;
}

std::string overview(const std::string& program, const std::vector<Command>& commands) {
  size_t width = 0;
  for (const Command& command : commands)
    if (!command.hidden) width = std::max(width, command.path.size());
  std::string text = fmt::format("Usage: {} COMMAND [OPTION...] [ARGUMENT...]\n\n", program);
  for (const Command& command : commands)
    if (!command.hidden) text += fmt::format("  {:<{}}  {}\n", command.path, width, command.summary);
  text += fmt::format("\n{} help COMMAND tells more. Exit codes: {}.\n", program, kExitCodes);
  return text;
}

std::string manual_text(const std::string& program, const Command& command) {
  std::string text = fmt::format("{}\n\nUsage: {}\n", command.summary, usage(program, command));
  if (!command.description.empty()) text += fmt::format("\n{}\n", command.description);
  if (!command.positionals.empty()) {
    text += "\nArguments:\n";
    for (const Positional& each : command.positionals)
      text += fmt::format("  {:<12} {}\n", each.name, each.help);
  }
  if (!command.options.empty()) text += "\nOptions:\n" + option_lines(command.options);
  text += "\nCommon options:\n" + option_lines(common_options());
  if (!command.examples.empty()) {
    text += "\nExamples:\n";
    for (const Example& each : command.examples)
      text += fmt::format("  {}\n      {}\n", each.command, each.effect);
  }
  return text;
}

std::string reference_page(const std::string& program, const std::vector<Command>& commands) {
  std::string text =
      fmt::format("# Commands of `{}`\n\nMade by `{} help --markdown`; do not edit.\n\n", program, program);
  text += fmt::format("Exit codes: {}.\n\nEvery command takes:\n\n```\n{}```\n", kExitCodes,
                      option_lines(common_options()));
  for (const Command& command : commands) {
    if (command.hidden) continue;
    text += fmt::format("\n## {}\n\n{}\n\n```\n{}\n```\n", command.path, command.summary,
                        usage(program, command));
    if (!command.description.empty()) text += fmt::format("\n{}\n", command.description);
    if (!command.positionals.empty() || !command.options.empty()) {
      text += "\n```\n";
      for (const Positional& each : command.positionals)
        text += fmt::format("  {:<12} {}\n", each.name, each.help);
      text += option_lines(command.options) + "```\n";
    }
    for (const Example& each : command.examples)
      text += fmt::format("\n- `{}`: {}", each.command, each.effect);
    if (!command.examples.empty()) text += "\n";
  }
  return text;
}

std::string manual_page(const std::string& program, const std::vector<Command>& commands) {
  std::string text = fmt::format(
      ".TH {} 8\n.SH NAME\n{} \\- lets a Slurm cluster overflow into AWS\n.SH COMMANDS\n", program, program);
  for (const Command& command : commands) {
    if (command.hidden) continue;
    text += fmt::format(".SS {}\n{}\n.PP\n.B {}\n", roff(command.path), roff(command.summary),
                        roff(usage(program, command)));
    if (!command.description.empty()) text += fmt::format(".PP\n{}\n", roff(command.description));
    for (const Positional& each : command.positionals)
      text += fmt::format(".TP\n.B {}\n{}\n", roff(each.name), roff(each.help));
    for (const Option& each : command.options)
      text += fmt::format(".TP\n.B {}\n{}\n", roff(left_side(each)), roff(right_side(each)));
    for (const Example& each : command.examples)
      text += fmt::format(".TP\n.I {}\n{}\n", roff(each.command), roff(each.effect));
  }
  text += ".SH COMMON OPTIONS\n";
  for (const Option& each : common_options())
    text += fmt::format(".TP\n.B {}\n{}\n", roff(left_side(each)), roff(right_side(each)));
  return text + fmt::format(".SH EXIT STATUS\n{}\n", roff(kExitCodes));
}

}  // namespace spillway::app
