#pragma once
#include <memory>

#include "dns/contract/named.h"
#include "dns/fake.h"
#include "dns/publisher.h"

namespace spillway::dns {

/// A clock that runs, but not right.
class SkewedClock final : public Clock {
 public:
  Time now() const override { return real_.now() + ahead; }
  void sleep_for(Duration duration) override { real_.sleep_for(duration); }
  Duration ahead{0};

 private:
  SystemClock real_;
};

inline constexpr const char* kZone = "example.com";
inline constexpr const char* kReverse = "31.172.in-addr.arpa";
inline constexpr const char* kReverse6 = "0.0.d.f.ip6.arpa";

/// A name server with three zones, a key that may write them, and one that may not.
struct Primary {
  Key key = random_key("spillway"), strange = random_key("nobody"), powerless = random_key("powerless");
  SystemClock clock;
  std::unique_ptr<Named> named;
  std::unique_ptr<Exchange> exchange;

  Key wrong_secret() const { return random_key(key.name); }
};
std::unique_ptr<Primary> real_primary();
std::unique_ptr<Primary> fake_primary();

}  // namespace spillway::dns
