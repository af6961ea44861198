#include "aws/s3.h"
#include "base/file.h"
#include "site/aws_side.h"
#include "site/desired.h"
#include "site/outputs.h"
#include "site/provider.h"
#include "vpn/peers.h"

// What a key's rotation changes on AWS, so that apply afterwards finds everything as it would have made it:
// the document carries the digest that apply compares, and parameters carry the cluster's tag.
namespace spillway::site {
namespace {

class TunnelPublisher final : public vpn::Publisher {
 public:
  explicit TunnelPublisher(std::shared_ptr<Reach> reach) : reach_(std::move(reach)) {}

  Result<vpn::PeersDocument> peers(Deadline deadline) override {
    const Gathered& here = *TRY(reach_->gathered());
    return vpn::parse_peers(
        TRY(aws::S3{here.aws->client(), here.inputs.bucket}.get(vpn::peers_key(uuid(here)), deadline)));
  }

  Result<void> publish(const vpn::PeersDocument& document, Deadline deadline) override {
    const Gathered& here = *TRY(reach_->gathered());
    if (has_standby(here.inputs)) {
      // It has a key of its own, and the same peers.
      vpn::PeersDocument standby = document;
      standby.private_key = vpn::private_key_parameter(uuid(here), vpn::kStandbyPlace);
      TRY(put_document(vpn::peers_key(uuid(here), vpn::kStandbyPlace), standby, deadline));
    }
    return put_document(vpn::peers_key(uuid(here)), document, deadline);
  }

  Result<void> store_key(const std::string& parameter, const Secret& key, Deadline deadline) override {
    return put(parameter, "SecureString", key.reveal(), deadline);
  }

  Result<void> remove_key(const std::string& parameter, Deadline deadline) override {
    return unless_gone(ssm("DeleteParameter", Json::object({{"Name", parameter}}), deadline));
  }

  Result<void> record_far_key(const vpn::PublicKey& key) override {
    const Gathered& here = *TRY(reach_->gathered());
    Json record = TRY(Json::parse(TRY(read_file(here.outputs))));
    Json gateway = record["gateway"];
    gateway.set("public_key", key.value);
    record.set("gateway", std::move(gateway));
    return write_outputs(here.outputs, record);
  }

  Result<void> keep_far_key(const vpn::KeyPair& pair, Deadline deadline) override {
    const Gathered& here = *TRY(reach_->gathered());
    TRY(put(vpn::private_key_parameter(uuid(here)), "SecureString", pair.private_key.reveal(), deadline));
    return put(vpn::public_key_parameter(uuid(here)), "String", pair.public_key.value, deadline);
  }

 private:
  static const std::string& uuid(const Gathered& here) { return here.inputs.cluster.value; }

  Result<Json> ssm(std::string_view operation, Json input, Deadline deadline) {
    return TRY(reach_->gathered())->aws->client().call("ssm", operation, std::move(input), deadline);
  }

  Result<void> put_document(const std::string& key, const vpn::PeersDocument& document, Deadline deadline) {
    const Gathered& here = *TRY(reach_->gathered());
    const std::string text = vpn::to_text(document);
    TRY(here.aws->client().call(
        "s3", "PutObject",
        Json::object({{"Bucket", here.inputs.bucket},
                      {"Key", key},
                      {"Body", text},
                      {"Metadata", Json::object({{kDigestMetadata, digest_of(text)}})}}),
        deadline));
    return {};
  }

  /// One that is there keeps its tags; SSM takes none while it overwrites.
  Result<void> put(const std::string& name, const char* type, const std::string& value, Deadline deadline) {
    const Gathered& here = *TRY(reach_->gathered());
    SystemClock clock;
    Json input = Json::object({{"Name", name}, {"Type", type}, {"Value", value}});
    Json anew = input;
    anew.set("Tags", tag_list({here.aws->client(), here.inputs, clock}, "GatewayKey"));
    auto made = ssm("PutParameter", std::move(anew), deadline);
    if (!made && made.error().peer_code == "ParameterAlreadyExists")
      made = ssm("PutParameter", input.set("Overwrite", true), deadline);
    TRY(std::move(made));
    return {};
  }

  std::shared_ptr<Reach> reach_;
};

}  // namespace

std::shared_ptr<vpn::Publisher> tunnel_publisher(std::shared_ptr<Reach> reach) {
  return std::make_shared<TunnelPublisher>(std::move(reach));
}

}  // namespace spillway::site
