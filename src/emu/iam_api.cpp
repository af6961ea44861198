#include "emu/iam_api.h"

#include <algorithm>

#include "base/crypto.h"
#include "base/text.h"
#include "emu/services.h"

namespace spillway::emu {
namespace {

constexpr size_t kTagsEach = 50;
constexpr std::string_view kNamespace = "https://iam.amazonaws.com/doc/2010-05-08/";

tl::unexpected<ApiError> invalid(std::string_view parameter, std::string_view value, std::string_view rule) {
  std::string member(parameter);
  if (!member.empty() && member.front() >= 'A' && member.front() <= 'Z') member.front() += 32;
  return refusal("ValidationError",
                 fmt::format("1 validation error detected: Value {} at '{}' failed to satisfy constraint: {}",
                             value, member, rule));
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_+=,.@-").find(c) != std::string_view::npos;
}

Answer<Xml> get_user(Account& account, const Call& call) {
  const std::string name = !call.params.get("UserName").empty() ? call.params.get("UserName")
                           : call.who.principal                 ? call.who.principal->name
                                                                : "";
  const auto user = account.users.find(name);
  Principal unknown;
  unknown.name = name;
  const Principal& shown = user == account.users.end() ? unknown : user->second;
  if (!call.params.has("UserName") && call.who.principal && call.who.principal->is_role)
    return refusal("ValidationError", "Must specify userName when calling with non-User credentials");
  EMU_TRY(
      iam_demand(account, call, "iam:GetUser", principal_arn(account, shown), iam_resource_tags(shown.tags)));
  if (user == account.users.end())
    return refusal("NoSuchEntity", fmt::format("The user with name {} cannot be found.", name), 404);
  Xml xml;
  xml.in("User", [&] {
    xml.text("Path", shown.path).text("UserName", name).text("UserId", shown.unique_id);
    xml.text("Arn", principal_arn(account, shown)).text("CreateDate", to_iso8601_seconds(shown.created));
    if (!shown.tags.empty()) iam_write_tags(xml, shown.tags);
  });
  return xml;
}

Answer<Xml> list_account_aliases(Account& account, const Call& call) {
  EMU_TRY(iam_demand(account, call, "iam:ListAccountAliases", "*"));
  Xml xml;
  xml.in("AccountAliases", [] {}).flag("IsTruncated", false);
  return xml;
}

const XmlOperations& operations() {
  static const XmlOperations kAll = [] {
    XmlOperations all{{"GetUser", get_user}, {"ListAccountAliases", list_account_aliases}};
    for (const auto* table : {&iam_role_operations(), &iam_policy_operations(), &iam_profile_operations(),
                              &iam_simulator_operations()})
      all.insert(table->begin(), table->end());
    return all;
  }();
  return kAll;
}

Answer<Xml> perform(Account& account, const Call& call, const Signature& signature) {
  // IAM is one for all regions and signed for this one; but AWS's clients that are given an endpoint sign for
  // their own region, which is therefore taken as well.
  if (signature.region != "us-east-1" && signature.region != account.settings.region)
    return refusal("SignatureDoesNotMatch",
                   fmt::format("Credential should be scoped to a valid region, not '{}'. ", signature.region),
                   403);
  auto operation = operations().find(call.operation);
  if (operation == operations().end())
    return refusal("InvalidAction",
                   fmt::format("Could not find operation {} for version 2010-05-08", call.operation));
  return operation->second(account, call);
}

}  // namespace

Answer<bool> iam_demand(const Account& account, const Call& call, const std::string& action,
                        const std::string& resource, Context context) {
  const Question question{action, resource, std::move(context)};
  const Decision decision = decide(account, call.who, question);
  if (decision.may) return true;
  return refusal("AccessDenied", not_authorized(call.who, question, decision), 403);
}

Answer<std::string> iam_required(const Call& call, std::string_view parameter) {
  const std::string* value = call.params.find(parameter);
  if (value && !value->empty()) return *value;
  return invalid(parameter, "null", "Member must not be null");
}

Answer<std::string> iam_name(const Call& call, std::string_view parameter, size_t most) {
  std::string name = EMU_TRY(iam_required(call, parameter));
  if (!std::all_of(name.begin(), name.end(), is_name_character))
    return invalid(parameter, in_quotes(name),
                   "Member must satisfy regular expression pattern: [\\w+=,.@-]+");
  if (name.size() > most)
    return invalid(parameter, in_quotes(name),
                   fmt::format("Member must have length less than or equal to {}", most));
  return name;
}

Answer<std::string> iam_path(const Call& call) {
  const std::string* path = call.params.find("Path");
  if (!path || path->empty()) return std::string("/");
  if (path->size() > 512 || !path->starts_with('/') || !path->ends_with('/'))
    return invalid("Path", in_quotes(*path), "Member must begin and end with a slash");
  return *path;
}

Answer<Tags> iam_tags(const Call& call) {
  Tags tags;
  for (const Params& tag : call.params.structures("Tags.member")) {
    const std::string &key = tag.get("Key"), &value = tag.get("Value");
    if (key.empty() || key.size() > 128)
      return invalid("tags", in_quotes(key), "Member must have length between 1 and 128");
    if (value.size() > 256)
      return invalid("tags", in_quotes(value), "Member must have length less than or equal to 256");
    if (to_lower(key).starts_with("aws:"))
      return refusal("InvalidInput", "Tag keys that begin with aws: are reserved for system use.");
    for (const auto& [known, unused] : tags)
      if (equal_ignoring_case(known, key))
        return refusal("InvalidInput",
                       "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    tags[key] = value;
  }
  if (tags.size() > kTagsEach)
    return refusal("LimitExceeded", "The number of tags has reached the maximum limit.", 409);
  return tags;
}

Answer<bool> iam_add_tags(Tags& tags, const Tags& more) {
  Tags sum = tags;
  for (const auto& [key, value] : more) {
    iam_remove_tags(sum, {key});
    sum[key] = value;
  }
  if (sum.size() > kTagsEach)
    return refusal("LimitExceeded", "The number of tags has reached the maximum limit.", 409);
  tags = std::move(sum);
  return true;
}

void iam_remove_tags(Tags& tags, const std::vector<std::string>& keys) {
  std::erase_if(tags, [&](const auto& tag) {
    return std::any_of(keys.begin(), keys.end(),
                       [&](const std::string& key) { return equal_ignoring_case(key, tag.first); });
  });
}

void iam_write_tags(Xml& xml, const Tags& tags) {
  xml.in("Tags", [&] {
    for (const auto& tag : tags)
      xml.in("member", [&] { xml.text("Key", tag.first).text("Value", tag.second); });
  });
}

Context iam_request_tags(const Tags& tags) {
  Context context;
  for (const auto& [key, value] : tags) context.emplace_back("aws:RequestTag/" + key, value);
  return context;
}

Context iam_resource_tags(const Tags& tags) {
  Context context;
  for (const auto& [key, value] : tags)
    for (const char* prefix : {"aws:ResourceTag/", "iam:ResourceTag/"})
      context.emplace_back(prefix + key, value);
  return context;
}

Context tag_keys(const std::vector<std::string>& keys) {
  Context context;
  for (const std::string& key : keys) context.emplace_back("aws:TagKeys", key);
  return context;
}

Answer<bool> iam_page(Xml& xml, const Call& call, std::string_view list,
                      const std::vector<std::string>& names,
                      const std::function<void(const std::string&)>& write) {
  const int64_t most = call.params.has("MaxItems") ? call.params.number("MaxItems").value_or(0) : 100;
  if (most < 1 || most > 1000)
    return invalid("maxItems", call.params.get("MaxItems"), "Member must have value between 1 and 1000");
  size_t at = 0;
  if (const std::string* marker = call.params.find("Marker")) {
    auto last = from_base64(*marker);  // names the last one seen
    if (!last || marker->empty()) return refusal("ValidationError", "Invalid Marker");
    at = std::upper_bound(names.begin(), names.end(), *last) - names.begin();
  }
  const size_t end = std::min(names.size(), at + static_cast<size_t>(most));
  xml.in(list, [&] {
    for (size_t i = at; i < end; ++i) xml.in("member", [&] { write(names[i]); });
  });
  xml.flag("IsTruncated", end < names.size());
  if (end < names.size()) xml.text("Marker", to_base64(names[end - 1]));
  return true;
}

std::string iam_id(Account& account, std::string_view prefix) {
  std::string id = account.make_id(prefix);
  std::erase(id, '-');
  for (char& c : id) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return id;
}

net::Response answer_iam(Account& account, const Arrival& arrival) {
  const Call call = query_call(account, "iam", arrival);
  auto answer = perform(account, call, arrival.signature);
  if (!answer) return refuse("iam", answer.error(), arrival);
  Xml xml;
  xml.raw("<").raw(call.operation).raw("Response xmlns=\"").raw(kNamespace).raw("\">");
  // Only of operations that answer something is there a result; UpdateRole's is empty.
  if (!answer->str().empty() || call.operation == "UpdateRole")
    xml.in(call.operation + "Result", [&] { xml.raw(answer->str()); });
  xml.in("ResponseMetadata", [&] { xml.text("RequestId", arrival.request_id); });
  xml.raw("</").raw(call.operation).raw("Response>");
  return {200, {{"Content-Type", "text/xml"}, {"x-amzn-RequestId", arrival.request_id}}, xml.str()};
}

}  // namespace spillway::emu
