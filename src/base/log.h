#pragma once
#include <fmt/core.h>

#include <string>
#include <string_view>

namespace spillway::log {

enum class Level { debug, info, warning, error };

/// Lines below this level are dropped. The log is the one thing of the process that is not passed around:
/// everybody writes, nobody reads it back.
void set_level(Level level);
/// Appends to this file (0640) from now on instead of writing to stderr; an empty path returns to stderr.
bool set_file(const std::string& path);
bool enabled(Level level);
/// One line: UTC time, level, room, message. Line breaks in the message become blanks.
void write(Level level, std::string_view room, std::string_view message);

template <class... Args>
void debug(std::string_view room, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::debug)) write(Level::debug, room, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(std::string_view room, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::info)) write(Level::info, room, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warning(std::string_view room, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::warning)) write(Level::warning, room, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(std::string_view room, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::error)) write(Level::error, room, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace spillway::log
