#include "emu/seed.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/crypto.h"
#include "base/text.h"
#include "emu/vpc_parts.h"

// A seed is an object of arrays, each optional. Members marked * are required; "tags" is an object of
// strings.
//
//   vpcs               {id*, cidr*, tags}
//   subnets            {id*, vpc*, cidr*, zone*, tags}
//   security_groups    {id*, vpc*, name*, description, tags}
//   images             {id*, name*, architecture, root_device, owner, owner_alias, tags}
//   users              {name*, id, access_keys: [{id*, secret*}], policies: [{name*, document*}]}
//                      a user without "policies" may do everything
//   roles              {name*, id (AROA…), trust, policies: [{name*, document*}]}
//   instance_profiles  {name*, id, role*}
//   buckets            {name*, objects: [{key*, body | body_base64, content_type}]}
//   parameters         {name*, value*, type (String, StringList, SecureString)}
//
// Ids that are left out are made up. Everything in a seed must be new.
namespace spillway::emu {
namespace {

enum class Type { text, object, list };
struct Member {
  std::string_view name;
  Type type = Type::text;
  bool required = false;
};
using Members = std::vector<Member>;

Error bad(const std::string& path, std::string_view problem) {
  return Error{Kind::invalid, fmt::format("seed: {}: {}", path, problem)};
}

Result<void> check_members(const Json& item, const std::string& path, const Members& known) {
  if (!item.is_object()) return bad(path, fmt::format("want an object, found {}", item.type_name()));
  std::vector<std::string> names;
  for (const Member& member : known) names.emplace_back(member.name);
  for (const auto& [key, value] : item.members()) {
    auto member =
        std::find_if(known.begin(), known.end(), [&name = key](const Member& m) { return m.name == name; });
    if (member == known.end())
      return bad(path,
                 fmt::format("unknown key '{}'{}", key,
                             nearest(key, names) ? ", did you mean '" + *nearest(key, names) + "'?" : ""));
    bool right = member->type == Type::text     ? value.is_string()
                 : member->type == Type::object ? value.is_object()
                                                : value.is_array();
    if (!right) return bad(path + "." + key, fmt::format("wrong type: {}", value.type_name()));
  }
  for (const Member& member : known)
    if (member.required && !item.contains(member.name))
      return bad(path, fmt::format("'{}' is missing", member.name));
  return {};
}

Result<Tags> tags_in(const Json& item, const std::string& path) {
  Tags tags;
  for (const auto& [key, value] : item["tags"].members()) {
    if (!value.is_string()) return bad(path + ".tags." + key, "want a string");
    tags[key] = value.as_string();
  }
  return tags;
}

Result<void> check_cidr(const std::string& cidr, const std::string& path) {
  size_t slash = cidr.find('/');
  in_addr address{};
  auto bits = slash == std::string::npos ? std::nullopt : parse_int(cidr.substr(slash + 1));
  if (!bits || *bits < 8 || *bits > 28 || inet_pton(AF_INET, cidr.substr(0, slash).c_str(), &address) != 1)
    return bad(path, fmt::format("'{}' is no IPv4 network between /8 and /28", cidr));
  return {};
}

template <class Map, class Value>
Result<void> add(Map& map, const std::string& id, Value value, const std::string& path) {
  if (!map.emplace(id, std::move(value)).second) return bad(path, fmt::format("'{}' exists already", id));
  return {};
}

struct Seeder {
  Account& account;

  std::string unique(const Json& given, std::string_view prefix) {
    if (given.is_string()) return given.as_string();
    std::string id = account.make_id(prefix);
    for (char& c : id) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    return id.substr(0, 21);
  }

  Result<std::vector<Policy>> policies(const Json& list, const std::string& path) {
    std::vector<Policy> out;
    for (size_t i = 0; i < list.size(); ++i) {
      std::string at = fmt::format("{}.policies[{}]", path, i);
      TRY(check_members(list.at(i), at, {{"name", Type::text, true}, {"document", Type::object, true}}));
      const Json& document = list.at(i)["document"];
      const Json& statements = document["Statement"];
      if (!statements.is_array() && !statements.is_object())
        return bad(at + ".document", "'Statement' is missing");
      for (const Json& statement : statements.is_object() ? Json::Array{statements} : statements.items()) {
        const std::string& effect = statement["Effect"].as_string();
        if (effect != "Allow" && effect != "Deny")
          return bad(at + ".document", "Effect must be Allow or Deny");
        if (!statement.contains("Action") && !statement.contains("NotAction"))
          return bad(at + ".document", "a statement lacks its Action");
        if (!statement.contains("Resource") && !statement.contains("NotResource"))
          return bad(at + ".document", "a statement lacks its Resource");
      }
      out.push_back({list.at(i)["name"].as_string(), document});
    }
    return out;
  }

  Result<void> vpc(const Json& item, const std::string& path) {
    TRY(check_members(item, path,
                      {{"id", Type::text, true}, {"cidr", Type::text, true}, {"tags", Type::object}}));
    TRY(check_cidr(item["cidr"].as_string(), path + ".cidr"));
    Vpc made;
    made.id = item["id"].as_string(), made.cidr = item["cidr"].as_string();
    made.tags = TRY(tags_in(item, path));
    TRY(add(account.vpcs, made.id, made, path));
    furnish(account, account.vpcs[made.id]);
    return {};
  }

  Result<void> subnet(const Json& item, const std::string& path) {
    TRY(check_members(item, path,
                      {{"id", Type::text, true},
                       {"vpc", Type::text, true},
                       {"cidr", Type::text, true},
                       {"zone", Type::text, true},
                       {"tags", Type::object}}));
    TRY(check_cidr(item["cidr"].as_string(), path + ".cidr"));
    if (!account.vpcs.contains(item["vpc"].as_string())) return bad(path + ".vpc", "no such VPC");
    Subnet made;
    made.id = item["id"].as_string(), made.vpc_id = item["vpc"].as_string();
    made.cidr = item["cidr"].as_string(), made.zone = item["zone"].as_string();
    made.tags = TRY(tags_in(item, path));
    return add(account.subnets, made.id, made, path);
  }

  Result<void> security_group(const Json& item, const std::string& path) {
    TRY(check_members(item, path,
                      {{"id", Type::text, true},
                       {"vpc", Type::text, true},
                       {"name", Type::text, true},
                       {"description"},
                       {"tags", Type::object}}));
    if (!account.vpcs.contains(item["vpc"].as_string())) return bad(path + ".vpc", "no such VPC");
    Tags tags = TRY(tags_in(item, path));
    SecurityGroup made{item["id"].as_string(), item["vpc"].as_string(), item["name"].as_string(),
                       item["description"].as_string(), std::move(tags)};
    TRY(add(account.security_groups, made.id, made, path));
    allow_all_egress(account, made.id);
    return {};
  }

  Result<void> image(const Json& item, const std::string& path) {
    TRY(check_members(item, path,
                      {{"id", Type::text, true},
                       {"name", Type::text, true},
                       {"architecture"},
                       {"root_device"},
                       {"owner"},
                       {"owner_alias"},
                       {"tags", Type::object}}));
    Image made;
    made.id = item["id"].as_string(), made.name = item["name"].as_string();
    if (item.contains("architecture")) made.architecture = item["architecture"].as_string();
    if (item.contains("root_device")) made.root_device = item["root_device"].as_string();
    made.owner = item["owner"].as_string(), made.owner_alias = item["owner_alias"].as_string();
    made.tags = TRY(tags_in(item, path));
    return add(account.images, made.id, made, path);
  }

  Result<void> user(const Json& item, const std::string& path) {
    TRY(check_members(
        item, path,
        {{"name", Type::text, true}, {"id"}, {"access_keys", Type::list}, {"policies", Type::list}}));
    Principal made;
    made.name = item["name"].as_string();
    made.unique_id = unique(item["id"], "AIDA");
    made.created = account.now();
    made.everything = !item.contains("policies");
    made.policies = TRY(policies(item["policies"], path));
    for (size_t i = 0; i < item["access_keys"].size(); ++i) {
      const Json& key = item["access_keys"].at(i);
      std::string at = fmt::format("{}.access_keys[{}]", path, i);
      TRY(check_members(key, at, {{"id", Type::text, true}, {"secret", Type::text, true}}));
      AccessKey kept;
      kept.id = key["id"].as_string(), kept.secret = key["secret"].as_string(), kept.principal = made.name;
      TRY(add(account.keys, kept.id, kept, at));
    }
    return add(account.users, made.name, made, path);
  }

  Result<void> role(const Json& item, const std::string& path) {
    TRY(check_members(
        item, path, {{"name", Type::text, true}, {"id"}, {"trust", Type::object}, {"policies", Type::list}}));
    Principal made;
    made.is_role = true;
    made.name = item["name"].as_string();
    made.unique_id = unique(item["id"], "AROA");
    made.created = account.now();
    made.trust = item["trust"];
    made.policies = TRY(policies(item["policies"], path));
    return add(account.roles, made.name, made, path);
  }

  Result<void> instance_profile(const Json& item, const std::string& path) {
    TRY(check_members(item, path, {{"name", Type::text, true}, {"id"}, {"role", Type::text, true}}));
    if (!account.roles.contains(item["role"].as_string())) return bad(path + ".role", "no such role");
    InstanceProfile made;
    made.name = item["name"].as_string(), made.id = unique(item["id"], "AIPA");
    made.role = item["role"].as_string(), made.created = account.now();
    return add(account.profiles, made.name, made, path);
  }

  Result<void> bucket(const Json& item, const std::string& path) {
    TRY(check_members(item, path, {{"name", Type::text, true}, {"objects", Type::list}}));
    Bucket made;
    made.name = item["name"].as_string(), made.region = account.settings.region;
    made.created = account.now();
    for (size_t i = 0; i < item["objects"].size(); ++i) {
      const Json& object = item["objects"].at(i);
      std::string at = fmt::format("{}.objects[{}]", path, i);
      TRY(check_members(object, at,
                        {{"key", Type::text, true}, {"body"}, {"body_base64"}, {"content_type"}}));
      std::string body = object["body"].as_string();
      if (object.contains("body_base64")) body = TRY(from_base64(object["body_base64"].as_string()));
      Object kept;
      kept.etag = to_hex(md5(body));
      kept.content = std::make_shared<const std::string>(std::move(body));
      kept.content_type =
          object.contains("content_type") ? object["content_type"].as_string() : "binary/octet-stream";
      kept.modified = account.now();
      TRY(add(made.objects, object["key"].as_string(), kept, at));
    }
    return add(account.buckets, made.name, made, path);
  }

  Result<void> parameter(const Json& item, const std::string& path) {
    TRY(check_members(item, path, {{"name", Type::text, true}, {"value", Type::text, true}, {"type"}}));
    Parameter made;
    made.name = item["name"].as_string(), made.value = item["value"].as_string();
    made.type = item.contains("type") ? item["type"].as_string() : "String";
    made.modified = account.now();
    return add(account.parameters, made.name, made, path);
  }

  Result<void> all(const Json& document) {
    using Add = Result<void> (Seeder::*)(const Json&, const std::string&);
    static const std::pair<const char*, Add> kKinds[] = {// in an order in which nothing refers forward
                                                         {"vpcs", &Seeder::vpc},
                                                         {"subnets", &Seeder::subnet},
                                                         {"security_groups", &Seeder::security_group},
                                                         {"images", &Seeder::image},
                                                         {"users", &Seeder::user},
                                                         {"roles", &Seeder::role},
                                                         {"instance_profiles", &Seeder::instance_profile},
                                                         {"buckets", &Seeder::bucket},
                                                         {"parameters", &Seeder::parameter}};
    Members known;
    for (const auto& [name, add] : kKinds) known.push_back({name, Type::list});
    TRY(check_members(document, "document", known));
    for (const auto& [name, add] : kKinds)
      for (size_t i = 0; i < document[name].size(); ++i)
        TRY((this->*add)(document[name].at(i), fmt::format("{}[{}]", name, i)));
    return {};
  }
};

}  // namespace

Result<void> seed_account(Account& account, const Json& document) {
  // On failure the tables that a seed can touch are put back.
  ++account.network_version;
  const auto networks = std::tuple(account.security_group_rules, account.route_tables, account.dhcp_options);
  auto kept =
      std::tuple(account.vpcs, account.subnets, account.security_groups, account.images, account.users,
                 account.roles, account.profiles, account.keys, account.buckets, account.parameters);
  auto seeded = Seeder{account}.all(document);
  if (!seeded) std::tie(account.security_group_rules, account.route_tables, account.dhcp_options) = networks;
  if (!seeded)
    std::tie(account.vpcs, account.subnets, account.security_groups, account.images, account.users,
             account.roles, account.profiles, account.keys, account.buckets, account.parameters) =
        std::move(kept);
  return seeded;
}

Json example_seed() {
  auto found = Json::parse(R"({
  "vpcs": [{"id": "vpc-0a11ce00000000001", "cidr": "172.31.0.0/16", "tags": {"Name": "burst"}}],
  "subnets": [{"id": "subnet-0a11ce00000000001", "vpc": "vpc-0a11ce00000000001", "cidr": "172.31.16.0/20", "zone": "us-east-1a"},
              {"id": "subnet-0a11ce00000000002", "vpc": "vpc-0a11ce00000000001", "cidr": "172.31.32.0/20", "zone": "us-east-1b"}],
  "security_groups": [{"id": "sg-0a11ce00000000001", "vpc": "vpc-0a11ce00000000001", "name": "burst-nodes"}],
  "images": [{"id": "ami-0a11ce00000000001", "name": "debian-12-amd64"}],
  "users": [{"name": "admin", "access_keys": [{"id": "AKIASPILLWAYEXAMPLE1", "secret": "spillway-example-secret-key-0000000000001"}]}],
  "roles": [{"name": "slurm-node", "id": "AROASPILLWAYEXAMPLE01", "policies": []}],
  "instance_profiles": [{"name": "slurm-node", "role": "slurm-node"}],
  "buckets": [{"name": "slurm-burst-data"}]
})");
  return *std::move(found);
}

}  // namespace spillway::emu
