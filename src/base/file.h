#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace spillway {

/// Owns a file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Fd() { reset(); }
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_ = -1;
};

/// The whole file. Errors: not_found, denied, io, invalid (larger than `max_bytes`).
Result<std::string> read_file(const std::filesystem::path& path, size_t max_bytes = 64 << 20);
/// Puts `content` under `path` so that a reader, or a crash at any moment, sees the old file or the whole new
/// one: temporary name in the same folder, fsync, rename, fsync of the folder. Errors: denied, io.
Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content,
                                   unsigned mode = 0644);
/// The error for a system call on a path, from errno.
Error system_error(std::string_view doing, const std::filesystem::path& path, int code);

}  // namespace spillway
