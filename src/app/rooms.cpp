#include "app/rooms.h"

#include "fleet/commands.h"
#include "fleet/setup.h"

namespace spillway::app {

std::vector<Command> commands() {
  std::vector<Command> all;
  for (const auto& room : {fleet::commands()}) all.insert(all.end(), room.begin(), room.end());
  return all;
}

std::string site_prolog() {
  const auto loaded = fleet::load(Invocation{});
  return loaded ? loaded->fleet.site_prolog : std::string{};
}

}  // namespace spillway::app
