#pragma once
#include "vpn/gateway_files.h"

namespace spillway::vpn {

/// Writes the files below `root`, making the folders. Errors: denied, io.
Result<void> write_files(const std::vector<GatewayFile>& files, const std::filesystem::path& root);

}  // namespace spillway::vpn
