#include "emu/imds.h"

#include <functional>

#include "base/crypto.h"
#include "base/text.h"
#include "emu/faults.h"
#include "emu/iam.h"
#include "emu/params.h"
#include "emu/vpc_parts.h"

// PUT /latest/api/token, then GET with the token:
//   /latest/meta-data/…                             the leaves of kLeaves, tags/instance/KEY, iam/…
//   /latest/dynamic/instance-identity/document, /signature, /pkcs7
//   /latest/user-data
// A folder lists its entries, one a line, those that are folders with a slash. Source: EC2 User Guide, "Use
// instance metadata". A token is known by the instance that asked for it.
namespace spillway::emu {
namespace {

constexpr int64_t kMaxTokenLife = 21600;
constexpr auto kCredentialLife = std::chrono::hours{6};

struct Visit {
  Account& account;
  const Instance& instance;
};
using Leaf = std::function<std::string(const Visit&)>;

net::Response plain(int status, std::string body, std::string_view type = "text/plain") {
  return {status, {{"Content-Type", std::string(type)}, {"Server", "EC2ws"}}, std::move(body)};
}
net::Response not_found() {
  return plain(404, "404 - Not Found\n");
}

std::string role_of(const Visit& visit) {
  auto profile = visit.account.profiles.find(visit.instance.launch.profile);
  return profile == visit.account.profiles.end() ? "" : profile->second.role;
}

std::string iam_info(const Visit& visit) {
  const InstanceProfile& profile = visit.account.profiles.find(visit.instance.launch.profile)->second;
  return Json::object({{"Code", "Success"},
                       {"LastUpdated", to_iso8601_seconds(visit.account.now())},
                       {"InstanceProfileArn", profile_arn(visit.account, profile)},
                       {"InstanceProfileId", profile.id}})
      .dump(2);
}

std::string credentials(const Visit& visit) {
  // As on EC2, the same credentials are shown until they come near their end.
  const AccessKey* current = nullptr;
  const std::string role = role_of(visit);
  auto known = visit.account.roles.find(role);
  if (known == visit.account.roles.end() || !trusts_service(known->second, "ec2.amazonaws.com"))
    return Json::object({{"Code", "AssumeRoleUnauthorizedAccess"},
                         {"Message", fmt::format("EC2 cannot assume the role {}. Please see documentation "
                                                 "about its trust policy.",
                                                 role)},
                         {"LastUpdated", to_iso8601_seconds(visit.account.now())}})
        .dump(2);
  for (const auto& [id, key] : visit.account.keys)
    if (key.is_role && key.session == visit.instance.id.value && key.principal == role && key.expires &&
        *key.expires - visit.account.now() > std::chrono::minutes{15} &&
        !is_expired_by_rule(visit.account, key))
      current = &key;
  if (!current) current = &issue_key(visit.account, role, visit.instance.id.value, kCredentialLife);
  return Json::object({{"Code", "Success"},
                       {"LastUpdated", to_iso8601_seconds(visit.account.now())},
                       {"Type", "AWS-HMAC"},
                       {"AccessKeyId", current->id},
                       {"SecretAccessKey", current->secret},
                       {"Token", current->token},
                       {"Expiration", to_iso8601_seconds(*current->expires)}})
      .dump(2);
}

std::string identity_document(const Visit& visit) {
  const Instance& instance = visit.instance;
  return Json::object({{"accountId", visit.account.settings.account},
                       {"architecture", "x86_64"},
                       {"availabilityZone", instance.zone},
                       {"billingProducts", nullptr},
                       {"devpayProductCodes", nullptr},
                       {"marketplaceProductCodes", nullptr},
                       {"imageId", instance.launch.image_id},
                       {"instanceId", instance.id.value},
                       {"instanceType", instance.launch.type},
                       {"kernelId", nullptr},
                       {"pendingTime", to_iso8601_seconds(instance.launched)},
                       {"privateIp", instance.private_ip},
                       {"ramdiskId", nullptr},
                       {"region", visit.account.settings.region},
                       {"version", "2017-09-30"}})
      .dump(2);
}

/// An HMAC of the document under a key that everybody can read here: it has the shape of a signature, and
/// proves nothing. AWS signs with RSA, and its certificates cannot verify this one.
std::string identity_signature(const Visit& visit) {
  return to_base64(hmac_sha256("the emulator's identity key", identity_document(visit)));
}

std::string instance_action(const Visit& visit) {
  return Json::object({{"action", "terminate"}, {"time", to_iso8601_seconds(*visit.instance.reclaimed)}})
      .dump();
}

std::string public_ip_of(const Visit& visit) {
  const Interface* interface = interface_of(visit.account, visit.instance);
  return interface ? public_address_of(visit.account, *interface).ip : "";
}

/// All leaves of this instance, by path under /latest/.
std::map<std::string, Leaf> tree_of(const Visit& visit) {
  std::map<std::string, Leaf> tree;
  auto meta = [&](const std::string& path, auto leaf) { tree["meta-data/" + path] = leaf; };
  meta("ami-id", [](const Visit& v) { return v.instance.launch.image_id; });
  meta("ami-launch-index", [](const Visit& v) { return std::to_string(v.instance.launch_index); });
  meta("hostname", [](const Visit& v) {
    std::string name = v.instance.private_ip;
    for (char& c : name) c = c == '.' ? '-' : c;
    return "ip-" + name + ".ec2.internal";
  });
  meta("instance-id", [](const Visit& v) { return v.instance.id.value; });
  meta("instance-life-cycle",
       [](const Visit& v) { return std::string(v.instance.launch.market == "spot" ? "spot" : "on-demand"); });
  meta("instance-type", [](const Visit& v) { return v.instance.launch.type; });
  meta("local-ipv4", [](const Visit& v) { return v.instance.private_ip; });
  meta("mac", [](const Visit& v) { return v.instance.mac; });
  meta("reservation-id", [](const Visit& v) { return v.instance.reservation_id; });
  meta("placement/availability-zone", [](const Visit& v) { return v.instance.zone; });
  meta("placement/region", [](const Visit& v) { return v.account.settings.region; });
  meta("services/domain", [](const Visit&) { return std::string("amazonaws.com"); });
  meta("services/partition", [](const Visit&) { return std::string("aws"); });
  const std::string interface = "network/interfaces/macs/" + visit.instance.mac + "/";
  meta(interface + "subnet-id", [](const Visit& v) { return v.instance.launch.subnet_id; });
  meta(interface + "vpc-id", [](const Visit& v) { return v.instance.vpc_id; });
  meta(interface + "local-ipv4s", [](const Visit& v) { return v.instance.private_ip; });
  if (std::string ip = public_ip_of(visit); !ip.empty()) {
    meta("public-ipv4", [ip](const Visit&) { return ip; });
    meta(interface + "public-ipv4s", [ip](const Visit&) { return ip; });
  }
  if (visit.instance.launch.metadata_tags == "enabled")
    for (const auto& [key, value] : visit.instance.tags)
      meta("tags/instance/" + key, [value = value](const Visit&) { return value; });
  if (visit.instance.reclaimed) {
    meta("spot/instance-action", instance_action);
    meta("spot/termination-time", [](const Visit& v) { return to_iso8601_seconds(*v.instance.reclaimed); });
  }
  if (visit.instance.rebalance)
    meta("events/recommendations/rebalance", [](const Visit& v) {
      return Json::object({{"noticeTime", to_iso8601_seconds(*v.instance.rebalance)}}).dump();
    });
  if (std::string role = role_of(visit); !role.empty()) {
    meta("iam/info", iam_info);
    meta("iam/security-credentials/" + role, credentials);
  }
  tree["dynamic/instance-identity/document"] = identity_document;
  tree["dynamic/instance-identity/signature"] = identity_signature;
  tree["dynamic/instance-identity/pkcs7"] = identity_signature;
  if (!visit.instance.launch.user_data.empty())
    tree["user-data"] = [](const Visit& v) { return v.instance.launch.user_data.str(); };
  return tree;
}

std::string listing(const std::map<std::string, Leaf>& tree, const std::string& folder) {
  std::string out, last;
  for (auto it = tree.lower_bound(folder); it != tree.end() && it->first.starts_with(folder); ++it) {
    std::string entry = it->first.substr(folder.size());
    size_t slash = entry.find('/');
    if (slash != std::string::npos) entry.resize(slash + 1);
    if (entry == last) continue;
    out += (out.empty() ? "" : "\n") + entry;
    last = entry;
  }
  return out;
}

net::Response give_token(Account& account, const net::Incoming& request, const Instance& instance) {
  if (net::find_header(request.headers, "x-forwarded-for")) return plain(403, "403 - Forbidden\n");
  const std::string* life = net::find_header(request.headers, "x-aws-ec2-metadata-token-ttl-seconds");
  auto seconds = life ? parse_int(*life) : std::nullopt;
  if (!seconds || *seconds < 1 || *seconds > kMaxTokenLife) return plain(400, "400 - Bad Request\n");
  std::erase_if(account.metadata_tokens,
                [&](const auto& entry) { return entry.second.expires <= account.now(); });
  std::string token = to_base64(random_bytes(42));
  account.metadata_tokens[token] = {instance.id.value, account.now() + std::chrono::seconds{*seconds}};
  net::Response response = plain(200, token);
  response.headers.push_back({"X-aws-ec2-metadata-token-ttl-seconds", std::to_string(*seconds)});
  return response;
}

/// IMDSv2 needs a token; without one, instances that still take version 1 are served.
bool may_read(const Account& account, const net::Incoming& request, const Instance& instance) {
  const std::string* token = net::find_header(request.headers, "x-aws-ec2-metadata-token");
  if (!token) return instance.launch.http_tokens == "optional";
  auto known = account.metadata_tokens.find(*token);
  return known != account.metadata_tokens.end() && known->second.instance == instance.id.value &&
         known->second.expires > account.now();
}

}  // namespace

const AccessKey& issue_key(Account& account, const std::string& role, const std::string& session,
                           Duration life) {
  AccessKey key;
  std::string serial = account.make_id("ASIA");
  for (char& c : serial) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  key.id = serial.substr(0, 4) + serial.substr(5);
  key.secret = to_base64(random_bytes(30));
  key.token = to_base64(random_bytes(120));
  key.principal = role;
  key.is_role = true;
  key.session = session;
  key.issued = account.now();
  key.expires = key.issued + life;
  return account.keys[key.id] = key;
}

net::Response answer_metadata(Account& account, const net::Incoming& request) {
  auto owner = account.instance_by_ip.find(request.peer);
  if (owner == account.instance_by_ip.end()) return not_found();
  const Instance& instance = account.instances.find(owner->second)->second;
  if (instance.launch.http_endpoint == "disabled") return plain(403, "403 - Forbidden\n");
  std::string path = percent_decoded(request.target.substr(0, request.target.find('?')), false);
  if (auto silence = metadata_silence(account, instance, path))
    return *silence ? plain(*silence, "The service is not available\n") : net::Response{0, {}, {}};
  if (path == "/latest/api/token")
    return request.method == "PUT" ? give_token(account, request, instance)
                                   : plain(405, "405 - Method Not Allowed\n");
  if (request.method != "GET" && request.method != "HEAD") return plain(405, "405 - Method Not Allowed\n");
  if (!may_read(account, request, instance)) return plain(401, "401 - Unauthorized\n");
  constexpr std::string_view kRoot = "/latest/";
  if (!path.starts_with(kRoot)) return path == "/" || path == "/latest" ? plain(200, "latest") : not_found();
  path = path.substr(kRoot.size());
  Visit visit{account, instance};
  std::map<std::string, Leaf> tree = tree_of(visit);
  if (auto leaf = tree.find(path); leaf != tree.end())
    return plain(200, leaf->second(visit), path.starts_with("dynamic") ? "application/json" : "text/plain");
  if (!path.empty() && !path.ends_with('/')) path += '/';
  std::string entries = listing(tree, path);
  return entries.empty() ? not_found() : plain(200, entries);
}

}  // namespace spillway::emu
