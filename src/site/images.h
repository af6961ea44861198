#pragma once
#include <string>

#include "aws/client.h"
#include "base/json.h"

namespace spillway::site {

struct ImageFacts {
  std::string id, root_device, architecture;
  int64_t gib = 8;  // of its root volume
};

/// The image's id: as it is said, or what the public parameter holds. A parameter moves on whenever its
/// publisher makes a new image: what was chosen once is kept, as `kept` says, until the configuration names
/// another source. Errors: not_found (SPW-SITE-011), those of Client::call.
Result<std::string> image_of(aws::Client& client, const std::string& source, const Json& kept);

/// Errors: not_found, denied (SPW-SITE-011: it is not there, or a stranger's).
Result<ImageFacts> check_image(aws::Client& client, const std::string& id, const std::string& owner);

}  // namespace spillway::site
