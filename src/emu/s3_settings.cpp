#include <algorithm>

#include "base/text.h"
#include "emu/s3_versions.h"

// A bucket's settings, each a subresource with a document: tags, encryption, versioning, lifecycle, public
// access, policy. Documents are kept as they were put; S3 answers with the same.
namespace spillway::emu {
namespace {

struct Setting {
  std::string_view name;         // of the subresource in the query
  std::string_view read, write;  // the actions that policies name
  std::string_view missing,
      words;  // the error where nothing is set; "" where S3 answers with an empty document
  int put_status = 200;
};

constexpr Setting kSettings[] = {
    {"tagging", "GetBucketTagging", "PutBucketTagging", "NoSuchTagSet", "The TagSet does not exist", 204},
    {"publicAccessBlock", "GetBucketPublicAccessBlock", "PutBucketPublicAccessBlock",
     "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found"},
    {"encryption", "GetEncryptionConfiguration", "PutEncryptionConfiguration",
     "ServerSideEncryptionConfigurationNotFoundError",
     "The server side encryption configuration was not found"},
    {"versioning", "GetBucketVersioning", "PutBucketVersioning", "", ""},
    {"lifecycle", "GetLifecycleConfiguration", "PutLifecycleConfiguration", "NoSuchLifecycleConfiguration",
     "The lifecycle configuration does not exist"},
    {"policy", "GetBucketPolicy", "PutBucketPolicy", "NoSuchBucketPolicy", "The bucket policy does not exist",
     204},
    {"ownershipControls", "GetBucketOwnershipControls", "PutBucketOwnershipControls",
     "OwnershipControlsNotFoundError", "The bucket ownership controls were not found"}};

const Setting* setting_named(std::string_view name) {
  const auto found = std::find_if(std::begin(kSettings), std::end(kSettings),
                                  [&](const Setting& s) { return s.name == name; });
  return found == std::end(kSettings) ? nullptr : found;
}

Answer<bool> take_tags(const S3Call& call, Bucket& bucket) {
  Tags tags;
  for (const std::string& tag : xml_elements(call.body, "Tag")) {
    const auto keys = xml_elements(tag, "Key"), values = xml_elements(tag, "Value");
    if (keys.size() != 1 || values.size() != 1)
      return refusal("MalformedXML", "The XML you provided was not well-formed");
    if (!tags.emplace(xml_unescaped(keys[0]), xml_unescaped(values[0])).second)
      return refusal("InvalidTag", "Cannot provide multiple Tags with the same key");
  }
  bucket.tags = std::move(tags);
  bucket.tagged = true;
  return true;
}

Answer<bool> take_policy(const S3Call& call) {
  const auto policy = Json::parse(call.body);
  if (!policy || !policy->contains("Statement"))
    return refusal("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'");
  const Json& statements = (*policy)["Statement"];
  for (const Json& statement : statements.is_object() ? std::vector{statements} : statements.items())
    if (!statement.contains("Principal") && !statement.contains("NotPrincipal"))
      return refusal("MalformedPolicy", "Missing required field Principal");
  return true;
}

}  // namespace

std::vector<std::string> xml_elements(std::string_view document, std::string_view name) {
  const std::string open = fmt::format("<{}>", name), close = fmt::format("</{}>", name);
  std::vector<std::string> out;
  for (size_t at = document.find(open); at != std::string_view::npos; at = document.find(open, at)) {
    const size_t end = document.find(close, at);
    if (end == std::string_view::npos) break;
    out.emplace_back(document.substr(at + open.size(), end - at - open.size()));
    at = end;
  }
  return out;
}

std::string setting_of(const Params& query) {
  for (const Setting& setting : kSettings)
    if (query.has(setting.name)) return std::string(setting.name);
  return "";
}

bool bucket_forbids(const S3Call& call, const Bucket& bucket, const Question& question) {
  const auto found = bucket.documents.find("policy");
  if (found == bucket.documents.end()) return false;
  const auto policy = Json::parse(found->second);
  if (!policy) return false;
  Question asked = question;
  // A connection over loopback leaves no machine; it counts as TLS, so that this emulator can be used
  // without.
  const bool secure = call.http.tls || call.http.peer.starts_with("127.") || call.http.peer == "::1";
  asked.context.emplace_back("aws:SecureTransport", secure ? "true" : "false");
  asked.context.emplace_back("aws:PrincipalArn", call.who.arn);
  return judge({*policy}, asked) == Verdict::explicit_deny;
}

Answer<net::Response> s3_put_setting(S3Call& call) {
  const Setting& setting = *setting_named(setting_of(call.query));
  Bucket& bucket = *EMU_TRY(find_bucket(call, call.bucket));
  EMU_TRY(demand(call, setting.write, call.bucket, ""));
  if (setting.name == "tagging") EMU_TRY(take_tags(call, bucket));
  if (setting.name == "policy") EMU_TRY(take_policy(call));
  if (setting.name == "versioning")
    bucket.versioned = xml_elements(call.body, "Status") == std::vector<std::string>{"Enabled"};
  bucket.documents[std::string(setting.name)] = call.body;
  return net::Response{setting.put_status, {}, ""};
}

Answer<net::Response> s3_get_setting(S3Call& call) {
  const Setting& setting = *setting_named(setting_of(call.query));
  const Bucket& bucket = *EMU_TRY(find_bucket(call, call.bucket));
  EMU_TRY(demand(call, setting.read, call.bucket, ""));
  const auto found = bucket.documents.find(std::string(setting.name));
  const std::string_view type = setting.name == "policy" ? "application/json" : "application/xml";
  if (found != bucket.documents.end())
    return net::Response{200, {{"Content-Type", std::string(type)}}, found->second};
  if (!setting.missing.empty()) return refusal(std::string(setting.missing), std::string(setting.words), 404);
  return s3_xml(200, "VersioningConfiguration", Xml{});
}

Answer<net::Response> s3_delete_setting(S3Call& call) {
  const Setting& setting = *setting_named(setting_of(call.query));
  Bucket& bucket = *EMU_TRY(find_bucket(call, call.bucket));
  EMU_TRY(demand(call, setting.name == "policy" ? "DeleteBucketPolicy" : setting.write, call.bucket, ""));
  bucket.documents.erase(std::string(setting.name));
  if (setting.name == "tagging") bucket.tags.clear();
  return net::Response{204, {}, ""};
}

}  // namespace spillway::emu
