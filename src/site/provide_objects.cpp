#include "aws/encode.h"
#include "base/file.h"
#include "site/provider.h"
#include "vpn/keys.h"
#include "vpn/peers.h"

// Objects that apply publishes, and the gateway's WireGuard key. What is secret is compared by digest or not
// at all; nothing of it is ever read back.
namespace spillway::site {
namespace {

Result<Json> s3(const Session& session, std::string_view operation, Json input) {
  return session.aws.call("s3", operation, std::move(input), session.deadline);
}

/// The gateways, by the beginning of their resources' keys and by the place of their secrets.
constexpr std::pair<const char*, const char*> kGateways[] = {{"Gateway", vpn::kFirstPlace},
                                                             {"Standby", vpn::kStandbyPlace}};

Result<void> find_object(const Session& session, const std::string& key, const std::string& object,
                         std::vector<Actual>& out) {
  auto head = s3(session, "HeadObject", Json::object({{"Bucket", session.in.bucket}, {"Key", object}}));
  if (!head && (head.error().kind == Kind::not_found || head.error().kind == Kind::denied)) return {};
  const Json found = TRY(std::move(head));
  out.push_back({key, "Spillway::S3::Object", session.in.bucket + "/" + object,
                 Json::object({{"Bucket", session.in.bucket},
                               {"Key", object},
                               {"Digest", found["Metadata"][kDigestMetadata].as_string()}})});
  return {};
}

Result<std::vector<Actual>> find_objects(const Session& session) {
  std::vector<Actual> out;
  TRY(find_object(session, "MungeKey", session.in.cluster.value + "/secrets/munge.key", out));
  for (const auto& [key, place] : kGateways)
    TRY(find_object(session, std::string(key) + "Peers", vpn::peers_key(session.in.cluster.value, place),
                    out));
  return out;
}

Result<Actual> put_object(const Session& session, const Actual& actual, const Resource& wanted) {
  const Json& p = wanted.properties;
  const std::string body =
      p.contains("File") ? TRY(read_file(p["File"].as_string(), 1 << 20)) : p["Content"].as_string();
  TRY(s3(session, "PutObject",
         Json::object({{"Bucket", p["Bucket"]},
                       {"Key", p["Key"]},
                       {"Body", body},
                       {"Metadata", Json::object({{kDigestMetadata, p["Digest"]}})}})));
  return actual;
}

Result<Actual> create_object(const Session& session, const Resource& wanted) {
  return put_object(session,
                    {wanted.key, wanted.type,
                     wanted.properties["Bucket"].as_string() + "/" + wanted.properties["Key"].as_string()},
                    wanted);
}

/// A versioned bucket keeps old versions: of a key, none may stay.
Result<void> remove_object(const Session& session, const Actual& actual) {
  const Json versions = TRY(session.aws.call_all(
      "s3", "ListObjectVersions",
      Json::object({{"Bucket", actual.properties["Bucket"]}, {"Prefix", actual.properties["Key"]}}),
      session.deadline));
  for (const char* list : {"Versions", "DeleteMarkers"})
    for (const Json& version : versions[list].items())
      if (version["Key"] == actual.properties["Key"])
        TRY(unless_gone(s3(session, "DeleteObject",
                           Json::object({{"Bucket", actual.properties["Bucket"]},
                                         {"Key", version["Key"]},
                                         {"VersionId", version["VersionId"]}}))));
  return {};
}

// ---- the gateway's key: two parameters, the public one written last

Result<Json> ssm(const Session& session, std::string_view operation, Json input) {
  return session.aws.call("ssm", operation, std::move(input), session.deadline);
}

Result<std::vector<std::string>> names_under(const Session& session, const std::string& path) {
  const Json answer = TRY(session.aws.call_all(
      "ssm", "DescribeParameters",
      Json::object({{"ParameterFilters",
                     Json::array({Json::object(
                         {{"Key", "Name"}, {"Option", "BeginsWith"}, {"Values", Json::array({path})}})})}}),
      session.deadline));
  std::vector<std::string> out;
  for (const Json& parameter : answer["Parameters"].items()) out.push_back(parameter["Name"].as_string());
  return out;
}

Result<void> find_key_of(const Session& session, const char* gateway, const char* place,
                         std::vector<Actual>& out) {
  const std::string& cluster = session.in.cluster.value;
  const std::string secret = vpn::private_key_parameter(cluster, place);
  const std::string open = vpn::public_key_parameter(cluster, place);
  Actual one{std::string(gateway) + "Key", "Spillway::WireGuardKey",
             parameter_path(session.in.cluster) + place};
  const std::vector<std::string> names = TRY(names_under(session, one.id + "/"));
  for (const std::string& name : names) {
    if (name == secret) one.properties.set("Name", name);
    if (name == open) one.properties.set("PublicName", name);
  }
  if (names.empty()) return {};
  if (one.properties.contains("PublicName")) {
    const Json found = TRY(ssm(session, "GetParameter", Json::object({{"Name", open}})));
    one.attributes.set("PublicKey", found["Parameter"]["Value"]);
  }
  out.push_back(std::move(one));
  return {};
}

Result<std::vector<Actual>> find_keys(const Session& session) {
  std::vector<Actual> out;
  for (const auto& [gateway, place] : kGateways) TRY(find_key_of(session, gateway, place, out));
  return out;
}

/// Both halves anew: one without the other is of no use, and the private one is never read back.
Result<Actual> make_key(const Session& session, const Actual& actual, const Resource& wanted) {
  const vpn::KeyPair pair = vpn::make_key_pair();
  const auto put = [&](const Json& name, const char* type, std::string value) -> Result<void> {
    TRY(unless_gone(ssm(session, "DeleteParameter", Json::object({{"Name", name}}))));
    TRY(ssm(session, "PutParameter",
            Json::object({{"Name", name},
                          {"Type", type},
                          {"Value", std::move(value)},
                          {"Description", "WireGuard key of the gateway"},
                          {"Tags", tag_list(session, wanted.key)}})));
    return {};
  };
  TRY(put(wanted.properties["Name"], "SecureString", pair.private_key.reveal()));
  TRY(put(wanted.properties["PublicName"], "String", pair.public_key.value));
  Actual made = actual;
  made.attributes.set("PublicKey", pair.public_key.value);
  return made;
}

Result<Actual> create_key(const Session& session, const Resource& wanted) {
  const std::string& name = wanted.properties["Name"].as_string();
  return make_key(session, {wanted.key, wanted.type, name.substr(0, name.rfind('/'))}, wanted);
}

/// With what a rotation that was cut may have left: its key lies beside the usual one until it is in use.
Result<void> remove_key(const Session& session, const Actual& actual) {
  for (const std::string& name : TRY(names_under(session, actual.id + "/")))
    TRY(unless_gone(ssm(session, "DeleteParameter", Json::object({{"Name", name}}))));
  return {};
}

}  // namespace

std::vector<Provider> object_providers() {
  return {{"Spillway::S3::Object",
           "object",
           {{}, {"File", "Content"}},
           find_objects,
           create_object,
           put_object,
           remove_object},
          {"Spillway::WireGuardKey", "secret", {}, find_keys, create_key, make_key, remove_key}};
}

}  // namespace spillway::site
