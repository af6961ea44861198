#include "dns/contract/primary.h"

#include <stdexcept>

namespace spillway::dns {

std::unique_ptr<Primary> real_primary() {
  auto primary = std::make_unique<Primary>();
  auto named = Named::start({kZone, kReverse, kReverse6}, {primary->key}, primary->powerless);
  if (!named) throw std::runtime_error(to_string(named.error()));
  primary->named = *std::move(named);
  primary->exchange = std::make_unique<TcpExchange>(primary->named->server());
  return primary;
}

std::unique_ptr<Primary> fake_primary() {
  auto primary = std::make_unique<Primary>();
  auto fake = std::make_unique<FakeNameServer>(primary->clock);
  fake->add_key(primary->key);
  fake->add_key(primary->powerless);
  fake->powerless = {primary->powerless.name};
  for (const char* zone : {kZone, kReverse, kReverse6}) fake->add_zone(zone);
  primary->exchange = std::move(fake);
  return primary;
}

}  // namespace spillway::dns
