#include "base/text.h"
#include "site/gather.h"

// What slurm.conf says about where Slurm answers.
namespace spillway::site {
namespace {

/// The values of a parameter, line by line, comments left out.
std::vector<std::string> values_of(std::string_view slurm_conf, std::string_view name) {
  std::vector<std::string> out;
  for (std::string_view line : split(slurm_conf, '\n')) {
    line = trim(line.substr(0, line.find('#')));
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos || !equal_ignoring_case(trim(line.substr(0, equals)), name))
      continue;
    const std::string_view value = trim(line.substr(equals + 1));
    out.emplace_back(value.substr(0, value.find_first_of(" \t")));
  }
  return out;
}

}  // namespace

std::vector<std::string> controllers_in(std::string_view slurm_conf) {
  std::string port = "6817";
  if (const auto given = values_of(slurm_conf, "SlurmctldPort"); !given.empty())
    port = given.front().substr(0, given.front().find('-'));
  std::vector<std::string> out;
  for (const std::string& host : values_of(slurm_conf, "SlurmctldHost")) {
    const size_t open = host.find('('), close = host.find(')');
    const bool has_address = open != std::string::npos && close != std::string::npos && close > open;
    out.push_back((has_address ? host.substr(open + 1, close - open - 1) : host) + ":" + port);
  }
  return out;
}

std::pair<int, int> srun_ports_in(std::string_view slurm_conf) {
  if (const auto given = values_of(slurm_conf, "SrunPortRange"); !given.empty()) {
    const size_t dash = given.front().find('-');
    const auto first = parse_int(given.front().substr(0, dash));
    const auto last = dash == std::string::npos ? first : parse_int(given.front().substr(dash + 1));
    if (first && last && *first > 0 && *last >= *first && *last < 65536)
      return {static_cast<int>(*first), static_cast<int>(*last)};
  }
  return {60001, 63000};
}

}  // namespace spillway::site
