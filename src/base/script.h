#pragma once
#include <map>
#include <string>
#include <string_view>

namespace spillway {

/// A script for instances: its lines `#include aws.sh` and `#include agent.sh` become those of
/// share/bootstrap, then every @NAME@ the field of that name. Whoever gives the fields has checked that none
/// can become shell.
std::string filled_script(std::string script, const std::map<std::string, std::string>& fields);

/// The same shell without its lines of comment, "#!" aside: user-data may have 16,384 bytes.
std::string without_comments(std::string_view script);

}  // namespace spillway
