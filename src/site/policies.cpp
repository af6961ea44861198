#include "site/policies.h"

#include "vpn/node_peers.h"

namespace spillway::site {
namespace {

Json list(const std::vector<std::string>& words) {
  return Json(Json::Array(words.begin(), words.end()));
}

Json statement(std::string_view id, std::string_view effect, const std::vector<std::string>& actions,
               const std::vector<std::string>& resources, Json condition = {}) {
  Json out = Json::object(
      {{"Sid", id}, {"Effect", effect}, {"Action", list(actions)}, {"Resource", list(resources)}});
  if (!condition.is_null()) out.set("Condition", std::move(condition));
  return out;
}

Json equals(std::string_view key, Json value) {
  return Json::object({{"StringEquals", Json::object({{std::string(key), std::move(value)}})}});
}

Json document(Json::Array statements) {
  return Json::object({{"Version", "2012-10-17"}, {"Statement", Json(std::move(statements))}});
}

std::vector<std::string> arns(const Inputs& in, std::string_view kind, const std::set<std::string>& ids) {
  std::vector<std::string> out;
  for (const std::string& id : ids) out.push_back(in.arn("ec2", fmt::format("{}/{}", kind, id)));
  return out;
}

/// What a launch may be made of: the one image, the listed subnets and groups, and launch templates of ours
/// or listed ones. Our own subnets, groups and templates are known by their tag, because their ids are not
/// known while this policy is first written.
Json launch_parts(const Inputs& in) {
  return statement(
      "LaunchFromOurs", "Allow", {"ec2:RunInstances", "ec2:CreateFleet"},
      {in.arn("ec2", "subnet/*"), in.arn("ec2", "security-group/*"), in.arn("ec2", "launch-template/*")},
      equals("aws:ResourceTag/spillway:cluster", in.cluster.value));
}

}  // namespace

Json head_policy(const Inputs& in) {
  const std::string uuid = in.cluster.value, objects = fmt::format("arn:aws:s3:::{}/{}/", in.bucket, uuid);
  const std::string instances = in.arn("ec2", "instance/*"), fleets = in.arn("ec2", "fleet/*");
  const std::string volumes = in.arn("ec2", "volume/*"), interfaces = in.arn("ec2", "network-interface/*");
  // A site's own launch template may tag neither volumes nor interfaces, so they cannot be asked for a tag.
  const bool wide = !in.foreign_templates.empty();
  std::vector<std::string> tag_keys{"Name", "spillway:node", "spillway:epoch"};
  tag_keys.insert(tag_keys.end(), in.group_tag_keys.begin(), in.group_tag_keys.end());

  Json::Array out{
      statement("LaunchTagged", "Allow", {"ec2:RunInstances", "ec2:CreateFleet"},
                wide ? std::vector{instances, fleets} : std::vector{instances, fleets, volumes, interfaces},
                equals("aws:RequestTag/spillway:cluster", uuid)),
      launch_parts(in),
      statement("LaunchTheImage", "Allow", {"ec2:RunInstances", "ec2:CreateFleet"},
                {fmt::format("arn:aws:ec2:{}::image/{}", in.region, in.image)}),
      statement("OnlyMetadataV2", "Deny", {"ec2:RunInstances"}, {instances},
                Json::object({{"StringNotEquals", Json::object({{"ec2:MetadataHttpTokens", "required"}})}})),
      statement(
          "OnlyListedTypes", "Deny", {"ec2:RunInstances"}, {instances},
          Json::object({{"StringNotEquals",
                         Json::object({{"ec2:InstanceType", list({in.types.begin(), in.types.end()})}})}})),
      statement("TagAtLaunch", "Allow", {"ec2:CreateTags"}, {instances, fleets, volumes, interfaces},
                equals("ec2:CreateAction", list({"RunInstances", "CreateFleet"}))),
      statement("TagOurs", "Allow", {"ec2:CreateTags"}, {instances},
                Json::object({{"StringEquals", Json::object({{"aws:ResourceTag/spillway:cluster", uuid}})},
                              {"ForAllValues:StringEquals", Json::object({{"aws:TagKeys", list(tag_keys)}})},
                              // Without a key in the request, "all of none" would hold.
                              {"Null", Json::object({{"aws:TagKeys", "false"}})}})),
      statement("EndOurs", "Allow", {"ec2:TerminateInstances"}, {instances},
                equals("aws:ResourceTag/spillway:cluster", uuid)),
      // Parts of machines that are gone; EC2 lets nobody delete one that is attached.
      statement("DiscardOurs", "Allow", {"ec2:DeleteVolume", "ec2:DeleteNetworkInterface"},
                {volumes, interfaces},
                Json::object({{"StringEquals", Json::object({{"aws:ResourceTag/spillway:cluster", uuid},
                                                             {"aws:ResourceTag/spillway:kind",
                                                              list({"volume", "network-interface"})}})}})),
      statement("GiveTheRole", "Allow", {"iam:PassRole"},
                {in.existing.compute_role.empty()
                     ? in.arn("iam", fmt::format("role{}{}", iam_path(in.cluster), role_name(in, "compute")))
                     : in.arn("iam", "role/" + in.existing.compute_role)},
                equals("iam:PassedToService", "ec2.amazonaws.com")),
      statement("Look", "Allow",
                {"ec2:DescribeInstances", "ec2:DescribeInstanceStatus", "ec2:DescribeInstanceTypes",
                 "ec2:DescribeInstanceAttribute", "ec2:DescribeFleets", "ec2:DescribeImages",
                 "ec2:DescribeLaunchTemplates", "ec2:DescribeLaunchTemplateVersions", "ec2:DescribeSubnets",
                 "ec2:DescribeSecurityGroups", "ec2:DescribeRouteTables", "ec2:DescribeAddresses",
                 "ec2:DescribeTags", "ec2:DescribeNetworkInterfaces", "ec2:DescribeVolumes"},
                {"*"}, equals("aws:RequestedRegion", in.region)),
      statement("Prices", "Allow", {"pricing:GetProducts", "budgets:ViewBudget"}, {"*"}),
      statement("ListObjects", "Allow", {"s3:ListBucket", "s3:ListBucketMultipartUploads"},
                {"arn:aws:s3:::" + in.bucket},
                Json::object({{"StringLike", Json::object({{"s3:prefix", uuid + "/*"}})}})),
      statement("Objects", "Allow",
                {"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"},
                {objects + "*"}),
      // Written by apply alone.
      statement("SecretsAreCopied", "Deny", {"s3:PutObject", "s3:DeleteObject"},
                {objects + "secrets/*", objects + "gateway/*", objects + "standby/*"}),
      statement("GiveJobsTheirOwn", "Allow", {"sts:AssumeRole"},
                {in.arn("iam", fmt::format("role{}{}", iam_path(in.cluster), role_name(in, "stage")))})};
  // A key is the word of the node that made it.
  if (vpn::is_node_mode(in.vpn))
    out.push_back(statement("KeysAreTheNodes", "Deny", {"s3:PutObject"}, {objects + "keys/*"}));
  if (wide) {
    out.push_back(
        statement("LaunchAnyDisk", "Allow", {"ec2:RunInstances", "ec2:CreateFleet"}, {volumes, interfaces}));
    std::vector<std::string> parts = arns(in, "subnet", in.foreign_subnets);
    parts.push_back(in.arn("ec2", "launch-template/*"));
    parts.push_back(in.arn("ec2", "security-group/*"));
    parts.push_back(fmt::format("arn:aws:ec2:{}::image/*", in.region));
    out.push_back(statement("LaunchYourTemplates", "Allow", {"ec2:RunInstances", "ec2:CreateFleet"}, parts));
  }
  return document(std::move(out));
}

Json compute_policy(const Inputs& in) {
  const std::string objects = fmt::format("arn:aws:s3:::{}/{}/", in.bucket, in.cluster.value);
  Json::Array out{
      statement("WhoIsWho", "Allow", {"s3:GetObject"}, {objects + "launches/*", objects + "lease.json"}),
      statement("MySecrets", "Allow", {"s3:GetObject"}, {objects + "release/${aws:userid}/*"})};
  if (vpn::is_node_mode(in.vpn))
    out.push_back(statement("MyKey", "Allow", {"s3:PutObject"}, {objects + "keys/${aws:userid}/*"}));
  return document(std::move(out));
}

Json stage_policy(const Inputs& in) {
  const std::string objects = fmt::format("arn:aws:s3:::{}/{}/", in.bucket, in.cluster.value);
  return document(
      {statement("JobsData", "Allow",
                 {"s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"},
                 {objects + "jobs/*", objects + "inputs/*"}),
       statement("ListJobsData", "Allow", {"s3:ListBucket"}, {"arn:aws:s3:::" + in.bucket},
                 Json::object({{"StringLike",
                                Json::object({{"s3:prefix", list({in.cluster.value + "/jobs/*",
                                                                  in.cluster.value + "/inputs/*"})}})}}))});
}

Json tunnel_policy(const Inputs& in) {
  return document(
      {statement("WhoAreTheNodes", "Allow", {"s3:GetObject"},
                 {fmt::format("arn:aws:s3:::{}/{}", in.bucket, vpn::nodes_key(in.cluster.value))})});
}

Json gateway_policy(const Inputs& in, const std::string& place) {
  Json::Array out{
      statement(
          "MyKey", "Allow", {"ssm:GetParameter"},
          {in.arn("ssm", fmt::format("parameter{}{}/private-key*", parameter_path(in.cluster), place))}),
      statement("MyPeers", "Allow", {"s3:GetObject"},
                {fmt::format("arn:aws:s3:::{}/{}/{}/*", in.bucket, in.cluster.value, place)})};
  if (has_standby(in)) {
    out.push_back(statement(
        "TakeTheNodesRoutes", "Allow", {"ec2:ReplaceRoute"}, {in.arn("ec2", "route-table/*")},
        Json::object(
            {{"StringEquals", Json::object({{"aws:ResourceTag/spillway:cluster", in.cluster.value},
                                            {"aws:ResourceTag/spillway:kind", "ComputeRoutes"}})}})));
    out.push_back(statement("LookAtRoutes", "Allow", {"ec2:DescribeRouteTables"}, {"*"},
                            equals("aws:RequestedRegion", in.region)));
  }
  return document(std::move(out));
}

Json bucket_policy(const Inputs& in) {
  const std::string bucket = "arn:aws:s3:::" + in.bucket;
  Json tls = statement("TlsOnly", "Deny", {"s3:*"}, {bucket, bucket + "/*"},
                       Json::object({{"Bool", Json::object({{"aws:SecureTransport", "false"}})}}));
  tls.set("Principal", "*");
  return document({std::move(tls)});
}

Json trust_in_ec2() {
  return document({Json::object({{"Effect", "Allow"},
                                 {"Principal", Json::object({{"Service", "ec2.amazonaws.com"}})},
                                 {"Action", "sts:AssumeRole"}})});
}

Json trust_in(const std::string& principal_arn) {
  return document({Json::object({{"Effect", "Allow"},
                                 {"Principal", Json::object({{"AWS", principal_arn}})},
                                 {"Action", "sts:AssumeRole"}})});
}

}  // namespace spillway::site
