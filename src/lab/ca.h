#pragma once
#include <string>

#include "base/error.h"
#include "base/subprocess.h"

namespace spillway::lab {

/// A certificate authority of one lab and the certificate with which its emulator answers as *.amazonaws.com;
/// PEM.
struct Authority {
  std::string ca;
  std::string certificate;  // signed by it
  std::string key;
};

/// Makes one in `folder`, which must exist. Errors: io (openssl failed).
Result<Authority> make_authority(Runner& runner, const std::string& folder);

}  // namespace spillway::lab
