#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "cost/usd.h"

namespace spillway::cost {

/// What AWS asks for things by the hour or the month, as of a date: the list that is shipped with the
/// program.
class Prices {
 public:
  /// The shipped list of a region; of us-east-1 where there is none of its own, and then `region()` says so.
  static Prices shipped(std::string_view region);

  /// On-demand, Linux, an hour. Nothing when the list has no such type.
  std::optional<Usd> instance_hour(std::string_view type) const;
  Usd public_address_hour() const;
  Usd volume_gib_month() const;  // gp3
  const std::string& region() const { return region_; }
  const std::string& date() const { return date_; }  // ISO, of the list

 private:
  std::string region_, date_;
};

/// Hours of a month as AWS's calculators have them.
inline constexpr int64_t kHoursAMonth = 730;

}  // namespace spillway::cost
