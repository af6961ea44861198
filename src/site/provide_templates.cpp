#include "base/crypto.h"
#include "site/provider.h"

// Launch templates. Each change is a new version, and the default; those who launch name its number.
namespace spillway::site {
namespace {

Json encoded(Json data) {
  data.set("UserData", to_base64(data["UserData"].as_string()));
  return data;
}

Result<std::vector<Actual>> find_templates(const Session& session) {
  const Json answer = TRY(session.aws.call_all(
      "ec2", "DescribeLaunchTemplates", Json::object({{"Filters", our_filters(session)}}), session.deadline));
  std::vector<Actual> out;
  for (const Json& each : answer["LaunchTemplates"].items()) {
    const Json versions = TRY(ec2(session, "DescribeLaunchTemplateVersions",
                                  Json::object({{"LaunchTemplateId", each["LaunchTemplateId"]},
                                                {"Versions", Json::array({"$Default"})}})));
    const Json& version = versions["LaunchTemplateVersions"].at(0);
    Json data = version["LaunchTemplateData"];
    if (auto script = from_base64(data["UserData"].as_string())) data.set("UserData", *script);
    out.push_back({tag_in(each["Tags"], "spillway:kind"), "AWS::EC2::LaunchTemplate",
                   each["LaunchTemplateId"].as_string(),
                   Json::object({{"LaunchTemplateName", each["LaunchTemplateName"]},
                                 {"LaunchTemplateData", std::move(data)}}),
                   Json::object({{"VersionNumber", version["VersionNumber"]}})});
  }
  return out;
}

Result<Actual> create_template(const Session& session, const Resource& wanted) {
  const Json answer = TRY(
      ec2(session, "CreateLaunchTemplate",
          Json::object({{"LaunchTemplateName", wanted.properties["LaunchTemplateName"]},
                        {"LaunchTemplateData", encoded(wanted.properties["LaunchTemplateData"])},
                        {"TagSpecifications", tag_specifications(session, "launch-template", wanted.key)}})));
  return Actual{wanted.key, wanted.type, answer["LaunchTemplate"]["LaunchTemplateId"].as_string(),
                Json::object(),
                Json::object({{"VersionNumber", answer["LaunchTemplate"]["LatestVersionNumber"]}})};
}

Result<Actual> add_version(const Session& session, const Actual& actual, const Resource& wanted) {
  const Json answer =
      TRY(ec2(session, "CreateLaunchTemplateVersion",
              Json::object({{"LaunchTemplateId", actual.id},
                            {"LaunchTemplateData", encoded(wanted.properties["LaunchTemplateData"])}})));
  const Json number = answer["LaunchTemplateVersion"]["VersionNumber"];
  TRY(ec2(session, "ModifyLaunchTemplate",
          Json::object({{"LaunchTemplateId", actual.id}, {"DefaultVersion", number.dump()}})));
  Actual made = actual;
  made.attributes.set("VersionNumber", number);
  return made;
}

Result<void> remove_template(const Session& session, const Actual& actual) {
  return unless_gone(ec2(session, "DeleteLaunchTemplate", Json::object({{"LaunchTemplateId", actual.id}})));
}

}  // namespace

std::vector<Provider> template_providers() {
  return {{"AWS::EC2::LaunchTemplate",
           "launch template",
           {{"LaunchTemplateName"}},
           find_templates,
           create_template,
           add_version,
           remove_template}};
}

}  // namespace spillway::site
