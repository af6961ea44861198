#include "base/script.h"

namespace spillway {

extern const std::string kAwsShell;  // share/bootstrap/aws.sh

std::string filled_script(std::string script, const std::map<std::string, std::string>& fields) {
  constexpr std::string_view kInclude = "#include aws.sh\n";
  if (const size_t at = script.find(kInclude); at != std::string::npos)
    script.replace(at, kInclude.size(), kAwsShell);
  for (const auto& [name, value] : fields) {
    const std::string placeholder = "@" + name + "@";
    for (size_t at = 0; (at = script.find(placeholder, at)) != std::string::npos; at += value.size())
      script.replace(at, placeholder.size(), value);
  }
  return script;
}

}  // namespace spillway
