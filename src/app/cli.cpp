#include "app/cli.h"

#include <unistd.h>

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <list>

#include "app/manual.h"
#include "base/log.h"
#include "base/text.h"

#ifndef SPILLWAY_VERSION
#define SPILLWAY_VERSION "0"
#endif

namespace spillway::app {
namespace {

constexpr Code kUsage{"SPW-CLI-001", "the command line cannot be understood",
                      "spillway help lists the commands, spillway help COMMAND tells about one"};

/// What one command's parser fills.
struct Parsed {
  const Command* command = nullptr;
  CLI::App* app = nullptr;
  std::map<std::string, std::string> values;
  std::map<std::string, bool> switches;
  std::list<std::vector<std::string>> positionals;
};

/// CLI11 takes a positional of the form [a,b] for a list of its own; behind this character it is a word like
/// others.
constexpr char kNoList = '\x01';

std::string protect(const std::string& word) {
  return word.starts_with('[') && word.ends_with(']') ? kNoList + word : word;
}

/// "-o,--output" is known to the command as "output".
std::string long_name(const std::string& name) {
  const std::string last(split(name, ',').back());
  return last.substr(last.find_first_not_of('-'));
}

void add_option(Parsed& parsed, const Option& option) {
  const std::string key = long_name(option.name);
  CLI::Option* added = option.value.empty() ? parsed.app->add_flag(option.name, parsed.switches[key])
                                            : parsed.app->add_option(option.name, parsed.values[key]);
  if (option.repeated) added->multi_option_policy(CLI::MultiOptionPolicy::Join);
  if (!option.environment.empty()) added->envname(option.environment);
}

Invocation invocation(Parsed& parsed) {
  Invocation out;
  for (const auto* options : {&common_options(), &parsed.command->options}) {
    for (const Option& option : *options) {
      const std::string key = long_name(option.name);
      if (option.value.empty()) {
        if (parsed.switches[key]) out.options[key] = "1";
      } else if (CLI::Option* added = parsed.app->get_option_no_throw("--" + key);
                 added && added->count() > 0) {
        out.options[key] = parsed.values[key];
      } else if (!option.fallback.empty() && key != "config") {
        out.options[key] = option.fallback;
      }
    }
  }
  for (const auto& words : parsed.positionals)
    for (const std::string& word : words) out.arguments.push_back(word.substr(word.starts_with(kNoList)));
  out.terminal = isatty(STDOUT_FILENO) && std::getenv("NO_COLOR") == nullptr;
  return out;
}

int fail(const Error& error) {
  fmt::print(stderr, "{}\n", to_string(error));
  return exit_code(error);
}

int help(const std::string& program, const std::vector<Command>& commands,
         const std::vector<std::string>& words) {
  if (words.size() == 1 && words[0] == "--markdown")
    return fmt::print("{}", reference_page(program, commands)), 0;
  if (words.size() == 1 && words[0] == "--man") return fmt::print("{}", manual_page(program, commands)), 0;
  std::string path = fmt::format("{}", fmt::join(words, " "));
  if (path.empty()) return fmt::print("{}", overview(program, commands)), 0;
  std::vector<Command> below;
  std::vector<std::string> paths;
  for (const Command& command : commands) {
    if (command.path == path) return fmt::print("{}", manual_text(program, command)), 0;
    if (command.path.starts_with(path + " ")) below.push_back(command);
    if (!command.hidden) paths.push_back(command.path);
  }
  if (!below.empty()) return fmt::print("{}", overview(program, below)), 0;
  Error error{Kind::invalid, kUsage, fmt::format("there is no command '{}'", path)};
  if (const auto near = nearest(path, paths)) error.fix = fmt::format("did you mean: {} {}", program, *near);
  return fail(error);
}

}  // namespace

int run_command_line(const std::string& program, const std::vector<Command>& commands,
                     const std::vector<std::string>& arguments) {
  if (arguments.empty()) return fmt::print("{}", overview(program, commands)), 2;
  if (arguments[0] == "--version") return fmt::print("{} {}\n", program, SPILLWAY_VERSION), 0;
  if (arguments[0] == "help" || arguments[0] == "--help" || arguments[0] == "-h")
    return help(program, commands, {arguments.begin() + 1, arguments.end()});

  CLI::App top;
  top.set_help_flag();
  top.require_subcommand(1);
  std::list<Parsed> all;
  std::map<std::string, CLI::App*> groups;
  for (const Command& command : commands) {
    CLI::App* parent = &top;
    std::string name = command.path;
    std::string group;  // "data", then "data stage"
    for (size_t blank; (blank = name.find(' ')) != std::string::npos;) {
      const std::string word = name.substr(0, blank);
      group += (group.empty() ? "" : " ") + word;
      if (!groups.contains(group)) {
        groups[group] = parent->add_subcommand(word);
        groups[group]->set_help_flag();
        groups[group]->add_flag("-h,--help");
      }
      parent = groups[group];
      name.erase(0, blank + 1);
    }
    Parsed& parsed = all.emplace_back();
    parsed.command = &command;
    parsed.app = parent->add_subcommand(name);
    parsed.app->set_help_flag();
    for (const Option& option : common_options()) add_option(parsed, option);
    for (const Option& option : command.options) add_option(parsed, option);
    for (const Positional& positional : command.positionals) {
      auto& words = parsed.positionals.emplace_back();
      CLI::Option* added = parsed.app->add_option(positional.name, words);
      added->expected(1, positional.repeated ? 1 << 20 : 1)
          ->allow_extra_args(positional.repeated);  // else the first vector takes every word
    }
  }

  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    std::transform(reversed.begin(), reversed.end(), reversed.begin(), protect);
    top.parse(std::move(reversed));
  } catch (const CLI::ParseError& problem) {
    // A command asked for its manual may lack what it requires.
    const bool wants_help =
        std::any_of(arguments.begin(), std::find(arguments.begin(), arguments.end(), "--"),
                    [](const std::string& word) { return word == "--help" || word == "-h"; });
    std::vector<std::string> words;
    for (const std::string& word : arguments)
      if (!word.starts_with('-'))
        words.push_back(word);
      else
        break;
    if (wants_help || (words.size() == arguments.size() && groups.contains(words[0]) && words.size() == 1)) {
      const int code = help(program, commands, words);
      return wants_help ? code : 2;
    }
    std::vector<std::string> paths;
    for (const Command& command : commands)
      if (!command.hidden) paths.push_back(command.path);
    Error error{Kind::invalid, kUsage,
                fmt::format("{} {}: {}", program, fmt::join(arguments, " "), problem.what())};
    if (const auto near = nearest(fmt::format("{}", fmt::join(words, " ")), paths))
      error.fix = fmt::format("{} help {}", program, *near);
    return fail(error);
  }

  for (Parsed& parsed : all) {
    if (!parsed.app->parsed()) continue;
    Invocation asked = invocation(parsed);
    if (asked.has("help")) return fmt::print("{}", manual_text(program, *parsed.command)), 0;
    if (const std::string format = asked.get("output"); format != "table" && format != "json")
      return fail(Error{Kind::invalid, kUsage, fmt::format("--output {}: it is table or json", format)});
    if (asked.has("timeout") && parse_int(asked.get("timeout")).value_or(0) <= 0)
      return fail(
          Error{Kind::invalid, kUsage,
                fmt::format("--timeout {}: it is a number of seconds above 0", asked.get("timeout"))});
    auto given = parsed.positionals.begin();
    for (const Positional& positional : parsed.command->positionals)
      if (const auto& words = *given++; positional.required && words.empty()) {
        return fail(Error{Kind::invalid, kUsage,
                          fmt::format("{} {}: {} is missing", program, parsed.command->path, positional.name)}
                        .fixed_by(fmt::format("{} help {}", program, parsed.command->path)));
      }
    if (asked.has("quiet")) log::set_level(log::Level::error);
    if (asked.has("verbose")) log::set_level(log::Level::debug);
    const auto code = parsed.command->run(asked);
    return code ? *code : fail(code.error());
  }
  for (auto group = groups.rbegin(); group != groups.rend(); ++group)  // the innermost first
    if (group->second->parsed()) return help(program, commands, {group->first});
  return help(program, commands, {});
}

}  // namespace spillway::app
