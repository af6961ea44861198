#pragma once
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <type_traits>
#include <utility>

namespace spillway {

/// What the caller should do about a failure.
enum class Kind {
  invalid,      // the request or configuration is wrong; repeating it cannot help
  denied,       // not allowed
  credentials,  // no usable credentials, or they expired
  not_found,
  conflict,     // exists already, or somebody else holds it
  throttled,    // repeat later, more slowly
  unavailable,  // repeat later
  no_capacity,  // the cloud has no such machine now; the next plan decides
  timeout,
  io,
  refused,  // by budget or policy
  partial,  // some of it was done
  interrupted,
  internal,  // a defect, ours or the peer's
};
std::string_view to_string(Kind kind);

/// A failure that operators meet by name. `id` never changes its meaning; `why` is the usual cause, `fix` the
/// next command.
struct Code {
  std::string_view id;  // SPW-<ROOM>-<NNN>
  std::string_view why;
  std::string_view fix;
};

/// An expected failure as a value: what was attempted on what, why it failed, and what to do next.
struct Error {
  Kind kind = Kind::internal;
  std::string what;
  std::string code;  // empty: taken from the kind when printed
  std::string why;
  std::string fix;
  std::string peer_code;  // the other side's own name for it, such as EC2's InsufficientInstanceCapacity

  Error(Kind k, std::string message) : kind(k), what(std::move(message)) {}
  Error(Kind k, const Code& known, std::string message)
      : kind(k), what(std::move(message)), code(known.id), why(known.why), fix(known.fix) {}

  /// The same error with the particular cause in place of the code's usual one.
  Error because(std::string reason) && { return why = std::move(reason), std::move(*this); }
  Error fixed_by(std::string remedy) && { return fix = std::move(remedy), std::move(*this); }
  /// The same error, told from one level up: "<doing>: <what>".
  Error during(std::string_view doing) && {
    return what = fmt::format("{}: {}", doing, what), std::move(*this);
  }

  bool retryable() const {
    return kind == Kind::throttled || kind == Kind::unavailable || kind == Kind::timeout;
  }
  bool operator==(const Error&) const = default;
};

/// Three lines as the manual shows them: error[CODE]: what, why, fix.
std::string to_string(const Error& error);
/// The process's exit code for a failure of this kind, as the manual lists them (2 usage, 5 refused, 6 timed
/// out ...).
int exit_code(const Error& error);

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
  Result(Error error)
      : tl::expected<T, Error>(tl::unexpect, std::move(error)) {}  // NOLINT(google-explicit-constructor)
};

/// The value of a success, moved out; nothing for Result<void>. TRY's last step.
template <class T>
T take(Result<T>& result) {
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace spillway

/// The value of a Result, or return its error from this function.
#define TRY(...)                                             \
  ({                                                         \
    auto&& try_result_ = (__VA_ARGS__);                      \
    if (!try_result_) return std::move(try_result_).error(); \
    ::spillway::take(try_result_);                           \
  })
