#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace spillway {

/// An option of a command; the manual and the help print from it.
struct Option {
  std::string name;         // "--timeout", or "-o,--output"
  std::string value;        // what it takes, in capitals ("SECONDS"); empty: it is a switch
  std::string help;         // one sentence
  std::string fallback;     // the default as text; empty: none
  std::string environment;  // variable that sets it when the flag is absent
  bool repeated = false;    // may be given several times; the values are then joined by line feeds
};

struct Positional {
  std::string name;  // "HOSTLIST"
  std::string help;
  bool required = true;
  bool repeated = false;  // takes all that follow, "--" included
};

struct Example {
  std::string command;
  std::string effect;
};

/// What the user asked: options by long name without dashes ("timeout"), a switch as "1".
class Invocation {
 public:
  std::map<std::string, std::string> options;
  std::vector<std::string> arguments;
  bool terminal = false;  // stdout is one, and NO_COLOR is not set

  bool has(std::string_view option) const { return options.contains(std::string(option)); }
  std::string get(std::string_view option, std::string_view otherwise = "") const {
    const auto found = options.find(std::string(option));
    return found == options.end() ? std::string(otherwise) : found->second;
  }
  bool json() const { return get("output") == "json"; }
};

/// A command of the command line: what it is called, its manual, and what it does.
struct Command {
  std::string path;         // "lab up"; one word for a command of its own
  std::string summary;      // one line
  std::string description;  // paragraphs for the manual
  std::vector<Option> options;
  std::vector<Positional> positionals;
  std::vector<Example> examples;
  bool hidden = false;
  /// Returns the exit code; errors are printed by the caller and mapped to theirs.
  std::function<Result<int>(const Invocation&)> run;
};

}  // namespace spillway
