#include "aws/vectors/tally.h"

#include <fmt/format.h>

#include <cstdio>

namespace spillway::aws {

void Tally::failed(const std::string& name, const std::string& why) {
  ++failed_;
  fmt::print("FAILED {}: {}\n", name, why);
}

int Tally::finish() const {
  fmt::print("{}: {} vectors, {} passed, {} failed, {} left out\n", what_, passed_ + failed_ + left_out_,
             passed_, failed_, left_out_);
  return failed_ == 0 && passed_ > 0 ? 0 : 1;
}

int skip(const std::string& folder) {
  fmt::print("no vectors at {}\n", folder);
  return 77;
}

}  // namespace spillway::aws
