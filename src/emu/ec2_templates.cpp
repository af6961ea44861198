#include <algorithm>

#include "base/text.h"
#include "emu/ec2.h"

// Launch templates: create, add versions, choose the default, describe, delete.
namespace spillway::emu {
namespace {

const LaunchTemplate* find_by_name(const Account& account, const std::string& name) {
  for (const auto& [id, known] : account.templates)
    if (known.name == name) return &known;
  return nullptr;
}

Answer<const LaunchTemplate*> find_template(const Account& account, const Params& params) {
  const std::string &id = params.get("LaunchTemplateId"), &name = params.get("LaunchTemplateName");
  if (!id.empty() && !name.empty())
    return refusal("InvalidParameterCombination",
                   "Exactly one of launch template ID or launch template name must be specified");
  if (!id.empty()) {
    auto found = account.templates.find(id);
    if (found != account.templates.end()) return &found->second;
    if (!id.starts_with("lt-"))
      return refusal("InvalidLaunchTemplateId.Malformed",
                     fmt::format("Invalid launch template ID: '{}'", id));
    return refusal("InvalidLaunchTemplateId.NotFound",
                   fmt::format("The specified launch template, with template ID {}, does not exist.", id));
  }
  if (name.empty())
    return refusal("MissingParameter", "Either a launch template ID or a name must be specified");
  if (const LaunchTemplate* found = find_by_name(account, name)) return found;
  return refusal("InvalidLaunchTemplateName.NotFoundException",
                 fmt::format("The specified launch template, with template name {}, does not exist.", name));
}

Answer<const TemplateVersion*> find_version(const LaunchTemplate& known, const std::string& version) {
  auto found = known.versions.end();
  if (version.empty() || version == "$Default")
    found = known.versions.find(known.default_version);
  else if (version == "$Latest")
    found = std::prev(known.versions.end());
  else if (auto number = parse_int(version))
    found = known.versions.find(*number);
  if (found != known.versions.end()) return &found->second;
  return refusal(
      "InvalidLaunchTemplateId.VersionNotFound",
      fmt::format("Could not find launch template version '{}' for launch template {}.", version, known.id));
}

void write_template(Xml& xml, const LaunchTemplate& known, const std::string& by) {
  xml.text("launchTemplateId", known.id).text("launchTemplateName", known.name);
  xml.text("createTime", to_iso8601_seconds(known.created)).text("createdBy", by);
  xml.number("defaultVersionNumber", known.default_version);
  xml.number("latestVersionNumber", known.versions.rbegin()->first);
  write_tags(xml, known.tags);
}

void text_if(Xml& xml, std::string_view name, const std::string& value) {
  if (!value.empty()) xml.text(name, value);
}

void write_data(Xml& xml, const LaunchData& data) {
  Params given;
  for (const auto& [name, value] : data.given) given.set(name, value);
  write_given(xml, given);
}

void write_version(Xml& xml, const LaunchTemplate& known, const TemplateVersion& version,
                   const std::string& by) {
  xml.text("launchTemplateId", known.id).text("launchTemplateName", known.name);
  xml.number("versionNumber", version.number);
  text_if(xml, "versionDescription", version.description);
  xml.text("createTime", to_iso8601_seconds(version.created)).text("createdBy", by);
  xml.flag("defaultVersion", version.number == known.default_version);
  xml.in("launchTemplateData", [&] { write_data(xml, version.data); });
}

Answer<TemplateVersion> version_of(Account& account, const Call& call, int64_t number) {
  Params data = call.params.under("LaunchTemplateData");
  if (data.empty())
    return refusal("MissingParameter", "The request must contain the parameter LaunchTemplateData");
  EMU_TRY(known_parameters("LaunchTemplateData", data));
  LaunchData read = EMU_TRY(read_launch_data(data));
  TemplateVersion version{number, call.params.get("VersionDescription"), account.now(), std::move(read)};
  version.data.given = {data.values().begin(), data.values().end()};
  return version;
}

Answer<Xml> create_template(Account& account, const Call& call) {
  if (const Remembered* before = EMU_TRY(recall(account, call))) return std::move(Xml{}.raw(before->body));
  LaunchTemplate made;
  made.name = EMU_TRY(required(call.params, "LaunchTemplateName"));
  if (made.name.size() < 3 || made.name.size() > 128)
    return refusal("InvalidLaunchTemplateName.MalformedException",
                   "A launch template name has 3 to 128 characters");
  if (find_by_name(account, made.name))
    return refusal("InvalidLaunchTemplateName.AlreadyExistsException",
                   "Launch template name already in use.");
  made.tags = EMU_TRY(read_tag_specifications(call.params, "TagSpecification"))["launch-template"];
  TemplateVersion version = EMU_TRY(version_of(account, call, made.next_version++));
  EMU_TRY(unless_dry_run(call));
  made.id = account.make_id("lt-");
  made.created = account.now();
  made.versions.emplace(version.number, std::move(version));
  Xml xml;
  xml.in("launchTemplate", [&] { write_template(xml, made, call.who.arn); });
  account.templates.emplace(made.id, std::move(made));
  remember(account, call, {"", xml.str(), {}, "", {}});
  return xml;
}

Answer<Xml> create_version(Account& account, const Call& call) {
  if (const Remembered* before = EMU_TRY(recall(account, call))) return std::move(Xml{}.raw(before->body));
  const LaunchTemplate* found = EMU_TRY(find_template(account, call.params));
  LaunchTemplate& known = account.templates.find(found->id)->second;
  TemplateVersion version = EMU_TRY(version_of(account, call, known.next_version));
  if (const std::string* source = call.params.find("SourceVersion"))
    version.data = merged(EMU_TRY(find_version(known, *source))->data, version.data);
  EMU_TRY(unless_dry_run(call));
  ++known.next_version;
  const TemplateVersion& kept = known.versions.emplace(version.number, std::move(version)).first->second;
  Xml xml;
  xml.in("launchTemplateVersion", [&] { write_version(xml, known, kept, call.who.arn); });
  remember(account, call, {"", xml.str(), {}, "", {}});
  return xml;
}

Answer<Xml> modify_template(Account& account, const Call& call) {
  const LaunchTemplate* found = EMU_TRY(find_template(account, call.params));
  LaunchTemplate& known = account.templates.find(found->id)->second;
  const TemplateVersion* version =
      EMU_TRY(find_version(known, EMU_TRY(required(call.params, "SetDefaultVersion"))));
  EMU_TRY(unless_dry_run(call));
  known.default_version = version->number;
  Xml xml;
  xml.in("launchTemplate", [&] { write_template(xml, known, call.who.arn); });
  return xml;
}

Answer<Xml> describe_templates(Account& account, const Call& call) {
  EMU_TRY(unless_dry_run(call));
  std::vector<std::string> wanted;
  for (const std::string& id : call.params.list("LaunchTemplateId")) {
    Params one;
    one.set("LaunchTemplateId", id);
    wanted.push_back(EMU_TRY(find_template(account, one))->id);
  }
  for (const std::string& name : call.params.list("LaunchTemplateName")) {
    Params one;
    one.set("LaunchTemplateName", name);
    wanted.push_back(EMU_TRY(find_template(account, one))->id);
  }
  std::vector<std::string> ids;
  for (const auto& [id, known] : account.templates) {
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), id) == wanted.end()) continue;
    bool passes = EMU_TRY(
        passes_filters(read_filters(call.params), known.tags,
                       [&, &one = known](std::string_view name) -> std::optional<std::vector<std::string>> {
                         if (name == "launch-template-name") return std::vector{one.name};
                         if (name == "create-time") return std::vector{to_iso8601_seconds(one.created)};
                         return std::nullopt;
                       }));
    if (passes) ids.push_back(id);
  }
  Page page = EMU_TRY(page_of(call.params, ids, 1, 200));
  Xml xml;
  xml.in("launchTemplates", [&] {
    for (size_t i = page.first; i < page.last; ++i)
      xml.in("item", [&] { write_template(xml, account.templates.find(ids[i])->second, call.who.arn); });
  });
  if (!page.next.empty()) xml.text("nextToken", page.next);
  return xml;
}

Answer<Xml> describe_versions(Account& account, const Call& call) {
  EMU_TRY(unless_dry_run(call));
  const LaunchTemplate& known = *EMU_TRY(find_template(account, call.params));
  std::vector<const TemplateVersion*> versions;
  for (const std::string& name : call.params.list("LaunchTemplateVersion"))
    versions.push_back(EMU_TRY(find_version(known, name)));
  if (versions.empty())
    for (auto it = known.versions.rbegin(); it != known.versions.rend(); ++it)
      versions.push_back(&it->second);
  Xml xml;
  xml.in("launchTemplateVersionSet", [&] {
    for (const TemplateVersion* version : versions)
      xml.in("item", [&] { write_version(xml, known, *version, call.who.arn); });
  });
  return xml;
}

Answer<Xml> delete_template(Account& account, const Call& call) {
  std::string id = EMU_TRY(find_template(account, call.params))->id;
  EMU_TRY(unless_dry_run(call));
  auto found = account.templates.find(id);
  Xml xml;
  xml.in("launchTemplate", [&] { write_template(xml, found->second, call.who.arn); });
  account.templates.erase(found);
  return xml;
}

Answer<Xml> delete_versions(Account& account, const Call& call) {
  const LaunchTemplate* found = EMU_TRY(find_template(account, call.params));
  LaunchTemplate& known = account.templates.find(found->id)->second;
  EMU_TRY(unless_dry_run(call));
  Xml done, failed;
  for (const std::string& text : call.params.list("LaunchTemplateVersion")) {
    auto number = parse_int(text);
    bool there = number && known.versions.contains(*number);
    bool deletable = there && *number != known.default_version;
    (deletable ? done : failed).in("item", [&] {
      Xml& xml = deletable ? done : failed;
      xml.text("launchTemplateId", known.id)
          .text("launchTemplateName", known.name)
          .text("versionNumber", text);
      if (!deletable)
        xml.in("responseError", [&] {
          xml.text("code", there ? "unexpectedError" : "launchTemplateVersionDoesNotExist");
          xml.text("message", there ? "The default version cannot be deleted" : "The version does not exist");
        });
    });
    if (deletable) known.versions.erase(*number);
  }
  Xml xml;
  xml.in("successfullyDeletedLaunchTemplateVersionSet", [&] { xml.raw(done.str()); });
  xml.in("unsuccessfullyDeletedLaunchTemplateVersionSet", [&] { xml.raw(failed.str()); });
  return xml;
}

}  // namespace

Answer<ResolvedTemplate> resolve_template(const Account& account, const Params& specification) {
  const LaunchTemplate* found = EMU_TRY(find_template(account, specification));
  return ResolvedTemplate{found, EMU_TRY(find_version(*found, specification.get("Version")))};
}

const XmlOperations& ec2_template_operations() {
  static const XmlOperations kTable = {{"CreateLaunchTemplate", create_template},
                                       {"CreateLaunchTemplateVersion", create_version},
                                       {"ModifyLaunchTemplate", modify_template},
                                       {"DescribeLaunchTemplates", describe_templates},
                                       {"DescribeLaunchTemplateVersions", describe_versions},
                                       {"DeleteLaunchTemplate", delete_template},
                                       {"DeleteLaunchTemplateVersions", delete_versions}};
  return kTable;
}

}  // namespace spillway::emu
