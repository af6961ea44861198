#include "aws/shared_config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "aws/errors.h"
#include "base/file.h"
#include "base/text.h"
#include "base/user.h"

namespace spillway::aws {
namespace {

using Sections = std::map<std::string, Profile, std::less<>>;

Error bad_line(std::string_view file, size_t number, std::string_view why) {
  return Error{Kind::invalid, kBadConfig, fmt::format("{} line {}: {}", file, number, why)};
}

// Sections of "key = value" lines. A line that is indented belongs to the key above, as a nested setting.
Result<Sections> parse_ini(std::string_view text, std::string_view file) {
  Sections sections;
  Profile* current = nullptr;
  std::string block;
  size_t number = 0;
  for (std::string_view line : split(text, '\n')) {
    ++number;
    const std::string_view bare = trim(line);
    if (bare.empty() || bare[0] == '#' || bare[0] == ';') continue;
    if (bare[0] == '[') {
      const size_t end = bare.find(']');
      if (end == std::string_view::npos) return bad_line(file, number, "a section's name lacks its ]");
      current = &sections[std::string(trim(bare.substr(1, end - 1)))];
      block.clear();
      continue;
    }
    const size_t equals = bare.find('=');
    if (equals == std::string_view::npos) return bad_line(file, number, "want 'key = value'");
    if (!current) return bad_line(file, number, "a setting stands before the first section");
    const std::string key = to_lower(trim(bare.substr(0, equals)));
    std::string_view value = trim(bare.substr(equals + 1));
    for (const std::string_view comment : {" #", " ;"}) value = trim(value.substr(0, value.find(comment)));
    if (line[0] == ' ' || line[0] == '\t') {
      if (block.empty()) return bad_line(file, number, "an indented setting belongs to no key");
      (*current)[block + "." + key] = value;
    } else {
      (*current)[key] = value;
      block = value.empty() ? key : "";
    }
  }
  return sections;
}

Result<std::string> text_of(const Environment& environment, const char* variable, std::string_view usual) {
  std::string path;
  if (const auto named = environment(variable)) {
    path = *named;
    if (path.starts_with("~/")) path = home_folder(environment) + path.substr(1);
  } else {
    const std::string folder = home_folder(environment);
    if (folder.empty()) return std::string();
    path = folder + "/.aws/" + std::string(usual);
  }
  auto text = read_file(path, 1 << 20);
  if (!text && text.error().kind == Kind::not_found) return std::string();
  return text;
}

// "s3" is AWS_ENDPOINT_URL_S3.
std::string variable_of(std::string_view service) {
  std::string out = "AWS_ENDPOINT_URL_";
  for (const char c : service)
    out += c == '-' || c == ' ' ? '_' : c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c;
  return out;
}

std::string setting(const Profile* profile, const std::string& key) {
  if (!profile) return "";
  const auto found = profile->find(key);
  return found == profile->end() ? "" : found->second;
}

}  // namespace

std::string home_folder(const Environment& environment) {
  if (auto value = environment("HOME")) return *value;
  const Result<User> entry = find_user(::geteuid());
  return entry ? entry->home : "";
}

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (!value || !*value) return std::nullopt;
    return std::string(value);
  };
}

Result<SharedConfig> SharedConfig::load(const Environment& environment) {
  const std::string config = TRY(text_of(environment, "AWS_CONFIG_FILE", "config"));
  const std::string credentials = TRY(text_of(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials"));
  return parse(config, credentials);
}

Result<SharedConfig> SharedConfig::parse(std::string_view config, std::string_view credentials) {
  SharedConfig out;
  for (auto& [name, settings] : TRY(parse_ini(config, "the config file"))) {
    if (name == "default")
      out.profiles_["default"] = settings;
    else if (name.starts_with("profile "))
      out.profiles_[std::string(trim(std::string_view(name).substr(8)))] = settings;
    else if (name.starts_with("services "))
      out.services_[std::string(trim(std::string_view(name).substr(9)))] = settings;
    else if (name.starts_with("sso-session "))
      out.sso_sessions_[std::string(trim(std::string_view(name).substr(12)))] = settings;
  }
  for (const auto& [name, settings] : TRY(parse_ini(credentials, "the credentials file")))
    for (const auto& [key, value] : settings) out.profiles_[name][key] = value;
  return out;
}

const Profile* SharedConfig::profile(std::string_view name) const {
  const auto found = profiles_.find(name);
  return found == profiles_.end() ? nullptr : &found->second;
}

const Profile* SharedConfig::services(std::string_view name) const {
  const auto found = services_.find(name);
  return found == services_.end() ? nullptr : &found->second;
}

const Profile* SharedConfig::sso_session(std::string_view name) const {
  const auto found = sso_sessions_.find(name);
  return found == sso_sessions_.end() ? nullptr : &found->second;
}

Endpoints load_endpoints(const Environment& environment, const SharedConfig& config, const Profile& profile,
                         const std::vector<std::string>& services) {
  const auto ignored = environment("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
  if (equal_ignoring_case(ignored.value_or(setting(&profile, "ignore_configured_endpoint_urls")), "true"))
    return {};
  const Profile* section = config.services(setting(&profile, "services"));
  Endpoints out;
  out.all = environment("AWS_ENDPOINT_URL").value_or(setting(&profile, "endpoint_url"));
  for (const std::string& service : services) {
    if (const auto own = environment(variable_of(service)))
      out.by_service[service] = *own;
    else if (environment("AWS_ENDPOINT_URL"))
      continue;
    else if (const std::string url = setting(section, service + ".endpoint_url"); !url.empty())
      out.by_service[service] = url;
  }
  return out;
}

}  // namespace spillway::aws
