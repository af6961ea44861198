#include "site/desired.h"
#include "site/policies.h"
#include "vpn/peers.h"

namespace spillway::site {
namespace {

Json lifecycle(const Inputs& in) {
  const std::string uuid = in.cluster.value;
  const auto rule = [](std::string_view id, const std::string& prefix, Json what) {
    what.set("Id", id).set("Status", "Enabled").set("Prefix", prefix);
    return what;
  };
  return Json::object(
      {{"Rules",
        Json::array(
            {rule("spillway-parts", "",
                  Json::object(
                      {{"AbortIncompleteMultipartUpload", Json::object({{"DaysAfterInitiation", 1}})}})),
             rule("spillway-jobs", uuid + "/jobs/", Json::object({{"ExpirationInDays", in.keep_days}})),
             rule("spillway-launches", uuid + "/launches/",
                  Json::object({{"ExpirationInDays", in.keep_days}})),
             // Released keys are deleted after the join; this is for those whose daemon died in between.
             rule("spillway-released", uuid + "/release/", Json::object({{"ExpirationInDays", 1}})),
             rule("spillway-old-versions", "",
                  Json::object({{"NoncurrentVersionExpiration",
                                 Json::object({{"NoncurrentDays", in.keep_days}})}}))})}});
}

/// What a gateway reads: its peers and its key. The private half is made while it is stored, and is never
/// read back; the public half is a parameter of its own, because the premises' gateway needs it.
void want_secrets(const Inputs& in, const std::string& gateway, const char* place, const std::string& peers,
                  Resources& out) {
  out.push_back(resource(gateway + "Peers", "Spillway::S3::Object",
                         Json::object({{"Bucket", ref_to("Bucket")},
                                       {"Key", vpn::peers_key(in.cluster.value, place)},
                                       {"Content", peers},
                                       {"Digest", digest_of(peers)}})));
  out.push_back(resource(gateway + "Key", "Spillway::WireGuardKey",
                         Json::object({{"Name", vpn::private_key_parameter(in.cluster.value, place)},
                                       {"PublicName", vpn::public_key_parameter(in.cluster.value, place)}})));
}

}  // namespace

void want_storage(const Inputs& in, Resources& out) {
  const std::string existing = in.existing.bucket ? in.bucket : "";
  out.push_back(resource(
      "Bucket", "AWS::S3::Bucket",
      Json::object(
          {{"BucketName", in.bucket},
           {"PublicAccessBlockConfiguration", Json::object({{"BlockPublicAcls", true},
                                                            {"BlockPublicPolicy", true},
                                                            {"IgnorePublicAcls", true},
                                                            {"RestrictPublicBuckets", true}})},
           {"BucketEncryption",
            Json::object({{"ServerSideEncryptionConfiguration",
                           Json::array({Json::object({{"ServerSideEncryptionByDefault",
                                                       Json::object({{"SSEAlgorithm", "AES256"}})}})})}})},
           {"VersioningConfiguration", Json::object({{"Status", "Enabled"}})},
           {"LifecycleConfiguration", lifecycle(in)}}),
      existing));
  if (existing.empty())
    out.push_back(
        resource("BucketPolicy", "AWS::S3::BucketPolicy",
                 Json::object({{"Bucket", ref_to("Bucket")}, {"PolicyDocument", bucket_policy(in)}})));
  if (!in.munge_key_digest.empty())
    out.push_back(resource("MungeKey", "Spillway::S3::Object",
                           Json::object({{"Bucket", ref_to("Bucket")},
                                         {"Key", in.cluster.value + "/secrets/munge.key"},
                                         {"File", in.munge_key_file},
                                         {"Digest", in.munge_key_digest}})));
  if (in.vpn.onprem_cidrs.empty() || vpn::is_node_mode(in.vpn)) return;
  want_secrets(in, "Gateway", vpn::kFirstPlace, in.peers, out);
  if (has_standby(in)) want_secrets(in, "Standby", vpn::kStandbyPlace, in.standby_peers, out);
}

}  // namespace spillway::site
