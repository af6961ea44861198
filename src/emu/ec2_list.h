#pragma once
#include <algorithm>

#include "emu/ec2.h"
#include "emu/ec2_kinds.h"

// Describe* of the kinds that are listed in the same way: by ids, by filters, page by page.
namespace spillway::emu {

using Values = std::vector<std::string>;

/// How one kind is listed: its parameter, its element, its fields.
template <class Resource>
struct Listing {
  std::string_view ids, set;
  Kind kind;
  /// The values that a filter's name stands for; nothing for a name that EC2 does not know.
  std::optional<Values> (*values)(const Account&, const Resource&, std::string_view);
  void (*write)(Xml&, const Account&, const Resource&);  // all but the tags
  int64_t most = 1000;                                   // of a page
};

/// Values without the empty ones, which stand for "it has none".
inline Values some(std::initializer_list<std::string> given) {
  Values out;
  for (const std::string& value : given)
    if (!value.empty()) out.push_back(value);
  return out;
}

template <class Resource, class Map>
Answer<Xml> list(const Account& account, const Call& call, const Map& map, const Listing<Resource>& how) {
  EMU_TRY(unless_dry_run(call));
  Values wanted = call.params.list(how.ids);
  for (const std::string& id : wanted)
    if (!map.contains(id)) return not_found(how.kind, id);
  const std::vector<Filter> filters = read_filters(call.params);
  const Resource none{};  // a wrong filter is refused where there is nothing to filter, too
  EMU_TRY(
      passes_filters(filters, {}, [&](std::string_view name) { return how.values(account, none, name); }));
  Values ids;
  for (const auto& [id, resource] : map) {
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), id) == wanted.end()) continue;
    bool passes = EMU_TRY(passes_filters(filters, resource.tags, [&, &one = resource](std::string_view name) {
      return how.values(account, one, name);
    }));
    if (passes) ids.push_back(id);
  }
  Page page = EMU_TRY(page_of(call.params, ids, 5, how.most));
  Xml xml;
  xml.in(how.set, [&] {
    for (size_t i = page.first; i < page.last; ++i)
      xml.in("item", [&] {
        const Resource& resource = map.find(ids[i])->second;
        how.write(xml, account, resource);
        write_tags(xml, resource.tags);
      });
  });
  if (!page.next.empty()) xml.text("nextToken", page.next);
  return xml;
}

/// <name> with the fields and tags of one.
template <class Resource>
Xml one(std::string_view name, const Account& account, const Resource& resource,
        void (*write)(Xml&, const Account&, const Resource&)) {
  Xml xml;
  xml.in(name, [&] {
    write(xml, account, resource);
    write_tags(xml, resource.tags);
  });
  return xml;
}

/// <return>true</return>
inline Answer<Xml> done() {
  return std::move(Xml{}.flag("return", true));
}

}  // namespace spillway::emu
