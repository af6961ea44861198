#pragma once
#include <map>
#include <string>

namespace spillway {

/// A script for instances: its line `#include aws.sh` becomes share/bootstrap/aws.sh, then every @NAME@ the
/// field of that name. Whoever gives the fields has checked that none can become shell.
std::string filled_script(std::string script, const std::map<std::string, std::string>& fields);

}  // namespace spillway
