#include <algorithm>

#include "base/crypto.h"
#include "base/text.h"
#include "emu/ec2.h"

namespace spillway::emu {
namespace {

constexpr size_t kTagsEach = 50;              // EC2's quota
constexpr std::string_view kMark = "after ";  // begins a page's token

Answer<bool> check_tag(const std::string& key, const std::string& value) {
  if (key.empty()) return refusal("InvalidParameterValue", "Tag key cannot be empty.");
  if (key.starts_with("aws:"))
    return refusal("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use");
  if (key.size() > 128)
    return refusal("InvalidParameterValue", "Tag key exceeds the maximum length of 128 characters");
  if (value.size() > 256)
    return refusal("InvalidParameterValue", "Tag value exceeds the maximum length of 256 characters");
  return true;
}

bool any_matches(const std::vector<std::string>& patterns, const std::vector<std::string>& values) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return std::any_of(values.begin(), values.end(),
                       [&](const std::string& value) { return matches_wildcard(pattern, value); });
  });
}

std::string token_key(const Call& call) {
  return call.operation + ":" + call.params.get("ClientToken");
}

std::string digest_of(const Call& call) {
  std::string text;
  for (const auto& [name, value] : call.params.values())
    text += fmt::format("{}:{}={}:{};", name.size(), name, value.size(), value);
  return to_hex(sha256(text));
}

}  // namespace

bool matches_wildcard(std::string_view pattern, std::string_view value) {
  size_t p = 0, v = 0, star = std::string_view::npos, mark = 0;
  while (v < value.size()) {
    bool quoted = p + 1 < pattern.size() && pattern[p] == '\\';
    if (quoted && pattern[p + 1] == value[v]) {
      p += 2, ++v;
    } else if (!quoted && p < pattern.size() && pattern[p] == '*') {
      star = p++, mark = v;
    } else if (!quoted && p < pattern.size() && (pattern[p] == '?' || pattern[p] == value[v])) {
      ++p, ++v;
    } else if (star != std::string_view::npos) {
      p = star + 1, v = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

void write_tags(Xml& xml, const Tags& tags) {
  if (tags.empty()) return;
  xml.in("tagSet", [&] {
    for (const auto& [key, value] : tags)
      xml.in("item", [&, &name = key, &text = value] {
        xml.text("key", name).text("value", text);
      });  // clang 14 captures no bindings
  });
}

Answer<Tags> read_tags(const Params& params, std::string_view name) {
  Tags tags;
  for (const Params& tag : params.structures(name)) {
    EMU_TRY(check_tag(tag.get("Key"), tag.get("Value")));
    if (!tags.emplace(tag.get("Key"), tag.get("Value")).second)
      return refusal("InvalidParameterValue",
                     fmt::format("Duplicate tag key '{}' specified.", tag.get("Key")));
  }
  if (tags.size() > kTagsEach)
    return refusal("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.");
  return tags;
}

Answer<std::map<std::string, Tags>> read_tag_specifications(const Params& params, std::string_view name) {
  std::map<std::string, Tags> by_type;
  for (const Params& specification : params.structures(name)) {
    const std::string& type = specification.get("ResourceType");
    if (type.empty())
      return refusal("InvalidParameterValue", "Tag specification resource type must have a value");
    Tags tags = EMU_TRY(read_tags(specification, "Tag"));
    if (!by_type.emplace(type, std::move(tags)).second)
      return refusal("InvalidParameterValue",
                     fmt::format("Tag specification for resource type '{}' was given twice", type));
  }
  return by_type;
}

Answer<Tags> read_tags_for(const Params& params, std::string_view type) {
  std::map<std::string, Tags> by_type = EMU_TRY(read_tag_specifications(params, "TagSpecification"));
  for (const auto& [given, tags] : by_type)
    if (given != type)
      return refusal("InvalidParameterValue",
                     fmt::format("'{}' is not a valid taggable resource type for this operation.", given));
  return by_type[std::string(type)];
}

std::vector<Filter> read_filters(const Params& params) {
  std::vector<Filter> filters;
  for (const Params& each : params.structures("Filter")) {
    Filter filter{each.get("Name"), each.list("Value"), false};
    filter.valued = !filter.values.empty() || !each.get("Value").empty();
    filters.push_back(std::move(filter));
  }
  return filters;
}

Answer<bool> passes_filters(const std::vector<Filter>& filters, const Tags& tags,
                            const FilterValues& values) {
  bool passes = true;
  for (const Filter& filter : filters) {
    const std::string& name = filter.name;
    if (!filter.valued)
      return refusal("InvalidParameterValue", fmt::format("The filter '{}' has no values", name));
    std::optional<std::vector<std::string>> actual;
    if (name.starts_with("tag:")) {
      auto tag = tags.find(name.substr(4));
      actual.emplace();
      if (tag != tags.end()) actual->push_back(tag->second);
    } else if (name == "tag-key" || name == "tag-value") {
      actual.emplace();
      for (const auto& [key, value] : tags) actual->push_back(name == "tag-key" ? key : value);
    } else {
      actual = values(name);
    }
    if (!actual) return refusal("InvalidParameterValue", fmt::format("The filter '{}' is invalid", name));
    passes = passes && any_matches(filter.values, *actual);
  }
  return passes;
}

std::string page_token(const std::string& last) {
  return to_base64(fmt::format("{}{}", kMark, last));
}

Answer<Page> page_of(const Params& params, const std::vector<std::string>& sorted, int64_t least,
                     int64_t most) {
  Page page{0, sorted.size(), ""};
  if (const std::string* token = params.find("NextToken"); token && !token->empty()) {
    auto last = from_base64(*token);
    if (!last || !last->starts_with(kMark))
      return refusal("InvalidParameterValue", "Unable to parse pagination token");
    page.first = std::upper_bound(sorted.begin(), sorted.end(), last->substr(kMark.size())) - sorted.begin();
  }
  if (const std::string* text = params.find("MaxResults")) {
    auto wanted = parse_int(*text);
    if (!wanted || *wanted < least || *wanted > most)
      return refusal(
          "InvalidParameterValue",
          fmt::format("Value ( {} ) for parameter maxResults is invalid. Expecting a value between {} "
                      "and {}.",
                      *text, least, most));
    page.last = std::min(sorted.size(), page.first + static_cast<size_t>(*wanted));
    if (page.last < sorted.size()) page.next = page_token(sorted[page.last - 1]);
  }
  return page;
}

Answer<const Remembered*> recall(const Account& account, const Call& call) {
  const std::string& token = call.params.get("ClientToken");
  if (token.empty()) return nullptr;
  if (token.size() > 64)
    return refusal("InvalidParameterValue",
                   "Value for parameter clientToken is invalid. It must be no longer than 64 characters.");
  auto found = account.tokens.find(token_key(call));
  if (found == account.tokens.end()) return nullptr;
  if (found->second.digest != digest_of(call))
    return refusal("IdempotentParameterMismatch",
                   "Arguments on this idempotent request are inconsistent with arguments used in previous "
                   "request(s).");
  return &found->second;
}

void remember(Account& account, const Call& call, Remembered answer) {
  if (call.params.get("ClientToken").empty()) return;
  answer.digest = digest_of(call);
  answer.at = account.now();
  account.tokens[token_key(call)] = std::move(answer);
}

Answer<bool> unless_dry_run(const Call& call) {
  if (!call.params.flag("DryRun")) return true;
  return refusal("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412);
}

Answer<bool> attribute_flag(const Params& params, const std::string& name) {
  const std::string& value = params.get(name + ".Value");
  if (equal_ignoring_case(value, "true")) return true;
  if (equal_ignoring_case(value, "false")) return false;
  return refusal("InvalidParameterValue",
                 fmt::format("Value ({}) for parameter {} is invalid. Expected true or false.", value, name));
}

std::string ec2_arn(const Account& account, std::string_view type, std::string_view id) {
  return fmt::format("arn:aws:ec2:{}:{}:{}/{}", account.settings.region, account.settings.account, type, id);
}

Answer<std::string> required(const Params& params, std::string_view name) {
  if (const std::string* value = params.find(name); value && !value->empty()) return *value;
  return refusal("MissingParameter", fmt::format("The request must contain the parameter {}", name));
}

}  // namespace spillway::emu
