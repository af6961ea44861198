#pragma once
#include <filesystem>

namespace spillway::fleet {

/// Where the fleet keeps what it keeps. SPILLWAY_ROOT, if set, stands before every path (tests use it).
struct Places {
  std::filesystem::path config = "/etc/spillway/spillway.yaml";
  std::filesystem::path spool = "/var/spool/spillway/wishes";
  std::filesystem::path state = "/var/lib/spillway/state.db";
  std::filesystem::path cluster_id = "/var/lib/spillway/cluster-id";
  std::filesystem::path run = "/run/spillway";  // sockets and locks

  /// What `spillway apply` made, for those who use it.
  std::filesystem::path site() const { return state.parent_path() / "site.json"; }
  std::filesystem::path wake() const { return run / "wake"; }
  std::filesystem::path control() const { return run / "control"; }
  std::filesystem::path lock() const { return run / "daemon.lock"; }
};

/// The usual places.
Places default_places();
/// The places of a plugin v2 site: everything below `folder`, which holds config.json and partitions.json.
Places plugin_places(const std::filesystem::path& folder);

}  // namespace spillway::fleet
