#pragma once
#include <atomic>
#include <chrono>
#include <mutex>

namespace spillway::staging {

/// A bound on bytes a second for all together: whoever wants to send takes its bytes first, and waits until
/// their time has come. 0: no bound.
class RateLimit {
 public:
  explicit RateLimit(int64_t bytes_per_s) : bytes_per_s_(bytes_per_s) {}
  /// When these bytes may go, from now; later ones come after them.
  std::chrono::nanoseconds reserve(size_t bytes, std::chrono::steady_clock::time_point now) {
    if (bytes_per_s_ <= 0) return {};
    const std::lock_guard lock(mutex_);
    if (free_at_ < now) free_at_ = now;
    const auto wait = free_at_ - now;
    free_at_ += std::chrono::nanoseconds(
        static_cast<int64_t>(static_cast<double>(bytes) / static_cast<double>(bytes_per_s_) * 1e9));
    return wait;
  }

 private:
  const int64_t bytes_per_s_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point free_at_{};
};

}  // namespace spillway::staging
