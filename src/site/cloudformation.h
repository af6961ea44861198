#pragma once
#include "site/inputs.h"
#include "site/resource.h"

namespace spillway::site {

/// The resources as a template of CloudFormation, for those who must build by one. What CloudFormation cannot
/// do (secrets, and objects in the bucket) is left to apply and named in the template's Metadata.
Json cloudformation(const Inputs& in, const Resources& wanted);

}  // namespace spillway::site
