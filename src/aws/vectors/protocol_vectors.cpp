// Runs botocore's protocol tests from a folder through debug_serialize() and debug_parse(), but for those on
// the folder's own ignore list.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <pugixml.hpp>
#include <set>

#include "aws/debug.h"
#include "aws/encode.h"
#include "aws/vectors/tally.h"
#include "base/file.h"
#include "base/text.h"

namespace fs = std::filesystem;
using namespace spillway;  // NOLINT: a program of one file

namespace {

// Integers and floats of one value are the same; members may come in any order.
bool same(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) return std::abs(a.as_double() - b.as_double()) < 1e-6;
  if (a.is_array() && b.is_array()) return std::ranges::equal(a.items(), b.items(), same);
  if (!a.is_object() || !b.is_object()) return a == b;
  return a.size() == b.size() && std::ranges::all_of(a.members(), [&](const Json::Member& member) {
           const Json* other = b.find(member.first);
           return other && same(member.second, *other);
         });
}

// An XML element as a tree of lists, members sorted.
Json canonical(const pugi::xml_node& node) {
  std::vector<std::string> parts;
  for (const auto& attribute : node.attributes())
    parts.push_back(fmt::format("@{}={}", attribute.name(), attribute.value()));
  for (const auto& child : node.children())
    parts.push_back(child.type() == pugi::node_element ? canonical(child).dump()
                                                       : std::string(child.value()));
  std::ranges::sort(parts);
  Json out = Json::array({node.name()});
  for (const std::string& part : parts) out.push(part);
  return out;
}

Json xml(const std::string& text) {
  pugi::xml_document document;
  document.load_string(text.c_str());
  return canonical(document.document_element());
}

std::multiset<std::string> parameters(const std::string& form) {
  std::multiset<std::string> out;
  for (const auto part : split(form, '&')) {
    const size_t equals = std::min(part.find('='), part.size());
    out.insert(aws::percent_decode(part.substr(0, equals)) + "\n" +
               aws::percent_decode(part.substr(std::min(equals + 1, part.size()))));
  }
  return out;
}

bool same_body(const std::string& protocol, const std::string& wanted, const std::string& made) {
  if (wanted == made) return true;
  if (protocol == "ec2" || protocol == "query") return parameters(wanted) == parameters(made);
  if (protocol == "rest-xml") return made.starts_with("<") && xml(wanted) == xml(made);
  const auto a = Json::parse(wanted), b = Json::parse(made);
  return a && b && same(*a, *b);
}

const Json* member_in_any_case(const Json& object, const std::string& name) {
  for (const auto& [key, value] : object.members())
    if (equal_ignoring_case(key, name)) return &value;
  return nullptr;
}

// What differs between a serialized request and the vector; "" when nothing does.
std::string difference(const Json& wanted, const Json& made, const std::string& protocol) {
  if (made["method"] != wanted["method"]) return "method " + made["method"].as_string();
  const std::string &uri = made["uri"].as_string(), &wanted_uri = wanted["uri"].as_string();
  const auto path = [](const std::string& text) { return text.substr(0, text.find('?')); };
  const auto query = [](const std::string& text) {
    const size_t at = text.find('?');
    return at == std::string::npos ? "" : text.substr(at + 1);
  };
  if (path(uri) != path(wanted_uri) || parameters(query(uri)) != parameters(query(wanted_uri)))
    return "uri " + uri + ", want " + wanted_uri;
  if (wanted.contains("host") && made["host"] != wanted["host"] &&
      made["host"].as_string() + made["uri"].as_string() != wanted["host"].as_string() + uri)
    return "host " + made["host"].as_string();
  for (const auto& [name, value] : wanted["headers"].members()) {
    const Json* found = member_in_any_case(made["headers"], name);
    const std::string text = found ? found->as_string() : "(none)";
    // A charset after the media type says nothing else.
    if (text != value.as_string() && !text.starts_with(value.as_string() + ";"))
      return fmt::format("header {} is {}, want {}", name, text, value.as_string());
  }
  for (const Json& name : wanted["forbidHeaders"].items())
    if (member_in_any_case(made["headers"], name.as_string())) return "has header " + name.as_string();
  for (const Json& name : wanted["requireHeaders"].items())
    if (name.as_string() != "Content-Length" && !member_in_any_case(made["headers"], name.as_string()))
      return "lacks header " + name.as_string();
  if (wanted.contains("body") && !same_body(protocol, wanted["body"].as_string(), made["body"].as_string()))
    return "body " + made["body"].as_string() + ", want " + wanted["body"].as_string();
  return "";
}

std::string parsed_difference(const Json& one, const Json& made) {
  if (one.contains("result"))
    return same(one["result"], made["result"]) ? "" : made.dump() + ", want " + one["result"].dump();
  if (one.contains("errorCode") && one["errorCode"] != made["errorCode"]) return "code in " + made.dump();
  if (one.contains("errorMessage") && one["errorMessage"] != made["errorMessage"])
    return "message in " + made.dump();
  if (one.contains("error") && !same(one["error"], made["error"]))
    return made.dump() + ", want error " + one["error"].dump();
  return "";
}

bool ignored(const Json& list, const std::string& protocol, const std::string& direction, const Json& suite,
             const std::string& id) {
  const auto has = [](const Json& names, const std::string& name) {
    return std::ranges::any_of(names.items(), [&](const Json& item) { return item.as_string() == name; });
  };
  for (const Json* scope : {&list["general"], &list["protocols"][protocol]})
    if (has((*scope)[direction]["suites"], suite["description"].as_string()) ||
        has((*scope)[direction]["cases"], id))
      return true;
  return false;
}

void run(aws::Tally& tally, const Json& ignore, const fs::path& file, const std::string& direction) {
  const auto suites = Json::parse(*read_file(file));
  if (!suites) return tally.failed(file, suites.error().what);
  const std::string protocol = file.stem();
  for (const Json& suite : suites->items()) {
    for (const Json& one : suite["cases"].items()) {
      const std::string id = one["id"].as_string();
      if (ignored(ignore, protocol, direction, suite, id)) {
        tally.left_out();
        continue;
      }
      Json input = suite;
      input.erase("cases");
      input.set("case", one);
      const auto made = direction == "input" ? aws::debug_serialize(input) : aws::debug_parse(input);
      const std::string found = !made                  ? made.error().what
                                : direction == "input" ? difference(one["serialized"], *made, protocol)
                                                       : parsed_difference(one, *made);
      if (found.empty())
        tally.passed();
      else
        tally.failed(protocol + " " + direction + " " + id, found);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const fs::path folder = argc > 1 ? argv[1] : "";
  if (!fs::is_directory(folder)) return aws::skip(folder);
  const auto ignore = Json::parse(*read_file(folder / "protocol-tests-ignore-list.json"));
  aws::Tally tally("protocols");
  for (const std::string direction : {"input", "output"})
    for (const char* protocol : {"ec2", "query", "json", "json_1_0", "rest-json", "rest-xml"})
      run(tally, *ignore, folder / direction / (std::string(protocol) + ".json"), direction);
  return tally.finish();
}
