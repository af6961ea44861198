#pragma once
#include "aws/model.h"

namespace spillway::aws {

/// A value as JSON protocols write it: wire names, base64 for bytes, numbers for times. Errors: invalid.
Result<Json> to_json_body(const Ref& ref, const Json& value);
/// The reverse; nulls and unknown members vanish. Errors: invalid.
Result<Json> from_json_body(const Ref& ref, const Json& value);

}  // namespace spillway::aws
