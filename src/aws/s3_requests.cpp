#include "aws/s3_requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "aws/encode.h"
#include "aws/errors.h"
#include "aws/s3_xml.h"
#include "aws/values.h"
#include "base/crypto.h"
#include "base/text.h"

namespace spillway::aws {
namespace {

double kernel_random() {
  static thread_local std::mt19937_64 engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(engine);
}

// S3 counts throttled requests by the second: waiting a tenth of one is enough to begin with.
constexpr Duration kFirstWait = std::chrono::milliseconds{100};
constexpr int kMostRenewals = 3;  // of credentials, in one request's life

std::string stamp_of(Time time) {
  std::string out = to_iso8601_seconds(time);
  std::erase(out, '-');
  std::erase(out, ':');
  return out;
}

std::string query_of(std::vector<std::pair<std::string, std::string>> parameters) {
  std::string out;
  for (auto& [name, value] : parameters) name = percent_encode(name), value = percent_encode(value);
  std::ranges::sort(parameters);
  for (const auto& [name, value] : parameters)
    out.append(out.empty() ? "" : "&").append(name).append("=").append(value);
  return out;
}

// What the transfer spoiled is worth sending again.
bool was_spoiled(std::string_view code) {
  return code == "BadDigest" || code == "XAmzContentSHA256Mismatch" ||
         code == "XAmzContentChecksumMismatch" || code == "IncompleteBody";
}

}  // namespace

S3Requests::S3Requests(net::Exchange& exchange, CredentialsProvider& credentials, Clock& clock,
                       S3Settings settings)
    : exchange_(exchange), credentials_(credentials), clock_(clock), settings_([&] {
        if (!settings.random) settings.random = kernel_random;
        if (!settings.slowed_down) settings.slowed_down = [] {};
        return std::move(settings);
      }()) {
  const auto described = builtin_model("s3");
  if (!described) return;  // a defect: it is built in
  const Model& model = **described;
  const Endpoint endpoint = endpoint_for(model, settings_.region, settings_.endpoints);
  Wire wire;
  wire.path = "/" + settings_.bucket;
  Url url = split_url(address(model, endpoint, wire));
  if (url.path == "/") url.path.clear();
  base_path_ = url.path;
  base_ = url.str();
  const std::string_view usual = url.scheme == "https" ? ":443" : ":80";
  host_ = url.authority;
  if (host_.ends_with(usual)) host_.resize(host_.size() - usual.size());
}

std::string S3Requests::signing_key(const Credentials& credentials, const std::string& day) {
  const std::string of = day + credentials.access_key_id + credentials.secret_access_key.reveal();
  const std::lock_guard lock(mutex_);
  if (key_of_ == of) return key_;
  std::string key = hmac_sha256("AWS4" + credentials.secret_access_key.reveal(), day);
  for (const std::string_view part :
       {std::string_view(settings_.region), std::string_view("s3"), std::string_view("aws4_request")})
    key = hmac_sha256(key, part);
  key_of_ = of;
  return key_ = key;
}

/// As sign() in sigv4.h does, for S3's few headers, with the day's key kept: ten thousand small files are ten
/// thousand signatures.
net::Request S3Requests::signed_request(const S3Ask& ask, const Credentials& credentials) {
  const std::string stamp = stamp_of(clock_.now() + Duration{clock_offset_us_.load()});
  const std::string day = stamp.substr(0, 8);
  const std::string path = percent_encode(ask.key, "/"), query = query_of(ask.query);
  net::Request request;
  request.method = ask.method;
  request.url = base_ + "/" + path + (query.empty() ? "" : "?" + query);
  request.headers = ask.headers;
  const std::string digest(ask.sha256.empty() ? "UNSIGNED-PAYLOAD" : ask.sha256);
  request.headers.push_back({"x-amz-content-sha256", digest});
  request.headers.push_back({"x-amz-date", stamp});
  if (!credentials.session_token.empty())
    request.headers.push_back({"x-amz-security-token", credentials.session_token.reveal()});
  std::vector<std::pair<std::string, std::string_view>> sorted{{"host", host_}};
  for (const net::Header& header : request.headers) sorted.emplace_back(to_lower(header.name), header.value);
  std::ranges::sort(sorted);
  std::string canonical = fmt::format("{}\n{}/{}\n{}\n", ask.method, base_path_, path, query), names;
  for (const auto& [name, value] : sorted) {
    canonical.append(name).append(":").append(value).append("\n");
    names.append(names.empty() ? "" : ";").append(name);
  }
  canonical.append("\n").append(names).append("\n").append(digest);
  const std::string scope = fmt::format("{}/{}/s3/aws4_request", day, settings_.region);
  const std::string signature =
      to_hex(hmac_sha256(signing_key(credentials, day), fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", stamp,
                                                                    scope, to_hex(sha256(canonical)))));
  request.headers.push_back(
      {"Authorization", fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                                    credentials.access_key_id, scope, names, signature)});
  request.headers.push_back({"User-Agent", "spillway"});
  return request;
}

struct S3Requests::Verdict {
  bool good = false, again = false, renew = false, slow = false, at_once = false;
  Error error{Kind::internal, ""};
  std::optional<Duration> delay;
};

S3Requests::Verdict S3Requests::judge(const S3Ask& ask, const Result<net::Exchanged>& answer) {
  Verdict verdict;
  if (!answer) {
    verdict.error = Error(answer.error()).during(fmt::format("s3 {}", ask.operation));
    verdict.again = verdict.error.retryable();
    return verdict;
  }
  const net::Response& response = answer->response;
  if (response.status >= 200 && response.status < 300) {
    verdict.good = true;
    return verdict;
  }
  S3Fault fault = read_s3_fault(response.body);
  if (fault.code.empty() && response.status == 404) fault.code = "NotFound";
  const std::string on = ask.key.empty() ? settings_.bucket : settings_.bucket + "/" + std::string(ask.key);
  verdict.error = make_error("s3", fmt::format("{} {}", ask.operation, in_quotes(on)), fault.code,
                             fault.message, response.status);
  if (!fault.region.empty() && fault.region != settings_.region) {
    verdict.error.kind = Kind::invalid;
    verdict.error.fix = fmt::format("the bucket is in {}: AWS_REGION={}", fault.region, fault.region);
    return verdict;
  }
  const int64_t offset_before = clock_offset_us_;
  if (may_be_clock_skew(fault.code))
    if (const std::string* date = net::find_header(response.headers, "Date"))
      if (const auto theirs = timestamp_from_text(*date))
        clock_offset_us_ = (Time{std::chrono::seconds{theirs->as_int()}} - clock_.now()).count();
  // AWS allows fifteen minutes; less than a minute of difference is not what it complains of.
  verdict.at_once = std::abs(clock_offset_us_ - offset_before) > 60'000'000;
  verdict.renew = is_expired_credentials(fault.code);
  verdict.slow = verdict.error.kind == Kind::throttled || response.status == 503;
  verdict.again = verdict.error.retryable() || verdict.at_once || was_spoiled(fault.code);
  verdict.delay = asked_delay(response);
  return verdict;
}

bool S3Requests::wait(Duration duration, Deadline deadline) {
  if (duration >= deadline.remaining()) return false;
  constexpr Duration kSlice = std::chrono::milliseconds{100};
  for (; duration > Duration{} && !interrupted_; duration -= kSlice)
    clock_.sleep_for(std::min(duration, kSlice));
  return !interrupted_;
}

Result<net::Exchanged> S3Requests::call(const S3Ask& ask, Deadline deadline) {
  int renewed = 0, failed = 0;
  for (int attempt = 1;; ++attempt) {
    if (interrupted_) return Error{Kind::interrupted, "interrupted"};
    const Credentials credentials = TRY(credentials_.get(deadline));
    {
      const std::lock_guard lock(mutex_);
      const auto [place, fresh] = counters_.try_emplace(std::string(ask.operation), 0);
      ++place->second;
    }
    auto answer = exchange_.send(signed_request(ask, credentials), ask.cargo, deadline);
    Verdict verdict = judge(ask, answer);
    if (verdict.good) return answer;
    if (verdict.slow) settings_.slowed_down();
    if (verdict.renew && renewed++ < kMostRenewals) {
      credentials_.invalidate();
      continue;
    }
    if (is_refused_key(verdict.error.peer_code)) credentials_.invalidate();
    // Being asked to slow down is no failure: it may take its time, up to the deadline.
    if (!verdict.slow) ++failed;
    if (!verdict.again || failed >= settings_.retry.max_attempts) return std::move(verdict.error);
    const Duration most =
        std::min<Duration>(kFirstWait * (1 << std::min(attempt - 1, 10)), settings_.retry.max_delay);
    const auto usual = std::chrono::duration_cast<Duration>(most * (0.5 + settings_.random() / 2));
    if (!wait(verdict.at_once ? Duration{} : verdict.delay.value_or(usual), deadline))
      return interrupted_ ? Error{Kind::interrupted, "interrupted"} : std::move(verdict.error);
  }
}

void S3Requests::interrupt() {
  interrupted_ = true;
  exchange_.interrupt();
}

std::map<std::string, uint64_t, std::less<>> S3Requests::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

}  // namespace spillway::aws
