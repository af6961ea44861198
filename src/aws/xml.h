#pragma once
#include <string_view>

#include "aws/protocol.h"

namespace spillway::aws {

/// Reads an XML document, or what is wanted of it, as the shape of `ref`, inside the root's child `wrapper`
/// if that is not empty. Errors: internal (SPW-AWS-009).
Result<Json> read_xml(const Ref& ref, std::string_view body, std::string_view wrapper = "",
                      const Wanted* wanted = nullptr);
/// The error element of a failed answer; empty where there is none.
Fault read_xml_fault(std::string_view body);
/// Reads the error element of a failed answer as the shape of `ref`. Errors: internal (SPW-AWS-009).
Result<Json> read_xml_error(const Ref& ref, std::string_view body);
/// Writes `value` as an element named `name`. Errors: invalid.
Result<std::string> write_xml(const std::string& name, const Ref& ref, const Json& value);

}  // namespace spillway::aws
