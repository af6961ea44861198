#include "fleet/places.h"

#include <cstdlib>
#include <string>

namespace spillway::fleet {

Places default_places() {
  Places places;
  const char* root = std::getenv("SPILLWAY_ROOT");
  if (!root || !*root) return places;
  for (std::filesystem::path* each :
       {&places.config, &places.spool, &places.state, &places.cluster_id, &places.run})
    *each = std::string(root) + each->string();
  return places;
}

Places plugin_places(const std::filesystem::path& folder) {
  const std::filesystem::path own = folder / ".spillway";
  return {.config = folder / "config.json",
          .spool = own / "wishes",
          .state = own / "state.db",
          .cluster_id = own / "cluster-id",
          .run = own};
}

}  // namespace spillway::fleet
