#include "staging/location.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "staging/codes.h"

namespace spillway::staging {

Result<Location> parse_location(const std::string& text) {
  Location out;
  out.text = text;
  const auto refuse = [&](std::string_view why) {
    return Error{Kind::invalid, kBadLocation, fmt::format("{}: {}", in_quotes(text), why)};
  };
  if (text.empty()) return refuse("a place is missing");
  constexpr std::string_view kScheme = "s3://";
  if (!text.starts_with(kScheme)) {
    if (const size_t scheme = text.find("://"); scheme != std::string::npos && scheme < 8)
      return refuse("only s3:// is known beside paths");
    std::error_code failed;
    out.local = std::filesystem::absolute(text, failed).lexically_normal();
    if (failed) return refuse(failed.message());
    return out;
  }
  out.remote = true;
  const std::string_view rest = std::string_view(text).substr(kScheme.size());
  const size_t slash = std::min(rest.find('/'), rest.size());
  out.bucket = rest.substr(0, slash);
  // Source: S3 User Guide, "Bucket naming rules".
  const bool plausible =
      out.bucket.size() >= 3 && out.bucket.size() <= 63 && std::ranges::all_of(out.bucket, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
      });
  if (!plausible) return refuse("that is no bucket's name");
  out.object = slash < rest.size() ? rest.substr(slash + 1) : "";
  out.prefix = out.object;
  if (!out.prefix.empty() && !out.prefix.ends_with('/')) out.prefix += '/';
  if (out.prefix.size() > 900) return refuse("the prefix is too long");
  return out;
}

}  // namespace spillway::staging
