#pragma once
#include <string>

namespace spillway::aws {

/// Counts vectors and tells of those that fail.
class Tally {
 public:
  explicit Tally(std::string what) : what_(std::move(what)) {}
  void passed() { ++passed_; }
  void left_out() { ++left_out_; }
  void failed(const std::string& name, const std::string& why);
  /// Prints the totals; the program's exit code: 0 when there were any and none failed.
  int finish() const;

 private:
  std::string what_;
  int passed_ = 0, left_out_ = 0, failed_ = 0;
};

/// Says that there are no vectors; the exit code by which ctest counts a test as skipped.
int skip(const std::string& folder);

}  // namespace spillway::aws
