#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace spillway::dns {

/// Reads a message's bytes from a position on; everything that would lie outside of them is an error.
class Reader {
 public:
  explicit Reader(std::string_view bytes, size_t at = 0) : bytes_(bytes), at_(at) {}

  Result<uint16_t> u16();
  Result<uint32_t> u32();
  Result<uint64_t> u48();
  Result<std::string_view> take(size_t count);
  /// A name, through pointers, each of which must lead further back than the last.
  Result<std::string> name();

  std::string_view bytes() const { return bytes_; }
  size_t at() const { return at_; }
  bool at_end() const { return at_ == bytes_.size(); }

 private:
  Result<uint64_t> number(size_t bytes);
  std::string_view bytes_;
  size_t at_;
};

}  // namespace spillway::dns
