#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"

// What the site needs on AWS, and what is there, in one vocabulary: CloudFormation's types and properties.
namespace spillway::site {

/// Something that the site needs.
struct Resource {
  std::string key;   // CloudFormation's logical id, and the value of its tag spillway:kind: "ComputeSubnet1"
  std::string type;  // "AWS::EC2::Subnet"
  Json properties = Json::object();  // {"Ref": key} stands for another's id, {"Fn::GetAtt": [key, name]} for
                                     // one of its attributes, {"Fn::Join": ["", [...]]} for a text of parts
  std::vector<std::string> after;    // keys of others that must stand first though no property names them
  std::string existing;              // somebody else's, by its id: used, never changed, never destroyed
};
using Resources = std::vector<Resource>;

/// Something that is there.
struct Actual {
  std::string key, type, id;
  Json properties = Json::object();  // those that are compared
  Json attributes = Json::object();  // what Fn::GetAtt gives
};
using Actuals = std::map<std::string, Actual>;  // by key

Json ref_to(std::string_view key);
Json attribute(std::string_view key, std::string_view name);

/// The keys that a resource needs first: those it refers to, and `after`.
std::vector<std::string> needs(const Resource& resource);

/// `properties` with every reference to something in `actuals` replaced by its id or attribute; references to
/// what is not there stay.
Json resolved(const Json& properties, const Actuals& actuals);
/// Whether a reference is left.
bool has_references(const Json& properties);

/// The resources so that each comes after what it needs. Errors: internal (a circle, or a reference to
/// nothing).
Result<Resources> in_order(Resources resources);

/// Whether `actual` says everything that `wanted` says: AWS answers with more than it was told. Numbers and
/// booleans may be text; lists are compared without their order.
bool covers(const Json& actual, const Json& wanted);

}  // namespace spillway::site
