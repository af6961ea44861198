#include "staging/job_access.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "staging/job_codes.h"

namespace spillway::staging {
namespace {

constexpr size_t kLongestPolicy = 2048;  // characters, AWS's limit
constexpr auto kSession = std::chrono::hours{1};

Json list(const std::vector<std::string>& words) {
  return Json(Json::Array(words.begin(), words.end()));
}

std::vector<std::string> arns(std::string_view bucket, const std::vector<std::string>& prefixes) {
  std::vector<std::string> out;
  for (const std::string& prefix : prefixes)
    out.push_back(fmt::format("arn:aws:s3:::{}/{}*", bucket, prefix));
  return out;
}

Json allow(const std::vector<std::string>& actions, Json resource) {
  return Json::object({{"Effect", "Allow"}, {"Action", list(actions)}, {"Resource", std::move(resource)}});
}

/// Letters that STS takes in a session's name, at most 64.
std::string session_name(std::string_view what, const JobRun& run) {
  std::string out = fmt::format("{}-{}-{}", what, run.uid, run.id());
  std::replace(out.begin(), out.end(), '/', '-');
  return out.substr(0, 64);
}

Json policy_of(std::string_view bucket, const Grant& grant) {
  std::vector<std::string> listed, all = grant.write;
  all.insert(all.end(), grant.read.begin(), grant.read.end());
  for (const std::string& prefix : all) listed.push_back(prefix + "*");
  Json::Array statements;
  statements.push_back(allow({"s3:GetObject"}, list(arns(bucket, all))));
  if (!grant.write.empty())
    statements.push_back(allow({"s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"},
                               list(arns(bucket, grant.write))));
  Json listing = allow({"s3:ListBucket"}, Json(fmt::format("arn:aws:s3:::{}", bucket)));
  listing.set("Condition", Json::object({{"StringLike", Json::object({{"s3:prefix", list(listed)}})}}));
  statements.push_back(std::move(listing));
  return Json::object({{"Version", "2012-10-17"}, {"Statement", Json(std::move(statements))}});
}

}  // namespace

Grant grant_upload(const JobRun& run, std::string_view, const Item& input) {
  return {.write = {input.prefix}, .session = session_name("in", run)};
}

Grant grant_node(const JobData& job, std::string_view cluster) {
  Grant out{.write = {run_prefix(cluster, job.run)}, .session = session_name("node", job.run)};
  std::set<std::string> inputs;
  for (const Item& item : job.items)
    if (item.direction == Direction::in && !item.prefix.empty()) inputs.insert(item.prefix);
  out.read.assign(inputs.begin(), inputs.end());
  return out;
}

Grant grant_pull(const JobRun& run, std::string_view cluster) {
  return {.read = {run_prefix(cluster, run)}, .session = session_name("out", run)};
}

Result<Json> session_policy(std::string_view bucket, const Grant& grant) {
  Json policy = policy_of(bucket, grant);
  if (const size_t size = policy.dump().size(); size > kLongestPolicy)
    return Error{Kind::invalid, kPolicyTooLong,
                 fmt::format("the policy of {} has {} characters", grant.session, size)};
  return policy;
}

Result<aws::Credentials> StsAccess::issue(const Grant& grant, Deadline deadline) {
  if (role_arn_.empty()) return Error{Kind::invalid, kNoStageRole, "no role for staging is known"};
  const Json policy = TRY(session_policy(bucket_, grant));
  const Json answer = TRY(client_.call("sts", "AssumeRole",
                                       Json::object({{"RoleArn", role_arn_},
                                                     {"RoleSessionName", grant.session},
                                                     {"DurationSeconds", int64_t{3600}},
                                                     {"Policy", policy.dump()}}),
                                       deadline));
  const Json& given = answer["Credentials"];
  aws::Credentials out{.access_key_id = given["AccessKeyId"].as_string(),
                       .secret_access_key = Secret(given["SecretAccessKey"].as_string()),
                       .session_token = Secret(given["SessionToken"].as_string()),
                       .source = "session " + grant.session};
  const auto expires = parse_iso8601(given["Expiration"].as_string());
  out.expires = expires ? *expires : clock_.now() + kSession;
  if (out.access_key_id.empty()) return Error{Kind::internal, "STS gave a session without a key"};
  return out;
}

std::string order_key(std::string_view cluster, std::string_view role_id, std::string_view instance,
                      int64_t job) {
  return fmt::format("{}/release/{}:{}/job-{}.json", cluster, role_id, instance, job);
}

Json to_json(const aws::Credentials& credentials) {
  return Json::object({{"access_key_id", credentials.access_key_id},
                       {"secret_access_key", credentials.secret_access_key.reveal()},
                       {"session_token", credentials.session_token.reveal()},
                       {"expires", credentials.expires ? Json(to_iso8601(*credentials.expires)) : Json()}});
}

Result<aws::Credentials> credentials_of(const Json& json) {
  aws::Credentials out{.access_key_id = json["access_key_id"].as_string(),
                       .secret_access_key = Secret(json["secret_access_key"].as_string()),
                       .session_token = Secret(json["session_token"].as_string()),
                       .source = "staging session"};
  if (out.access_key_id.empty() || out.secret_access_key.empty())
    return Error{Kind::invalid, kBadOrder, "the order has no session"};
  if (json["expires"].is_string()) out.expires = TRY(parse_iso8601(json["expires"].as_string()));
  return out;
}

std::string to_text(const NodeOrder& order) {
  Json job = to_json(order.job);
  job.set("array", order.job.run.array);
  job.set("task", order.job.run.task ? Json(*order.job.run.task) : Json());
  job.set("gid", static_cast<int64_t>(order.job.gid));
  job.set("folder", order.job.folder);
  return Json::object({{"schema", "spillway.stage-order/v1"},
                       {"cluster", order.cluster},
                       {"bucket", order.bucket},
                       {"region", order.region},
                       {"session", to_json(order.session)},
                       {"job", std::move(job)}})
             .dump() +
         "\n";
}

Result<NodeOrder> read_order(std::string_view text) {
  const Json json = TRY(Json::parse(text));
  const Json& job = json["job"];
  if (json["schema"].as_string() != "spillway.stage-order/v1" || job["job_id"].as_int() <= 0)
    return Error{Kind::invalid, kBadOrder, "the order is not spillway.stage-order/v1"};
  NodeOrder out{.cluster = json["cluster"].as_string(),
                .bucket = json["bucket"].as_string(),
                .region = json["region"].as_string(),
                .session = TRY(credentials_of(json["session"]))};
  out.job.run = {.job = job["job_id"].as_int(),
                 .array = job["array"].as_int(),
                 .task = job["task"].is_int() ? std::optional(job["task"].as_int()) : std::nullopt,
                 .uid = static_cast<uid_t>(job["uid"].as_int()),
                 .restart = job["restart"].as_int(),
                 .attempt = job["attempt"].as_int()};
  out.job.gid = static_cast<gid_t>(job["gid"].as_int());
  out.job.user = job["user"].as_string();
  out.job.folder = job["folder"].as_string();
  for (const Json& node : job["nodes"].items()) out.job.nodes.emplace_back(node.as_string());
  for (const Json& one : job["items"].items()) {
    Item item{.direction = one["direction"].as_string() == "in" ? Direction::in : Direction::out,
              .number = static_cast<int>(one["number"].as_int()),
              .source = one["source"].as_string(),
              .target = one["target"].as_string(),
              .when = one["on"].as_string() == "success" ? When::success : When::always,
              .prefix = one["prefix"].as_string()};
    const auto state = item_state(one["state"].as_string());
    if (!state || item.prefix.empty())
      return Error{Kind::invalid, kBadOrder, "an item of the order is incomplete"};
    item.state = *state;
    out.job.items.push_back(std::move(item));
  }
  return out;
}

}  // namespace spillway::staging
