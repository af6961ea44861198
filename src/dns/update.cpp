#include "dns/update.h"

#include "base/text.h"
#include "dns/codes.h"

namespace spillway::dns {
namespace {

constexpr uint16_t kZoneAt = 12;  // the header's length: the zone's name comes right after it

}  // namespace

Result<Update> Update::of(std::string_view zone) {
  Update update;
  const std::string name = TRY(canonical(zone));
  update.zone_ = "." + name;
  put16(update.head_, 0);
  put16(update.head_, static_cast<uint16_t>(static_cast<unsigned>(Opcode::update) << 11));
  for (const uint16_t count : {1, 0, 0, 0}) put16(update.head_, count);
  TRY(put_name(update.head_, name));
  put16(update.head_, static_cast<uint16_t>(Type::soa));
  put16(update.head_, static_cast<uint16_t>(Class::in));
  return update;
}

Result<void> Update::put(std::string& section, std::string_view name, Type type, Class cls, uint32_t ttl,
                         std::string_view data) {
  if (!name.ends_with(zone_))
    return Error{Kind::invalid, kBadName,
                 fmt::format("{} does not lie in zone {}", in_quotes(name), zone_.substr(1))};
  TRY(put_name(section, name.substr(0, name.size() - zone_.size())));
  section.pop_back();  // the root's label, in whose place the pointer comes
  put16(section, 0xc000 | kZoneAt);
  put16(section, static_cast<uint16_t>(type));
  put16(section, static_cast<uint16_t>(cls));
  put32(section, ttl);
  put16(section, static_cast<uint16_t>(data.size()));
  section += data;
  return {};
}

Result<void> Update::require_unused(std::string_view name) {
  ++requirements_;
  return put(required_, name, Type::any, Class::none, 0, {});
}
Result<void> Update::require(std::string_view name, Type type, std::string_view data) {
  ++requirements_;
  return put(required_, name, type, Class::in, 0, data);
}
Result<void> Update::add(std::string_view name, Type type, uint32_t ttl, std::string_view data) {
  ++change_count_;
  return put(changes_, name, type, Class::in, ttl, data);
}
Result<void> Update::remove_all(std::string_view name, Type type) {
  ++change_count_;
  return put(changes_, name, type, Class::any, 0, {});
}
Result<void> Update::remove(std::string_view name, Type type, std::string_view data) {
  ++change_count_;
  return put(changes_, name, type, Class::none, 0, data);
}

std::string Update::bytes() const {
  std::string counted = head_;
  std::string counts;
  put16(counts, requirements_);
  put16(counts, change_count_);
  counted.replace(6, 4, counts);
  return counted + required_ + changes_;
}

}  // namespace spillway::dns
