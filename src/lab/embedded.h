#pragma once
#include <string>

/// Files of share/ that are part of the binary; share/ is where to edit them.
namespace spillway::lab::embedded {

extern const std::string kImageInit;      // share/lab/image-init.sh
extern const std::string kImagePoweroff;  // share/lab/image-poweroff.sh

}  // namespace spillway::lab::embedded
