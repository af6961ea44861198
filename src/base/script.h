#pragma once
#include <map>
#include <string>

namespace spillway {

/// A script for instances: its lines `#include aws.sh` and `#include agent.sh` become those of
/// share/bootstrap, then every @NAME@ the field of that name. Whoever gives the fields has checked that none
/// can become shell.
std::string filled_script(std::string script, const std::map<std::string, std::string>& fields);

}  // namespace spillway
