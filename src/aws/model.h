#pragma once
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace spillway::aws {

/// The kinds of value that AWS's service descriptions know.
enum class Type { structure, list, map, string, integer, number, boolean, blob, timestamp };
enum class Location { body, uri, querystring, header, headers, status_code };
enum class TimestampFormat { unset, iso8601, unix_timestamp, rfc822 };

struct XmlNamespace {
  std::string uri, prefix;
};

struct Shape;

/// A use of a shape, with the traits of the shape and of this use merged (the use wins).
struct Ref {
  const Shape* shape = nullptr;
  std::string location_name;   // name on the wire; empty: the member's own
  std::string query_name;      // ec2's other name for the same
  std::string result_wrapper;  // query: the element around the result
  Location location = Location::body;
  TimestampFormat timestamp = TimestampFormat::unset;
  XmlNamespace xmlns;
  bool flattened = false, xml_attribute = false, host_label = false, idempotency_token = false;
  bool json_value = false, streaming = false;
};

/// Whether an answer carries this in its head; what a request puts into path or query, an answer has in its
/// body.
inline bool in_headers(const Ref& ref) {
  return ref.location == Location::header || ref.location == Location::headers ||
         ref.location == Location::status_code;
}

struct Member {
  std::string name;
  Ref ref;
};

struct Shape {
  std::string name;
  Type type = Type::structure;
  std::vector<Member> members;  // of a structure
  Ref item;                     // of a list
  Ref key, value;               // of a map
  std::vector<std::string> required;
  std::string payload;  // the member that is the whole body
  bool document = false, is_union = false, event_stream = false;
  const Member* find(std::string_view member) const;
};

struct Operation {
  std::string name, method = "POST", uri = "/";
  Ref input, output;  // shape is null when there is none
  std::string endpoint_prefix;
  bool checksum_required = false, unsigned_payload = false, no_auth = false;
  // How it pages; empty strings and lists when it does not.
  std::vector<std::string> input_tokens, output_tokens, result_keys;
  std::string more_results, limit_key;
};

enum class Protocol { ec2, query, json, rest_json, rest_xml };

/// A service's description: how its operations look on the wire. Immutable once built.
class Model {
 public:
  /// From the JSON of a botocore service-2 file (or a reduction of it). Errors: invalid, with the shape's
  /// name.
  static Result<std::shared_ptr<const Model>> from_json(std::string service, const Json& description);

  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  /// nullptr when it is not described.
  const Operation* find(std::string_view operation) const;
  /// An operation that is not part of the description but uses its shapes, as in a test vector's `given`.
  Result<Operation> operation_from(const Json& given) const;
  const Shape* shape(std::string_view name) const;

  std::string service, api_version, endpoint_prefix, signing_name, target_prefix, json_version,
      global_endpoint;
  Protocol protocol = Protocol::query;
  XmlNamespace xmlns;

 private:
  Model() = default;
  Result<Ref> ref_from(const Json& json) const;
  std::map<std::string, std::unique_ptr<Shape>, std::less<>> shapes_;
  std::map<std::string, Ref, std::less<>> shape_traits_;
  std::map<std::string, Operation, std::less<>> operations_;
};

/// The description built into this program, read on first use. Errors: invalid (we do not speak to it).
Result<std::shared_ptr<const Model>> builtin_model(std::string_view service);

}  // namespace spillway::aws
