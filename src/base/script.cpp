#include "base/script.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace spillway {

extern const std::string kAwsShell, kAgentShell;  // share/bootstrap/aws.sh, agent.sh

std::string filled_script(std::string script, const std::map<std::string, std::string>& fields) {
  for (const auto& [name, text] : {std::pair{"aws.sh", &kAwsShell}, {"agent.sh", &kAgentShell}}) {
    const std::string include = fmt::format("#include {}\n", name);
    if (const size_t at = script.find(include); at != std::string::npos)
      script.replace(at, include.size(), *text);
  }
  for (const auto& [name, value] : fields) {
    const std::string placeholder = "@" + name + "@";
    for (size_t at = 0; (at = script.find(placeholder, at)) != std::string::npos; at += value.size())
      script.replace(at, placeholder.size(), value);
  }
  return script;
}

std::string without_comments(std::string_view script) {
  std::string out;
  while (!script.empty()) {
    const size_t end = std::min(script.find('\n'), script.size() - 1) + 1;
    const std::string_view line = script.substr(0, end);
    const size_t word = line.find_first_not_of(' ');
    if (word == std::string_view::npos || !line.substr(word).starts_with("# ")) out += line;
    script.remove_prefix(end);
  }
  return out;
}

}  // namespace spillway
