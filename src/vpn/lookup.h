#pragma once
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "vpn/endpoint.h"

namespace spillway::vpn {

/// Resolves names beside the caller: a name server that is silent, perhaps because it lies behind the very
/// tunnel, must not stop the pulse.
class BackgroundLookup {
 public:
  explicit BackgroundLookup(Resolver resolver = resolve);
  ~BackgroundLookup();
  BackgroundLookup(const BackgroundLookup&) = delete;
  BackgroundLookup& operator=(const BackgroundLookup&) = delete;
  /// The address that was found last, or nothing yet; asks anew in the background.
  std::optional<Endpoint> operator()(const Endpoint& endpoint);

 private:
  /// Shared with the thread, which may outlive us by one slow answer.
  struct Shared {
    std::mutex mutex;
    std::condition_variable wanted;
    std::optional<Endpoint> asked;
    std::map<Endpoint, Endpoint> found;
    bool stop = false;
  };
  std::shared_ptr<Shared> shared_;
};

}  // namespace spillway::vpn
