#pragma once
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace spillway {

/// A program to run: no shell, no PATH. `argv[0]` is an absolute path.
struct Program {
  std::vector<std::string> argv;
  std::vector<std::string> env = {"LC_ALL=C", "TZ=UTC"};  // the whole environment of the child
  std::string input;                                      // its standard input
  size_t max_output = 64 << 20;                           // bytes of stdout, and of stderr; more is an error
};

struct Finished {
  int exit_code = 0;  // 128 + signal when a signal ended it
  std::string out, err;
};

/// Runs programs. The seam behind which tests put models of scontrol and its kin.
class Runner {
 public:
  virtual ~Runner() = default;
  /// Runs to the end. Errors: not_found (no such program), timeout (killed at `deadline`), io; a non-zero
  /// exit is an answer.
  virtual Result<Finished> run(const Program& program, Deadline deadline) = 0;
};

class PosixRunner final : public Runner {
 public:
  Result<Finished> run(const Program& program, Deadline deadline) override;
};

}  // namespace spillway
