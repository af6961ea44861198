#include "fleet/wish.h"

#include <unistd.h>

#include <algorithm>

#include "base/crypto.h"
#include "base/file.h"
#include "base/json.h"

namespace spillway::fleet {
namespace {

constexpr Code kSpool{"SPW-FLEET-001", "the spool cannot be used, so Slurm's wish is not recorded",
                      "make the folder with owner SlurmUser and mode 0750, on a disk with free space"};
constexpr std::string_view kSchema = "spillway.wish/v1";
constexpr std::string_view kEnding = ".wish";
constexpr std::string_view kKinds[] = {"resume", "suspend", "resume-fail"};

Error in_spool(Error error) {
  return Error{error.kind, kSpool, std::move(error.what)};
}

Result<Wish> parse(std::string_view text) {
  const Json json = TRY(Json::parse(text));
  if (json["schema"].as_string() != kSchema) return Error{Kind::invalid, "not a wish"};
  const auto kind = std::find(std::begin(kKinds), std::end(kKinds), json["kind"].as_string());
  if (kind == std::end(kKinds)) return Error{Kind::invalid, "a wish of unknown kind"};
  const Time made_at = TRY(parse_iso8601(json["made_at"].as_string()));
  return Wish{.kind = static_cast<Wish::Kind>(kind - std::begin(kKinds)),
              .nodes = json["nodes"].as_string(),
              .made_at = made_at,
              .resume_file = json["resume_file"].as_string()};
}

}  // namespace

std::string_view to_string(Wish::Kind kind) {
  return kKinds[static_cast<int>(kind)];
}

Result<void> Spool::write(const Wish& wish) const {
  const Json json = Json::object({{"schema", kSchema},
                                  {"kind", to_string(wish.kind)},
                                  {"nodes", wish.nodes},
                                  {"made_at", to_iso8601(wish.made_at)},
                                  {"resume_file", wish.resume_file}});
  // Names sort by time, then by process; the random part keeps two wishes of one microsecond apart.
  const std::string name = fmt::format("{:020}-{}-{}{}", wish.made_at.time_since_epoch().count(), getpid(),
                                       to_hex(random_bytes(4)), kEnding);
  if (auto written = write_file_atomically(folder_ / name, json.dump(), 0640); !written)
    return in_spool(std::move(written).error());
  return {};
}

Result<SpoolContents> Spool::read() const {
  std::error_code failed;
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, failed))
    if (const std::string name = entry.path().filename().string();
        name.ends_with(kEnding) && !name.starts_with('.'))
      names.push_back(name);
  if (failed) return in_spool(system_error("read", folder_, failed.value()));
  std::sort(names.begin(), names.end());
  SpoolContents contents;
  for (std::string& name : names) {
    auto text = read_file(folder_ / name, 16 << 20);
    if (!text && text.error().kind == Kind::not_found) continue;  // another reconciler took it
    // Only what was read whole can be no wish; what cannot be read now may be one.
    if (!text && text.error().kind != Kind::invalid) {
      contents.troubles.push_back(in_spool(std::move(text).error()));
      continue;
    }
    auto wish = text ? parse(*text) : Result<Wish>{text.error()};
    if (wish) {
      contents.wishes.push_back({std::move(name), *std::move(wish)});
    } else {
      contents.unreadable.push_back(std::move(name));
    }
  }
  return contents;
}

Result<void> Spool::remove(const std::string& id) const {
  std::error_code failed;
  std::filesystem::remove(folder_ / id, failed);
  if (failed) return in_spool(system_error("remove", folder_ / id, failed.value()));
  return {};
}

Result<void> Spool::set_aside(const std::string& name) const {
  std::error_code failed;
  std::filesystem::rename(folder_ / name, folder_ / (name + ".bad"), failed);
  if (failed) return in_spool(system_error("rename", folder_ / name, failed.value()));
  return {};
}

}  // namespace spillway::fleet
