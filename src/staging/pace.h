#pragma once
#include <cstddef>
#include <cstdint>

namespace spillway::staging {

/// How many requests to have in flight, learnt from what came of them. Pure arithmetic: the crew tells what
/// it measured.
///
/// A request takes a time on the wall and some of the processor's; with n processors, n × wall ÷ processor
/// requests in flight keep them busy, and more cannot help. Towards that it grows, in steps, for as long as
/// each step moved more; a step that did not is taken back. SlowDown halves what is in flight.
class Pace {
 public:
  Pace(size_t most, size_t processors) : most_(most), processors_(processors), limit_(first(most)) {}

  size_t limit() const { return limit_; }
  /// One window of time is over: `work` was moved in `seconds`; `wall` and `busy` are the requests' times on
  /// the wall and on the processor, summed up in seconds, of `count` requests.
  struct Window {
    double work = 0, seconds = 0, wall = 0, busy = 0;
    size_t count = 0;
  };
  void judge(const Window& window);
  void slow_down();

 private:
  static size_t first(size_t most) { return most < 8 ? most : 8; }
  const size_t most_, processors_;
  size_t limit_, before_ = 0;
  double rate_before_ = 0;
  int hold_ = 0;  // windows until the next try
  bool asked_to_slow_ = false;
};

}  // namespace spillway::staging
