#pragma once
#include <fmt/format.h>

#include <string>
#include <utility>

namespace spillway {

/// A value that may be used but never printed: every formatter shows ***.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  /// The value itself, for the one place that needs it.
  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }
  bool operator==(const Secret&) const = default;

 private:
  std::string value_;
};

}  // namespace spillway

template <>
struct fmt::formatter<spillway::Secret> : fmt::formatter<std::string_view> {
  auto format(const spillway::Secret&, fmt::format_context& context) const {
    return fmt::formatter<std::string_view>::format("***", context);
  }
};
