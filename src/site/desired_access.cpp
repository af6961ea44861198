#include "site/desired.h"
#include "site/policies.h"
#include "vpn/peers.h"

namespace spillway::site {
namespace {

void want_role(const Inputs& in, const std::string& key, std::string_view who, Json trust, Json policy,
               const std::string& existing, Resources& out) {
  out.push_back(resource(
      key, "AWS::IAM::Role",
      Json::object({{"RoleName", role_name(in, who)},
                    {"Path", iam_path(in.cluster)},
                    {"AssumeRolePolicyDocument", std::move(trust)},
                    {"Policies", Json::array({Json::object({{"PolicyName", "spillway"},
                                                            {"PolicyDocument", std::move(policy)}})})}}),
      existing));
}

void want_profile(const Inputs& in, const std::string& key, std::string_view who, const std::string& role,
                  const std::string& existing, Resources& out) {
  out.push_back(resource(key, "AWS::IAM::InstanceProfile",
                         Json::object({{"InstanceProfileName", role_name(in, who)},
                                       {"Path", iam_path(in.cluster)},
                                       {"Roles", Json::array({ref_to(role)})}}),
                         existing));
}

}  // namespace

void want_access(const Inputs& in, Resources& out) {
  const std::string principal =
      in.own.head_principal.empty() ? fmt::format("arn:aws:iam::{}:root", in.account) : in.own.head_principal;
  want_role(in, "HeadRole", "head", trust_in(principal), head_policy(in), in.existing.head_role, out);
  want_role(in, "ComputeRole", "compute", trust_in_ec2(), compute_policy(in), in.existing.compute_role, out);
  // Whoever may assume roles here is named by policies of the account: HeadRole's names this one.
  want_role(in, "StageRole", "stage", trust_in(fmt::format("arn:aws:iam::{}:root", in.account)),
            stage_policy(in), "", out);
  want_profile(in, "ComputeProfile", "compute", "ComputeRole", in.existing.compute_role, out);
  if (vpn::is_node_mode(in.vpn)) {
    want_role(in, "TunnelRole", "tunnel", trust_in(principal), tunnel_policy(in), "", out);
  } else {
    want_role(in, "GatewayRole", "gateway", trust_in_ec2(), gateway_policy(in), in.existing.gateway_role,
              out);
    want_profile(in, "GatewayProfile", "gateway", "GatewayRole", in.existing.gateway_role, out);
    if (has_standby(in)) {
      want_role(in, "StandbyRole", "standby", trust_in_ec2(), gateway_policy(in, vpn::kStandbyPlace), "",
                out);
      want_profile(in, "StandbyProfile", "standby", "StandbyRole", "", out);
    }
  }
  // EC2 Spot's own role: made once in an account by whoever asks for spot instances first, if he may.
  out.push_back(resource("SpotServiceRole", "AWS::IAM::ServiceLinkedRole",
                         Json::object({{"AWSServiceName", "spot.amazonaws.com"}})));
}

}  // namespace spillway::site
