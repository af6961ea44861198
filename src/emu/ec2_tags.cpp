#include <algorithm>

#include "emu/ec2.h"
#include "emu/ec2_kinds.h"

// CreateTags, DeleteTags and DescribeTags, over everything that can carry tags.
namespace spillway::emu {
namespace {

constexpr std::string_view kHidden = "aws:";

Answer<Tags*> tags_of(Account& account, const std::string& id, std::string_view operation) {
  if (id.starts_with(kInstance.prefix)) EMU_TRY(known_instances(account, {id}, operation));
  Answer<Tags*> tags = refusal("InvalidID", fmt::format("The ID '{}' is not valid", id));
  each_kind(account, [&](const Kind& kind, auto& map) {
    if (!id.starts_with(kind.prefix)) return;
    auto found = map.find(id);
    if (found == map.end())
      tags = not_found(kind, id);
    else
      tags = &found->second.tags;
  });
  return tags;
}

Answer<std::vector<Tags*>> all_tags_of(Account& account, const Call& call) {
  std::vector<std::string> ids = call.params.list("ResourceId");
  if (ids.empty()) return refusal("MissingParameter", "The request must contain the parameter resourceIdSet");
  if (ids.size() > 1000) return refusal("InvalidParameterValue", "No more than 1000 resources per request");
  std::vector<Tags*> all;
  for (const std::string& id : ids) all.push_back(EMU_TRY(tags_of(account, id, call.operation)));
  return all;
}

/// Keeps what those see who see the tags of instances late; where nobody does, that is nothing.
void keep_former_tags(Account& account, const Params& params) {
  if (account.faults.empty()) return;
  for (const std::string& id : params.list("ResourceId"))
    if (auto found = account.instances.find(id); found != account.instances.end())
      found->second.tags_before = found->second.tags, found->second.tagged = account.now();
}

Answer<Xml> create_tags(Account& account, const Call& call) {
  std::vector<Tags*> all = EMU_TRY(all_tags_of(account, call));
  Tags added = EMU_TRY(read_tags(call.params, "Tag"));
  if (added.empty()) return refusal("MissingParameter", "The request must contain the parameter tagSet");
  for (const Tags* tags : all) {
    auto own = std::count_if(tags->begin(), tags->end(), [&](const auto& tag) {
      return !tag.first.starts_with(kHidden) && !added.contains(tag.first);
    });
    if (own + added.size() > 50)
      return refusal("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.");
  }
  EMU_TRY(unless_dry_run(call));
  keep_former_tags(account, call.params);
  for (Tags* tags : all)
    for (const auto& [key, value] : added) (*tags)[key] = value;
  return std::move(Xml{}.flag("return", true));
}

Answer<Xml> delete_tags(Account& account, const Call& call) {
  std::vector<Tags*> all = EMU_TRY(all_tags_of(account, call));
  EMU_TRY(unless_dry_run(call));
  keep_former_tags(account, call.params);
  std::vector<Params> named = call.params.structures("Tag");
  for (Tags* tags : all) {
    if (named.empty()) std::erase_if(*tags, [](const auto& tag) { return !tag.first.starts_with(kHidden); });
    for (const Params& tag : named) {
      auto found = tags->find(tag.get("Key"));
      if (found != tags->end() && (!tag.has("Value") || tag.get("Value") == found->second))
        tags->erase(found);
    }
  }
  return std::move(Xml{}.flag("return", true));
}

struct TagRow {
  std::string resource, type, key, value;
};

Answer<Xml> describe_tags(Account& account, const Call& call) {
  EMU_TRY(unless_dry_run(call));
  std::vector<TagRow> rows;
  each_kind(account, [&](const Kind& kind, const auto& map) {
    for (const auto& [id, resource] : map)
      for (const auto& [key, value] : resource.tags) rows.push_back({id, std::string(kind.type), key, value});
  });
  const std::vector<Filter> filters = read_filters(call.params);
  std::map<std::string, TagRow> chosen;
  for (const TagRow& row : rows) {
    bool passes =
        EMU_TRY(passes_filters(filters, {{row.key, row.value}},
                               [&](std::string_view name) -> std::optional<std::vector<std::string>> {
                                 if (name == "resource-id") return std::vector{row.resource};
                                 if (name == "resource-type") return std::vector{row.type};
                                 if (name == "key") return std::vector{row.key};
                                 if (name == "value") return std::vector{row.value};
                                 return std::nullopt;
                               }));
    if (passes) chosen.emplace(row.resource + " " + row.key, row);
  }
  std::vector<std::string> names;
  for (const auto& [name, row] : chosen) names.push_back(name);
  Page page = EMU_TRY(page_of(call.params, names, 5, 1000));
  Xml xml;
  xml.in("tagSet", [&] {
    for (size_t i = page.first; i < page.last; ++i) {
      const TagRow& row = chosen.at(names[i]);
      xml.in("item", [&] {
        xml.text("resourceId", row.resource)
            .text("resourceType", row.type)
            .text("key", row.key)
            .text("value", row.value);
      });
    }
  });
  if (!page.next.empty()) xml.text("nextToken", page.next);
  return xml;
}

}  // namespace

const XmlOperations& ec2_tag_operations() {
  static const XmlOperations kTable = {
      {"CreateTags", create_tags}, {"DeleteTags", delete_tags}, {"DescribeTags", describe_tags}};
  return kTable;
}

}  // namespace spillway::emu
