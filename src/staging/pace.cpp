#include "staging/pace.h"

#include <algorithm>

namespace spillway::staging {
namespace {

constexpr double kGain = 1.05;             // what a step must bring
constexpr size_t kLargestStep = 4;         // times
constexpr int kRest = 10, kLongRest = 20;  // windows

}  // namespace

void Pace::judge(const Window& window) {
  if (window.seconds <= 0 || window.count == 0) return;
  const double rate = window.work / window.seconds;
  if (hold_ > 0) {
    --hold_;
    rate_before_ = std::max(rate_before_ * 0.98, rate);
    return;
  }
  if (before_ != 0 && rate < rate_before_ * kGain && limit_ > before_) {
    limit_ = before_;
    before_ = 0;
    hold_ = kRest;
    return;
  }
  const double busy = std::max(window.busy, 1e-9);
  const auto useful = static_cast<size_t>(static_cast<double>(processors_) * window.wall / busy) + 1;
  const size_t step = asked_to_slow_ ? limit_ + 1 : limit_ * kLargestStep;
  const size_t next = std::min({most_, useful, step});
  if (next <= limit_) return;
  before_ = limit_;
  rate_before_ = rate;
  limit_ = next;
}

void Pace::slow_down() {
  asked_to_slow_ = true;  // from here on it grows by one
  limit_ = std::max<size_t>(1, limit_ / 2);
  before_ = 0;
  hold_ = kLongRest;
}

}  // namespace spillway::staging
