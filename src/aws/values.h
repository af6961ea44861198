#pragma once
#include <string>
#include <string_view>

#include "aws/model.h"

namespace spillway::aws {

/// A scalar as query strings, forms, headers and XML write it. Timestamps are taken as seconds since the
/// epoch or ISO 8601 text and written as `ref` says, or else as `usual`; blobs become base64. Errors:
/// invalid, when the value is of another type.
Result<std::string> scalar_text(const Ref& ref, const Json& value, TimestampFormat usual);

/// A scalar read from text. Timestamps of any of AWS's formats become seconds since the epoch (an integer
/// when whole), blobs their bytes. Errors: invalid.
Result<Json> scalar_from_text(const Ref& ref, std::string_view text);

/// Seconds since the epoch, from any of AWS's formats. Errors: invalid.
Result<Json> timestamp_from_text(std::string_view text);
/// A timestamp in the shape JSON protocols want it: a number, or text for the textual formats.
Result<Json> timestamp_json(const Ref& ref, const Json& value, TimestampFormat usual);

}  // namespace spillway::aws
