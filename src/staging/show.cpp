#include "staging/show.h"

#include <unistd.h>

#include <cstdio>

#include "base/json.h"

namespace spillway::staging {
namespace {

constexpr std::chrono::milliseconds kTick{100};
constexpr int kTicksOfBar = 2, kTicksOfLine = 10;

}  // namespace

std::string bytes_text(int64_t bytes) {
  constexpr std::string_view kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 1024 && unit < 5; ++unit) value /= 1024;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string progress_line(const Progress& progress, double seconds) {
  const int64_t done = progress.bytes_done, planned = progress.bytes_planned;
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  const bool known = progress.planned_all;
  std::string line = fmt::format("{} of {}{}  {} of {} files  {}/s", bytes_text(done), bytes_text(planned),
                                 known ? "" : "+", progress.files_done.load(), progress.files_planned.load(),
                                 bytes_text(static_cast<int64_t>(rate)));
  if (known && planned > 0) {
    const int percent = static_cast<int>(done * 100 / planned);
    constexpr int kWidth = 20;
    const int full = std::min(percent * kWidth / 100, kWidth);
    line = fmt::format("[{}{}] {:3}%  {}", std::string(static_cast<size_t>(full), '#'),
                       std::string(static_cast<size_t>(kWidth - full), '.'), percent, line);
    if (rate > 0) {
      const auto left = static_cast<int64_t>(static_cast<double>(planned - done) / rate);
      line += fmt::format("  {}:{:02} left", left / 60, left % 60);
    }
  }
  if (progress.failed > 0) line += fmt::format("  {} failed", progress.failed.load());
  return line;
}

Show::Show(const Progress& progress, bool json, bool bar, std::function<void()> check)
    : progress_(progress),
      json_(json),
      bar_(bar && isatty(STDERR_FILENO) == 1),
      check_(std::move(check)),
      thread_([this] { run(); }) {}

Show::~Show() {
  end();
}

void Show::end() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  ended_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Show::run() {
  std::unique_lock lock(mutex_);
  for (int tick = 1; !ended_.wait_for(lock, kTick, [this] { return over_; }); ++tick) {
    check_();
    if ((bar_ && tick % kTicksOfBar == 0) || (json_ && tick % kTicksOfLine == 0)) print(false);
  }
  if (bar_) print(true);
}

// With the lock held.
void Show::print(bool last) {
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  if (bar_)
    fmt::print(stderr, "\r\033[K{}{}", last ? "" : progress_line(progress_, seconds), last ? "" : "\r");
  if (bar_) std::fflush(stderr);
  if (!json_) return;
  fmt::print("{}\n", Json::object({{"schema", "spillway.sync/v1"},
                                   {"event", "progress"},
                                   {"seconds", seconds},
                                   {"files", progress_.files_done.load()},
                                   {"files_planned", progress_.files_planned.load()},
                                   {"bytes", progress_.bytes_done.load()},
                                   {"bytes_planned", progress_.bytes_planned.load()},
                                   {"planned_all", progress_.planned_all.load()},
                                   {"failed", progress_.failed.load()}})
                         .dump());
  std::fflush(stdout);
}

void Show::tell(const Failure& failure) {
  const std::lock_guard lock(mutex_);
  if (json_) {
    fmt::print("{}\n", Json::object({{"schema", "spillway.sync/v1"},
                                     {"event", "failed"},
                                     {"key", failure.key},
                                     {"code", failure.error.code},
                                     {"what", failure.error.what}})
                           .dump());
    std::fflush(stdout);
  } else {
    fmt::print(stderr, "{}{} {}\n", bar_ ? "\r\033[K" : "",
               failure.error.code.empty() ? "error" : failure.error.code, failure.error.what);
  }
}

}  // namespace spillway::staging
