#include "lab/account.h"

#include "aws/client.h"
#include "base/crypto.h"

namespace spillway::lab {
namespace {

/// Calls the emulator without a network; its signature check sees what a network would carry.
class InProcess final : public net::Transport {
 public:
  explicit InProcess(emu::Aws& emulator) : emulator_(emulator) {}
  Result<net::Response> send(const net::Request& request, Deadline) override {
    const size_t host = request.url.find("://") + 3;
    const size_t path = std::min(request.url.find('/', host), request.url.size());
    net::Incoming incoming{
        request.method, request.url.substr(path), request.headers, request.body, "203.0.113.1", true};
    if (incoming.target.empty()) incoming.target = "/";
    if (!net::find_header(incoming.headers, "host"))
      incoming.headers.push_back({"Host", request.url.substr(host, path - host)});
    return emulator_.handle(incoming);
  }

 private:
  emu::Aws& emulator_;
};

Json may_read(const std::string& name, const std::string& resource) {
  return Json::object(
      {{"name", name},
       {"document", Json::object({{"Version", "2012-10-17"},
                                  {"Statement", Json::array({Json::object({{"Effect", "Allow"},
                                                                           {"Action", "s3:GetObject"},
                                                                           {"Resource", resource}})})}})}});
}

Json user(const std::string& name, const AccessKey& key) {
  return Json::object(
      {{"name", name},
       {"access_keys", Json::array({Json::object({{"id", key.id}, {"secret", key.secret}})})}});
}

}  // namespace

Result<Json> call_ec2(emu::Aws& emulator, Clock& clock, const AccessKey& key, const std::string& operation,
                      Json input) {
  InProcess transport(emulator);
  aws::StaticCredentials credentials({key.id, Secret(key.secret), Secret(), std::nullopt, "lab"});
  aws::Client client(transport, credentials, clock, {"us-east-1", {}, {}, {}});
  return client.call_all("ec2", operation, std::move(input), Deadline::after(std::chrono::seconds(20)));
}

Json site_seed(const Account& account, const ClusterFacts& cluster) {
  // All that the daemon's own user may do is become the head role; what that may do, apply has said.
  const Json assume = Json::object(
      {{"name", "assume"},
       {"document",
        Json::object(
            {{"Version", "2012-10-17"},
             {"Statement",
              Json::array({Json::object(
                  {{"Effect", "Allow"},
                   {"Action", "sts:AssumeRole"},
                   {"Resource", Json::array({head_role_arn(cluster), tunnel_role_arn(cluster)})}})})}})}});
  Json daemon = user("spillwayd", account.daemon);
  daemon.set("policies", Json::array({assume}));
  return Json::object(
      {{"images",
        Json::array({Json::object({{"id", account.image_id}, {"name", "debian-12-amd64-slurm-22.05"}})})},
       {"users", Json::array({std::move(daemon), user("you", account.people)})}});
}

std::string head_role_arn(const ClusterFacts& cluster) {
  return fmt::format("arn:aws:iam::123456789012:role/spillway/{}/spillway-lab-head", cluster.uuid);
}

std::string tunnel_role_arn(const ClusterFacts& cluster) {
  return fmt::format("arn:aws:iam::123456789012:role/spillway/{}/spillway-lab-tunnel", cluster.uuid);
}

Json plugin_seed(const Account& account, const ClusterFacts& cluster) {
  const std::string vpc = "vpc-0spillwaylab00001", objects = "arn:aws:s3:::spillway-lab/" + cluster.uuid;
  const Json policies = Json::array({may_read("launches", objects + "/launches/*"),
                                     may_read("released", objects + "/release/${aws:userid}/*")});
  const Json secret = Json::object(
      {{"key", cluster.uuid + "/secrets/munge.key"}, {"body_base64", to_base64(account.munge_key)}});
  return Json::object(
      {{"vpcs", Json::array({Json::object({{"id", vpc}, {"cidr", "172.31.0.0/16"}})})},
       {"subnets",
        Json::array({Json::object(
            {{"id", cluster.subnet_id}, {"vpc", vpc}, {"cidr", "172.31.16.0/20"}, {"zone", "us-east-1a"}})})},
       {"images", Json::array({Json::object({{"id", account.image_id}, {"name", "debian-12-slurm-22.05"}})})},
       {"users", Json::array({user("spillwayd", account.daemon), user("you", account.people)})},
       {"roles",
        Json::array({Json::object(
            {{"name", account.role_name}, {"id", cluster.compute_role_id}, {"policies", policies}})})},
       {"instance_profiles",
        Json::array({Json::object({{"name", account.role_name}, {"role", account.role_name}})})},
       {"buckets",
        Json::array({Json::object({{"name", "spillway-lab"}, {"objects", Json::array({secret})}})})}});
}

Result<void> create_launch_template(emu::Aws& emulator, Clock& clock, const Account& account,
                                    const std::string& user_data) {
  Json data = Json::object({{"ImageId", account.image_id},
                            {"InstanceType", "c5.large"},
                            {"UserData", to_base64(user_data)},
                            {"InstanceInitiatedShutdownBehavior", "terminate"},
                            {"IamInstanceProfile", Json::object({{"Name", account.role_name}})},
                            {"MetadataOptions", Json::object({{"HttpTokens", "required"},
                                                              {"HttpPutResponseHopLimit", 1},
                                                              {"HttpEndpoint", "enabled"},
                                                              {"InstanceMetadataTags", "enabled"}})}});
  TRY(call_ec2(
      emulator, clock, account.people, "CreateLaunchTemplate",
      Json::object({{"LaunchTemplateName", "spillway-compute"}, {"LaunchTemplateData", std::move(data)}})));
  return {};
}

}  // namespace spillway::lab
