#include "vpn/lookup.h"

#include <memory>

namespace spillway::vpn {

BackgroundLookup::BackgroundLookup(Resolver resolver) : shared_(std::make_shared<Shared>()) {
  std::thread([shared = shared_, resolver = std::move(resolver)] {
    std::unique_lock lock(shared->mutex);
    for (;;) {
      shared->wanted.wait(lock, [&] { return shared->stop || shared->asked; });
      if (shared->stop) return;
      const Endpoint asked = *shared->asked;
      lock.unlock();
      const auto found = resolver(asked);
      lock.lock();
      shared->asked.reset();
      if (found) shared->found.insert_or_assign(asked, *found);
    }
  }).detach();
}

BackgroundLookup::~BackgroundLookup() {
  const std::lock_guard lock(shared_->mutex);
  shared_->stop = true;
  shared_->wanted.notify_all();
}

std::optional<Endpoint> BackgroundLookup::operator()(const Endpoint& endpoint) {
  const std::lock_guard lock(shared_->mutex);
  if (!shared_->asked) shared_->asked = endpoint;
  shared_->wanted.notify_all();
  const auto found = shared_->found.find(endpoint);
  return found == shared_->found.end() ? std::nullopt : std::optional{found->second};
}

}  // namespace spillway::vpn
