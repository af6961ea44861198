#pragma once
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "aws/model.h"
#include "net/http.h"

namespace spillway::aws {

/// A call as its protocol writes it, still without host and signature. Path and query are percent-encoded.
struct Wire {
  std::string method = "POST", path = "/", query;
  std::string host_prefix;  // of operations that put something in front of the host
  net::Headers headers;
  std::string body;
};

/// Writes `input` (the operation's input shape as JSON; blobs are their bytes, timestamps seconds or ISO
/// text). Errors: invalid, naming the member that does not fit.
Result<Wire> serialize(const Model& model, const Operation& operation, const Json& input);

/// Members to read of the structures that are named; whatever else these have is skipped, which costs next to
/// nothing. Other structures are read whole. Heeded in XML only.
using Wanted = std::map<std::string_view, std::set<std::string_view>>;

/// Reads a successful answer as the operation's output shape; unknown elements are skipped.
/// Errors: internal (SPW-AWS-009), when the body is not what the description says.
Result<Json> parse(const Model& model, const Operation& operation, const net::Response& response,
                   const Wanted* wanted = nullptr);

/// What a failed answer says, from its body or else its headers and status.
struct Fault {
  std::string code, message, request_id;
};
Fault parse_fault(const Model& model, const net::Response& response);

/// What the operation puts in front of the host, "{Label}" replaced by that member. Errors: invalid.
Result<std::string> host_prefix(const Operation& operation, const Json& input);

// The parts, one file each.
Result<Wire> serialize_query(const Model& model, const Operation& operation, const Json& input);
Result<Wire> serialize_json(const Model& model, const Operation& operation, const Json& input);
Result<Wire> serialize_rest(const Model& model, const Operation& operation, const Json& input);
Fault read_json_fault(const net::Response& response);
Result<Json> parse_xml(const Model& model, const Operation& operation, const net::Response& response,
                       const Wanted* wanted);
Result<Json> parse_json(const Model& model, const Operation& operation, const net::Response& response);
Result<Json> parse_rest(const Model& model, const Operation& operation, const net::Response& response);

/// The members of `input` that `shape` does not describe or lacks though they are required, as errors.
Result<void> check_input(const Shape& shape, const Json& input);

}  // namespace spillway::aws
