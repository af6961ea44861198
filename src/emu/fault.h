#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/time.h"

// Rules for misbehaving, as the account keeps them. What each effect does: docs/reference/faults.md.
namespace spillway::emu {

/// A bucket that holds `size` tokens at most and gets `rate` of them a second.
struct TokenBucket {
  double size = 0, rate = 0;
  double tokens = 0;
  Time at{};  // when it held so many
};

struct Fault {
  std::string effect, name;                            // name: by which it is taken away
  std::string service, operation;                      // patterns of requests; "" matches any
  std::string type, subnet, zone, purchase, instance;  // patterns of launches and instances, likewise
  std::string access_key, path;                        // patterns, likewise
  std::string code, message, what;
  int status = 0;
  int64_t limit = 0;
  std::optional<Duration> time;                            // "ms"
  Duration offset{};                                       // "seconds", either way
  std::map<std::string, TokenBucket> requests, resources;  // by class of operations

  int64_t remaining = -1;  // -1: for ever
  int64_t skip = 0;        // so many occasions pass first
  double probability = 1;
  int64_t seed = 0, occasions = 0;  // what an occasion's chance is made of
  int64_t acted = 0;

  Duration after{};
  std::optional<Duration> lasts;
  Time from{}, until = Time::max();  // of these two, once it was set
  bool begun = false;
  Json rule;  // as it came
};

}  // namespace spillway::emu
