#include "staging/crew.h"

#include <time.h>

#include <algorithm>

namespace spillway::staging {
namespace {

using Steady = std::chrono::steady_clock;
constexpr size_t kQueue = 512;
constexpr double kWindow = 0.05;          // seconds at least
constexpr double kWorkOfARequest = 64e3;  // a request counts as so many bytes beside those that it moves

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double seconds(Steady::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

Crew::Crew(size_t most, bool fixed)
    : most_(std::max<size_t>(most, 1)),
      fixed_(fixed),
      pace_(most_, std::max(1U, std::thread::hardware_concurrency())) {}

Crew::~Crew() {
  drain();
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  work_there_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

size_t Crew::limit() const {
  const std::lock_guard lock(mutex_);
  return fixed_ ? most_ : pace_.limit();
}

// With the lock held: a thread more, if all are at work and more may be.
void Crew::hire() {
  const size_t limit = fixed_ ? most_ : pace_.limit();
  if (threads_.size() < limit && active_ == threads_.size()) threads_.emplace_back([this] { work(); });
}

void Crew::submit(std::function<void()> task) {
  std::unique_lock lock(mutex_);
  // Once it is full, it runs half empty first: waking this thread for every task would cost more than small
  // tasks do.
  if (usual_.size() >= kQueue) {
    waiting_ = true;
    room_there_.wait(lock, [&] { return usual_.size() <= kQueue / 2; });
    waiting_ = false;
  }
  usual_.push_back(std::move(task));
  hire();
  lock.unlock();
  work_there_.notify_one();
}

void Crew::submit_first(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    urgent_.push_back(std::move(task));
    hire();
  }
  work_there_.notify_one();
}

void Crew::drain() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [&] { return active_ == 0 && urgent_.empty() && usual_.empty(); });
}

void Crew::slow_down() {
  const std::lock_guard lock(mutex_);
  pace_.slow_down();
}

void Crew::moved(size_t bytes) {
  const std::lock_guard lock(mutex_);
  window_.work += static_cast<double>(bytes);
}

// With the lock held.
void Crew::measure(double wall, double busy) {
  window_.wall += wall;
  window_.busy += busy;
  window_.work += kWorkOfARequest;
  ++window_.count;
  const auto now = Steady::now();
  window_.seconds = seconds(now - window_began_);
  if (window_.seconds < kWindow || window_.count < pace_.limit()) return;
  pace_.judge(window_);
  window_ = {};
  window_began_ = now;
}

void Crew::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto may = [&] {
      return !(urgent_.empty() && usual_.empty()) && active_ < (fixed_ ? most_ : pace_.limit());
    };
    work_there_.wait(lock, [&] { return ending_ || may(); });
    if (!may()) return;
    std::deque<std::function<void()>>& queue = urgent_.empty() ? usual_ : urgent_;
    std::function<void()> task = std::move(queue.front());
    queue.pop_front();
    ++active_;
    const bool more = may();
    if (more) hire();
    const bool room = waiting_ && usual_.size() <= kQueue / 2;
    lock.unlock();
    if (room) room_there_.notify_all();
    if (more) work_there_.notify_one();
    const auto began = Steady::now();
    const double busy = processor_seconds();
    task();
    task = nullptr;
    const double worked = processor_seconds() - busy;
    lock.lock();
    --active_;
    measure(seconds(Steady::now() - began), worked);
    if (active_ == 0 && urgent_.empty() && usual_.empty()) idle_.notify_all();
  }
}

}  // namespace spillway::staging
