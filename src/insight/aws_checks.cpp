#include <set>

#include "insight/installation.h"
#include "site/inputs.h"

// What AWS has of what launches need. All of it asks with the daemon's credentials, or with those of
// --profile.
namespace spillway::insight {
namespace {

constexpr Code kNoTemplate{
    "SPW-AWS-030", "nodes of the group are launched from this version of it",
    "spillway apply makes it anew; a template of your own: correct LaunchTemplateSpecification"};
constexpr Code kImageGone{"SPW-AWS-031", "a launch template names an image that is not there any more",
                          "name another one as site.image (spillway image ls), then: spillway apply"};
constexpr Code kNoSpotRole{
    "SPW-AWS-032", "EC2 needs its own role to launch spot instances for an account",
    "spillway apply makes it; or: aws iam create-service-linked-role --aws-service-name "
    "spot.amazonaws.com"};
constexpr Code kNoRole{"SPW-AWS-033", "apply made it, and it is not there any more", "spillway apply"};
constexpr Code kGatewayDown{"SPW-AWS-034", "the tunnel ends on it",
                            "aws ec2 start-instances, or: spillway apply"};
constexpr Code kSourceDest{"SPW-AWS-035", "EC2 drops what the gateway forwards, because it is not its own",
                           "spillway apply, or: spillway doctor aws --fix --profile ADMIN"};

std::vector<Finding> check_bucket(const Shared& here, Deadline deadline) {
  const std::string& bucket = here->loaded.site.data.bucket;
  if (bucket.empty() || !here->aws) return {};
  const auto listed = here->aws->client().call(
      "s3", "ListObjectsV2",
      Json::object({{"Bucket", bucket}, {"Prefix", here->cluster().value + "/secrets/"}, {"MaxKeys", 1}}),
      deadline);
  if (!listed) return {finding_of(listed.error())};
  if ((*listed)["Contents"].size() == 0)
    return {finding_of(Error{Kind::not_found, fmt::format("the bucket {} holds no key for the nodes", bucket)}
                           .because("nodes get munge's key from there, and root's apply puts it there")
                           .fixed_by("sudo spillway apply"))};
  return {good(fmt::format("bucket {} holds the nodes' key", bucket))};
}

/// The templates that the groups are launched from, each once.
std::set<std::pair<std::string, std::string>> templates_of(const Installation& here) {
  std::set<std::pair<std::string, std::string>> out;
  for (const config::Partition& partition : here.loaded.site.partitions.partitions)
    for (const config::NodeGroup& group : partition.groups) {
      const Json& given =
          group.launches_from_site() ? here.applied["launch_template"] : group.launch_template;
      for (const char* key : {"id", "LaunchTemplateId", "LaunchTemplateName"})
        if (const std::string& name = given[key].as_string(); !name.empty())
          out.emplace(name, given[group.launches_from_site() ? "version" : "Version"].as_string());
    }
  return out;
}

std::vector<Finding> check_template(aws::Client& client, const std::string& name, const std::string& version,
                                    Deadline deadline) {
  const char* key = name.starts_with("lt-") ? "LaunchTemplateId" : "LaunchTemplateName";
  const auto found = client.call(
      "ec2", "DescribeLaunchTemplateVersions",
      Json::object({{key, name}, {"Versions", Json::array({version.empty() ? "$Default" : version})}}),
      deadline);
  if (!found && found.error().peer_code.starts_with("InvalidLaunchTemplate"))
    return {bad(kNoTemplate, fmt::format("there is no version {} of the launch template {}", version, name))};
  if (!found) return {finding_of(found.error())};
  const Json data = (*found)["LaunchTemplateVersions"].at(0)["LaunchTemplateData"];
  const std::string& image = data["ImageId"].as_string();
  if (!image.starts_with("ami-")) return {good(fmt::format("launch template {} version {}", name, version))};
  const auto images =
      client.call("ec2", "DescribeImages", Json::object({{"ImageIds", Json::array({image})}}), deadline);
  if (!images && !images.error().peer_code.starts_with("InvalidAMIID")) return {finding_of(images.error())};
  if (!images || (*images)["Images"].at(0)["State"].as_string() != "available")
    return {bad(kImageGone, fmt::format("the image {} of launch template {} is not available", image, name))};
  return {good(fmt::format("launch template {} version {} and its image {}", name, version, image))};
}

std::vector<Finding> check_templates(const Shared& here, Deadline deadline) {
  if (!here->aws) return {};
  std::vector<Finding> out;
  for (const auto& [name, version] : templates_of(*here))
    for (Finding& each : check_template(here->aws->client(), name, version, deadline))
      out.push_back(std::move(each));
  return out;
}

Result<Json> gateway_of(const Installation& here, Deadline deadline) {
  const std::string id = here.applied["gateway"]["instance"].as_string();
  const Json answer = TRY(here.aws->client().call(
      "ec2", "DescribeInstances", Json::object({{"InstanceIds", Json::array({id})}}), deadline));
  return answer["Reservations"].at(0)["Instances"].at(0);
}

std::vector<Finding> check_gateway(const Shared& here, Deadline deadline) {
  if (!here->aws || here->applied["gateway"]["instance"].as_string().empty()) return {};
  const auto gateway = gateway_of(*here, deadline);
  if (!gateway && gateway.error().kind != Kind::not_found) return {finding_of(gateway.error())};
  const std::string state = gateway ? (*gateway)["State"]["Name"].as_string() : "gone";
  if (state != "running") return {bad(kGatewayDown, fmt::format("the gateway is {}", state))};
  if ((*gateway)["SourceDestCheck"].as_bool())
    return {bad(kSourceDest, "the gateway's source/destination check is on")};
  return {good(fmt::format("the gateway {} runs and may forward", (*gateway)["InstanceId"].as_string()))};
}

Result<void> let_gateway_forward(const Shared& here, Deadline deadline) {
  if (!here->aws) return Error{Kind::credentials, "AWS does not know who we are"};
  TRY(here->aws->client().call("ec2", "ModifyInstanceAttribute",
                               Json::object({{"InstanceId", here->applied["gateway"]["instance"]},
                                             {"SourceDestCheck", Json::object({{"Value", false}})}}),
                               deadline));
  return {};
}

bool uses_spot(const config::Partitions& partitions) {
  for (const config::Partition& partition : partitions.partitions)
    for (const config::NodeGroup& group : partition.groups)
      if (group.source.purchasing == "spot") return true;
  return false;
}

/// The daemon's own role may not look at IAM, so an administrator's profile is needed.
std::vector<Finding> check_roles(const Shared& here, Deadline deadline) {
  if (!here->aws || here->applied.is_null()) return {};
  struct Wanted {
    std::string role;
    const Code* code;
  };
  const auto name = [&](const std::string& existing, const char* who) {
    return existing.empty() ? fmt::format("spillway-{}-{}", here->loaded.site.cluster.name, who) : existing;
  };
  std::vector<Wanted> wanted{{name(here->existing.head_role, "head"), &kNoRole},
                             {name(here->existing.compute_role, "compute"), &kNoRole}};
  if (here->applied.contains("gateway"))
    wanted.push_back({name(here->existing.gateway_role, "gateway"), &kNoRole});
  if (here->applied.contains("standby")) wanted.push_back({name("", "standby"), &kNoRole});
  if (here->applied.contains("tunnel_role")) wanted.push_back({name("", "tunnel"), &kNoRole});
  if (uses_spot(here->loaded.site.partitions)) wanted.push_back({"AWSServiceRoleForEC2Spot", &kNoSpotRole});
  std::vector<Finding> out;
  for (const auto& [role, code] : wanted) {
    const auto found =
        here->aws->client().call("iam", "GetRole", Json::object({{"RoleName", role}}), deadline);
    if (!found && found.error().kind == Kind::denied && !here->asked.has("profile"))
      return {good("roles are not looked at: the daemon may not; --profile ADMIN does")};
    if (!found && found.error().kind == Kind::not_found)
      out.push_back(bad(*code, fmt::format("there is no role {}", role)));
    else if (!found)
      out.push_back(finding_of(found.error()));
  }
  if (out.empty()) out.push_back(good(fmt::format("{} roles are there", wanted.size())));
  return out;
}

}  // namespace

std::vector<Check> aws_checks(const Shared& here) {
  std::vector<Check> out{
      check(here, "aws", "bucket", check_bucket), check(here, "aws", "launch templates", check_templates),
      check(here, "aws", "gateway", check_gateway), check(here, "aws", "roles", check_roles)};
  out[2].mend = [here](Deadline deadline) { return let_gateway_forward(here, deadline); };
  out[2].remedy = "sets the gateway's source/destination check off";
  return out;
}

}  // namespace spillway::insight
