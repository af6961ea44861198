#pragma once
#include <string>
#include <string_view>

#include "dns/message.h"

namespace spillway::dns {

/// One update message of RFC 2136 while it grows: what must hold, and what then changes, all or nothing.
/// Owner names end in the zone's name, which is written once and pointed to. Errors of all: invalid
/// (SPW-DNS-002).
class Update {
 public:
  static Result<Update> of(std::string_view zone);

  // What must hold.

  /// Nothing stands at `name`. (2.4.5)
  Result<void> require_unused(std::string_view name);
  /// One record of the set that must be exactly there; the set is all that are required of that name and
  /// type. (2.4.2)
  Result<void> require(std::string_view name, Type type, std::string_view data);

  // What changes.

  Result<void> add(std::string_view name, Type type, uint32_t ttl, std::string_view data);
  /// All records of that name and type.
  Result<void> remove_all(std::string_view name, Type type);
  Result<void> remove(std::string_view name, Type type, std::string_view data);

  /// The message's length as it stands; a signature comes on top.
  size_t size() const { return head_.size() + required_.size() + changes_.size(); }
  bool empty() const { return changes_.empty(); }
  std::string bytes() const;

 private:
  Update() = default;
  Result<void> put(std::string& section, std::string_view name, Type type, Class cls, uint32_t ttl,
                   std::string_view data);
  std::string zone_;  // with a dot in front
  std::string head_, required_, changes_;
  uint16_t requirements_ = 0, change_count_ = 0;
};

}  // namespace spillway::dns
