#include "base/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>

#include "base/time.h"

namespace spillway::log {
namespace {

std::atomic<Level> least{Level::info};
std::atomic<int> target{STDERR_FILENO};

}  // namespace

void set_level(Level level) {
  least = level;
}
bool enabled(Level level) {
  return level >= least.load();
}

bool set_file(const std::string& path) {
  const int fd =
      path.empty() ? STDERR_FILENO : open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (fd < 0) return false;
  const int before = target.exchange(fd);
  if (before != STDERR_FILENO && before != fd) close(before);
  return true;
}

void write(Level level, std::string_view room, std::string_view message) {
  constexpr std::string_view kWords[] = {"debug", "info", "warning", "error"};
  std::string line = fmt::format("{} {} {}: {}", to_iso8601(SystemClock{}.now()),
                                 kWords[static_cast<int>(level)], room, message);
  for (char& c : line)
    if (c == '\n' || c == '\r') c = ' ';
  line += '\n';
  // One write, so that lines of several processes do not mix.
  [[maybe_unused]] const ssize_t written = ::write(target, line.data(), line.size());
}

}  // namespace spillway::log
