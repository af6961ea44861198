#include "site/codes.h"
#include "site/provider.h"

// The bucket with its protection, and its policy. S3 tags a bucket only after it was made, so between the two
// calls the bucket is ours by the intent that apply wrote down first.
namespace spillway::site {
namespace {

Result<Json> s3(const Session& session, std::string_view operation, Json input) {
  return session.aws.call("s3", operation, std::move(input), session.deadline);
}

/// The member of an answer, or null where S3 says that nothing is configured.
Result<Json> setting(const Session& session, std::string_view operation, const std::string& bucket,
                     std::string_view member) {
  auto answer = s3(session, operation, Json::object({{"Bucket", bucket}}));
  if (!answer && answer.error().kind == Kind::not_found) return Json();
  const Json found = TRY(std::move(answer));
  return member.empty() ? found : found[member];
}

/// Whether the bucket of our configuration is there, and ours. Errors: conflict.
Result<bool> is_ours(const Session& session, const std::string& bucket) {
  auto head = s3(session, "HeadBucket", Json::object({{"Bucket", bucket}}));
  if (!head && head.error().kind == Kind::not_found) return false;
  if (!head && head.error().kind == Kind::denied)
    return Error{Kind::conflict, kForeignName,
                 fmt::format("the bucket {} belongs to another account", bucket)};
  TRY(std::move(head));
  const Json tags = TRY(setting(session, "GetBucketTagging", bucket, "TagSet"));
  if (tag_in(tags, "spillway:cluster") == session.in.cluster.value) return true;
  if (tags.size() == 0 && session.begun.contains("Bucket")) return true;
  return Error{Kind::conflict, kForeignName, fmt::format("the bucket {} exists", bucket)}.fixed_by(
      "set existing.bucket: yes to use it as it is, or data.bucket to another name");
}

/// CloudFormation and S3 name the same member differently.
Json renamed(const Json& rules, std::string_view from, std::string_view to) {
  Json out = Json::array();
  for (const Json& rule : rules.items()) out.push(Json::object({{std::string(to), rule[from]}}));
  return out;
}
constexpr const char* kByDefault = "ServerSideEncryptionByDefault";
constexpr const char* kApplyByDefault = "ApplyServerSideEncryptionByDefault";

/// Rules as CloudFormation spells them.
Json lifecycle_of(const Json& rules) {
  Json out = Json::array();
  for (const Json& rule : rules.items()) {
    Json one = Json::object({{"Id", rule["ID"]}, {"Status", rule["Status"]}});
    one.set("Prefix",
            rule.contains("Filter") ? rule["Filter"]["Prefix"].as_string() : rule["Prefix"].as_string());
    if (rule.contains("Expiration")) one.set("ExpirationInDays", rule["Expiration"]["Days"]);
    for (const char* same : {"AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration"})
      if (rule.contains(same)) one.set(same, rule[same]);
    out.push(std::move(one));
  }
  return Json::object({{"Rules", std::move(out)}});
}

Json lifecycle_for_s3(const Json& wanted) {
  Json out = Json::array();
  for (const Json& rule : wanted["Rules"].items()) {
    Json one = Json::object({{"ID", rule["Id"]},
                             {"Status", rule["Status"]},
                             {"Filter", Json::object({{"Prefix", rule["Prefix"]}})}});
    if (rule.contains("ExpirationInDays"))
      one.set("Expiration", Json::object({{"Days", rule["ExpirationInDays"]}}));
    for (const char* same : {"AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration"})
      if (rule.contains(same)) one.set(same, rule[same]);
    out.push(std::move(one));
  }
  return Json::object({{"Rules", std::move(out)}});
}

Result<std::vector<Actual>> find_bucket(const Session& session) {
  const std::string& bucket = session.in.bucket;
  if (session.in.existing.bucket || !TRY(is_ours(session, bucket))) return std::vector<Actual>{};
  const Json encryption =
      TRY(setting(session, "GetBucketEncryption", bucket, "ServerSideEncryptionConfiguration"));
  const Json access = TRY(setting(session, "GetPublicAccessBlock", bucket, "PublicAccessBlockConfiguration"));
  const Json versions = TRY(setting(session, "GetBucketVersioning", bucket, ""));
  const Json rules = TRY(setting(session, "GetBucketLifecycleConfiguration", bucket, "Rules"));
  const Json tags = TRY(setting(session, "GetBucketTagging", bucket, "TagSet"));
  Actual out{"Bucket", "AWS::S3::Bucket", bucket, Json::object({{"BucketName", bucket}})};
  out.properties.set("PublicAccessBlockConfiguration", access)
      .set("BucketEncryption", Json::object({{"ServerSideEncryptionConfiguration",
                                              renamed(encryption["Rules"], kApplyByDefault, kByDefault)}}))
      .set("VersioningConfiguration", Json::object({{"Status", versions["Status"]}}))
      .set("LifecycleConfiguration", lifecycle_of(rules));
  // Half-made: whatever is compared first differs, so the rest is done.
  if (tags.size() == 0) out.properties.set("VersioningConfiguration", Json());
  return std::vector<Actual>{std::move(out)};
}

Result<Actual> update_bucket(const Session& session, const Actual& actual, const Resource& wanted) {
  const Json& p = wanted.properties;
  const auto with = [&](std::string_view name, Json value) {
    return Json::object({{"Bucket", actual.id}, {std::string(name), std::move(value)}});
  };
  TRY(s3(session, "PutBucketTagging",
         with("Tagging", Json::object({{"TagSet", tag_list(session, wanted.key)}}))));
  TRY(s3(session, "PutPublicAccessBlock",
         with("PublicAccessBlockConfiguration", p["PublicAccessBlockConfiguration"])));
  TRY(s3(session, "PutBucketEncryption",
         with("ServerSideEncryptionConfiguration",
              Json::object({{"Rules", renamed(p["BucketEncryption"]["ServerSideEncryptionConfiguration"],
                                              kByDefault, kApplyByDefault)}}))));
  TRY(s3(session, "PutBucketVersioning", with("VersioningConfiguration", p["VersioningConfiguration"])));
  TRY(s3(session, "PutBucketLifecycleConfiguration",
         with("LifecycleConfiguration", lifecycle_for_s3(p["LifecycleConfiguration"]))));
  return actual;
}

Result<Actual> create_bucket(const Session& session, const Resource& wanted) {
  Json input = Json::object({{"Bucket", wanted.properties["BucketName"]}});
  if (session.in.region != "us-east-1")
    input.set("CreateBucketConfiguration", Json::object({{"LocationConstraint", session.in.region}}));
  const auto made = s3(session, "CreateBucket", std::move(input));
  if (!made && made.error().peer_code == "BucketAlreadyExists")
    return Error{
        Kind::conflict, kForeignName,
        fmt::format("the bucket {} exists in another account", wanted.properties["BucketName"].as_string())};
  if (!made && made.error().peer_code != "BucketAlreadyOwnedByYou") return made.error();
  return update_bucket(session, {wanted.key, wanted.type, wanted.properties["BucketName"].as_string()},
                       wanted);
}

Result<void> remove_bucket(const Session& session, const Actual& actual) {
  const auto removed = s3(session, "DeleteBucket", Json::object({{"Bucket", actual.id}}));
  if (!removed && removed.error().peer_code == "BucketNotEmpty")
    return Error{Kind::refused, kBucketNotEmpty, fmt::format("the bucket {} is not empty", actual.id)};
  return unless_gone(removed);
}

Result<Actual> adopt_bucket(const Session& session, const Resource& wanted) {
  TRY(s3(session, "HeadBucket", Json::object({{"Bucket", wanted.existing}})));
  return Actual{wanted.key, wanted.type, wanted.existing};
}

// ---- its policy

Result<std::vector<Actual>> find_policy(const Session& session) {
  const std::string& bucket = session.in.bucket;
  if (session.in.existing.bucket || !TRY(is_ours(session, bucket))) return std::vector<Actual>{};
  const Json policy = TRY(setting(session, "GetBucketPolicy", bucket, "Policy"));
  if (policy.is_null()) return std::vector<Actual>{};
  return std::vector<Actual>{
      {"BucketPolicy", "AWS::S3::BucketPolicy", bucket,
       Json::object({{"Bucket", bucket}, {"PolicyDocument", TRY(Json::parse(policy.as_string()))}})}};
}

Result<Actual> put_policy(const Session& session, const Actual& actual, const Resource& wanted) {
  TRY(s3(session, "PutBucketPolicy",
         Json::object({{"Bucket", wanted.properties["Bucket"]},
                       {"Policy", wanted.properties["PolicyDocument"].dump()}})));
  return actual;
}

Result<Actual> create_policy(const Session& session, const Resource& wanted) {
  return put_policy(session, {wanted.key, wanted.type, wanted.properties["Bucket"].as_string()}, wanted);
}

Result<void> remove_policy(const Session& session, const Actual& actual) {
  return unless_gone(s3(session, "DeleteBucketPolicy", Json::object({{"Bucket", actual.id}})));
}

}  // namespace

std::vector<Provider> bucket_providers() {
  return {{"AWS::S3::Bucket",
           "bucket",
           {{"BucketName"}},
           find_bucket,
           create_bucket,
           update_bucket,
           remove_bucket,
           adopt_bucket},
          {"AWS::S3::BucketPolicy",
           "bucket policy",
           {{"Bucket"}},
           find_policy,
           create_policy,
           put_policy,
           remove_policy}};
}

}  // namespace spillway::site
