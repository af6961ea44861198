#include "base/script.h"

#include <fmt/core.h>

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

}  // namespace spillway
