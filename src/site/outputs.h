#pragma once
#include <filesystem>

#include "site/inputs.h"
#include "site/resource.h"

namespace spillway::site {

/// What apply made and others need: the daemon (templates, subnets, roles), the gateways (address and key).
/// Schema spillway.site/v1; nothing in it is secret. It can be lost: the next apply writes it again.
Json outputs_of(const Inputs& in, const Actuals& actuals);
Result<void> write_outputs(const std::filesystem::path& file, const Json& outputs);

}  // namespace spillway::site
