#include "aws/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <random>
#include <thread>

#include "aws/errors.h"
#include "aws/protocol.h"
#include "aws/sigv4.h"
#include "aws/values.h"
#include "base/ids.h"
#include "base/log.h"

namespace spillway::aws {
namespace {

double kernel_random() {
  static thread_local std::mt19937_64 engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(engine);
}

// Less than this is not what makes a signature invalid (AWS allows five minutes; fifteen on S3).
constexpr std::chrono::minutes kNoticeableSkew{4};
constexpr size_t kLongAnswer = 100'000;  // bytes

// Moves the lists that a page adds to the end of those that are there.
void append_lists(Json& all, Json page, const std::vector<std::string>& keys) {
  for (auto& [name, list] : page.mutable_members()) {
    if (std::ranges::find(keys, name) == keys.end() || !list.is_array()) continue;
    if (!all.contains(name)) all.set(name, Json::array());
    for (auto& [present, joined] : all.mutable_members())
      if (present == name)
        std::ranges::move(list.mutable_items(), std::back_inserter(joined.mutable_items()));
  }
}

bool is_timeout(const Error& error) {
  return error.kind == Kind::timeout;
}

}  // namespace

// A call on its way: what is sent, how often it was, and its answer once there is one.
struct Client::Attempt {
  std::shared_ptr<const Model> model;
  const Operation* operation = nullptr;
  const Wanted* wanted = nullptr;
  Wire wire;
  Endpoint endpoint;
  std::string url;
  double instances = 0;  // that it starts or ends
  int sent = 0;
  bool credentials_renewed = false, paid_for_timeout = false;
  std::optional<Result<Json>> answer;
  std::optional<net::Response> good;  // to be parsed
  bool again = false;                 // send it once more ...
  Duration delay{};                   // ... after this
};

Client::Client(net::Transport& transport, CredentialsProvider& credentials, Clock& clock, Settings settings)
    : transport_(transport), credentials_(credentials), clock_(clock), settings_([&] {
        if (!settings.random) settings.random = kernel_random;
        return std::move(settings);
      }()) {}

Result<Client::Attempt> Client::prepare(Call call) const {
  const std::string name = call.service + " " + call.operation;
  Attempt attempt;
  attempt.wanted = call.wanted;
  attempt.model = TRY(builtin_model(call.service));
  attempt.operation = attempt.model->find(call.operation);
  if (!attempt.operation)
    return Error{Kind::invalid, kBadInput, fmt::format("{} is not described in this program", name)};
  if (attempt.operation->input.shape) {
    for (const Member& member : attempt.operation->input.shape->members)
      if (member.ref.idempotency_token && !call.input.contains(member.name))
        call.input.set(member.name, make_uuid());
    auto checked = check_input(*attempt.operation->input.shape, call.input);
    if (!checked) return std::move(checked).error().during(name);
  }
  if (settings_.pacing && call.service == "ec2")
    attempt.instances = Pacing::instances_in(call.operation, call.input);
  auto wire = serialize(*attempt.model, *attempt.operation, call.input);
  if (!wire) return std::move(wire).error().during(name);
  attempt.wire = *std::move(wire);
  attempt.endpoint = endpoint_for(*attempt.model, settings_.region, settings_.endpoints);
  attempt.url = address(*attempt.model, attempt.endpoint, attempt.wire);
  return attempt;
}

Result<net::Request> Client::signed_request(const Attempt& attempt, Deadline deadline) {
  net::Request request{attempt.wire.method, attempt.url, attempt.wire.headers, attempt.wire.body};
  request.headers.push_back({"User-Agent", "spillway"});
  if (attempt.operation->no_auth) return request;
  const Credentials credentials = TRY(credentials_.get(deadline));
  const Time now = clock_.now() + Duration{clock_offset_us_.load()};
  SigningContext context = signing_context(attempt.model->signing_name, attempt.endpoint.signing_region, now);
  context.unsigned_payload = attempt.operation->unsigned_payload;
  return sign(std::move(request), credentials, context).request;
}

std::optional<Duration> Client::clock_offset() const {
  const int64_t seen = seen_offset_us_;
  return seen == kNoOffset ? std::nullopt : std::optional(Duration{seen});
}

/// What the answer's Date says of our clock. Source: RFC 9110, Date; whole seconds.
void Client::compare_clocks(const net::Response& response) {
  const std::string* date = net::find_header(response.headers, "Date");
  if (!date) return;
  const auto seconds = timestamp_from_text(*date);
  if (!seconds) return;
  const Time theirs{std::chrono::seconds{seconds->as_int()}};
  seen_offset_us_ = (theirs - clock_.now()).count();
}

bool Client::may_retry(const Attempt& attempt, const Error& error, bool skew_corrected) {
  if (attempt.sent >= settings_.retry.max_attempts) return false;
  return (error.retryable() || skew_corrected) && quota_.acquire(is_timeout(error));
}

void Client::judge(Attempt& attempt, Result<net::Response> response) {
  ++attempt.sent;
  attempt.again = false;
  const std::string name = attempt.model->service + " " + attempt.operation->name;
  if (!response) {
    Error error = std::move(response).error().during(name);
    if (error.code.empty() && error.kind == Kind::unavailable)
      error = Error{error.kind, kUnavailable, error.what};
    attempt.again = may_retry(attempt, error, false);
    attempt.paid_for_timeout = is_timeout(error);
    attempt.delay = backoff(settings_.retry, attempt.sent, settings_.random());
    attempt.answer = std::move(error);
    return;
  }
  compare_clocks(*response);
  // S3 can answer 200 with an error inside (CopyObject); such a body is a fault of the kind that a 500 is.
  Fault inside;
  if (response->status < 300 && attempt.model->service == "s3" && attempt.operation->name == "CopyObject")
    inside = parse_fault(*attempt.model, *response);
  if (response->status < 300 && inside.code.empty()) {
    quota_.release(attempt.sent > 1, attempt.paid_for_timeout);
    attempt.good = *std::move(response);
    return;
  }
  const Fault fault = inside.code.empty() ? parse_fault(*attempt.model, *response) : inside;
  const int status = inside.code.empty() ? response->status : 500;
  Error error =
      make_error(attempt.model->service, attempt.operation->name, fault.code, fault.message, status);
  const int64_t offset_before = clock_offset_us_;
  if (const auto seen = clock_offset(); seen && may_be_clock_skew(fault.code))
    clock_offset_us_ = seen->count();
  const bool corrected = std::chrono::abs(Duration{clock_offset_us_ - offset_before}) > kNoticeableSkew;
  if (corrected)
    log::warning("aws", "this machine's clock differs from AWS's by {} s", clock_offset_us_ / 1'000'000);
  if (settings_.pacing && error.kind == Kind::throttled && attempt.model->service == "ec2")
    settings_.pacing->refused(attempt.operation->name, clock_.now());
  bool renewed = false;
  if (is_refused_key(fault.code))
    credentials_.invalidate();  // the next call reads them anew: keys are rotated
  if (is_expired_credentials(fault.code) && !attempt.credentials_renewed) {
    credentials_.invalidate();
    attempt.credentials_renewed = renewed = true;
  }
  attempt.again = may_retry(attempt, error, corrected || renewed);
  attempt.paid_for_timeout = false;
  attempt.delay = asked_delay(*response).value_or(
      corrected || renewed ? Duration{} : backoff(settings_.retry, attempt.sent, settings_.random()));
  attempt.answer = std::move(error);
}

/// Parses what is good, long answers side by side: a list of ten thousand instances takes a while.
std::vector<Result<Json>> Client::answers_of(std::vector<Attempt>& attempts) {
  const auto read = [](Attempt& attempt) {
    if (!attempt.good) return;
    attempt.answer = parse(*attempt.model, *attempt.operation, *attempt.good, attempt.wanted);
    if (!*attempt.answer)
      attempt.answer =
          std::move(*attempt.answer).error().during(attempt.model->service + " " + attempt.operation->name);
  };
  std::vector<Attempt*> long_ones;
  for (Attempt& attempt : attempts)
    if (attempt.good && attempt.good->body.size() > kLongAnswer)
      long_ones.push_back(&attempt);
    else
      read(attempt);
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i = next++; i < long_ones.size(); i = next++) read(*long_ones[i]);
  };
  const size_t hands = std::min<size_t>(long_ones.size(), std::max(1u, std::thread::hardware_concurrency()));
  std::vector<std::jthread> helpers;
  for (size_t i = 1; i < hands; ++i) helpers.emplace_back(work);
  work();
  helpers.clear();  // joins them
  std::vector<Result<Json>> answers;
  for (Attempt& attempt : attempts) answers.push_back(*std::move(attempt.answer));
  return answers;
}

Duration Client::pace(const std::vector<Attempt*>& attempts) {
  Duration wait{};
  if (!settings_.pacing) return wait;
  const Time now = clock_.now();
  for (const Attempt* attempt : attempts)
    if (attempt->model->service == "ec2")
      wait = std::max(wait, settings_.pacing->take(attempt->operation->name, attempt->instances, now));
  return wait;
}

std::vector<Result<Json>> Client::call_many(std::vector<Call> calls, Deadline deadline) {
  std::vector<Attempt> attempts(calls.size());
  std::vector<Attempt*> pending;
  for (size_t i = 0; i < calls.size(); ++i) {
    auto prepared = prepare(std::move(calls[i]));
    if (!prepared) {
      attempts[i].answer = std::move(prepared).error();
      continue;
    }
    attempts[i] = *std::move(prepared);
    pending.push_back(&attempts[i]);
  }
  while (!pending.empty()) {
    if (const Duration wait = pace(pending); wait > Duration{}) {
      if (wait >= deadline.remaining()) {
        for (Attempt* attempt : pending)
          attempt->answer =
              Error{Kind::throttled, fmt::format("{} {} would exceed EC2's rate", attempt->model->service,
                                                 attempt->operation->name)};
        break;
      }
      clock_.sleep_for(wait);
    }
    std::vector<net::Request> requests;
    std::vector<Attempt*> sent;
    for (Attempt* attempt : pending) {
      auto request = signed_request(*attempt, deadline);
      if (!request) {
        attempt->answer =
            std::move(request).error().during(attempt->model->service + " " + attempt->operation->name);
        continue;
      }
      requests.push_back(*std::move(request));
      sent.push_back(attempt);
      const std::lock_guard lock(counters_mutex_);
      ++counters_[attempt->operation->name];
    }
    auto responses = transport_.send_all(requests, deadline);
    pending.clear();
    Duration wait{};
    for (size_t i = 0; i < sent.size(); ++i) {
      judge(*sent[i], std::move(responses[i]));
      if (!sent[i]->again) continue;
      if (sent[i]->delay >= deadline.remaining()) continue;  // its error is the answer
      wait = std::max(wait, sent[i]->delay);
      pending.push_back(sent[i]);
    }
    if (wait > Duration{}) clock_.sleep_for(wait);
  }
  return answers_of(attempts);
}

Result<Json> Client::call(std::string_view service, std::string_view operation, Json input,
                          Deadline deadline) {
  auto answers = call_many({{std::string(service), std::string(operation), std::move(input)}}, deadline);
  return std::move(answers.front());
}

Result<Json> Client::call_all(std::string_view service, std::string_view operation, Json input,
                              Deadline deadline) {
  const auto model = TRY(builtin_model(service));
  const Operation* described = model->find(operation);
  if (!described || described->output_tokens.empty())
    return call(service, operation, std::move(input), deadline);
  const std::string& token_out = described->output_tokens.front();
  const std::string& token_in = described->input_tokens.front();
  Json all = TRY(call(service, operation, input, deadline));
  std::string token = all[token_out].as_string();
  while (!token.empty()) {
    input.set(token_in, token);
    Json page = TRY(call(service, operation, input, deadline));
    std::string next = page[token_out].as_string();
    append_lists(all, std::move(page), described->result_keys);
    if (next == token)
      return Error{Kind::internal, kBadAnswer,
                   fmt::format("{} {} gives the same page again", service, operation)};
    token = std::move(next);
  }
  all.erase(token_out);
  return all;
}

std::map<std::string, uint64_t> Client::counters() const {
  const std::lock_guard lock(counters_mutex_);
  return counters_;
}

}  // namespace spillway::aws
