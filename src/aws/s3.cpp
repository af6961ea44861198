#include "aws/s3.h"

#include "aws/encode.h"

namespace spillway::aws {
namespace {

Result<void> first_error(std::vector<Result<Json>> answers) {
  for (Result<Json>& answer : answers)
    if (!answer) return std::move(answer).error();
  return {};
}

}  // namespace

Call S3::copy_call(std::string_view from, std::string_view to) const {
  return {"s3", "CopyObject",
          Json::object(
              {{"Bucket", bucket_}, {"Key", to}, {"CopySource", bucket_ + "/" + percent_encode(from, "/")}})};
}

Call S3::remove_call(std::string_view key) const {
  return {"s3", "DeleteObject", Json::object({{"Bucket", bucket_}, {"Key", key}})};
}

Result<std::string> S3::get(std::string_view key, Deadline deadline) {
  const Json answer =
      TRY(client_->call("s3", "GetObject", Json::object({{"Bucket", bucket_}, {"Key", key}}), deadline));
  return answer["Body"].as_string();
}

Result<void> S3::put(std::string_view key, std::string body, Deadline deadline) {
  TRY(client_->call("s3", "PutObject",
                    Json::object({{"Bucket", bucket_}, {"Key", key}, {"Body", std::move(body)}}), deadline));
  return {};
}

Result<void> S3::put_if_absent(std::string_view key, std::string body, Deadline deadline) {
  TRY(client_->call(
      "s3", "PutObject",
      Json::object({{"Bucket", bucket_}, {"Key", key}, {"Body", std::move(body)}, {"IfNoneMatch", "*"}}),
      deadline));
  return {};
}

Result<void> S3::copy(std::string_view from, std::string_view to, Deadline deadline) {
  return first_error(client_->call_many({copy_call(from, to)}, deadline));
}

Result<void> S3::remove(std::string_view key, Deadline deadline) {
  return first_error(client_->call_many({remove_call(key)}, deadline));
}

Result<std::vector<std::string>> S3::list(std::string_view prefix, Deadline deadline) {
  const Json answer = TRY(client_->call_all(
      "s3", "ListObjectsV2", Json::object({{"Bucket", bucket_}, {"Prefix", prefix}}), deadline));
  std::vector<std::string> keys;
  for (const Json& object : answer["Contents"].items()) keys.push_back(object["Key"].as_string());
  return keys;
}

Result<std::vector<S3::Upload>> S3::unfinished_uploads(std::string_view prefix, Time before,
                                                       Deadline deadline) {
  std::vector<Upload> out;
  if (!client_) return out;
  const Json answer = TRY(client_->call_all(
      "s3", "ListMultipartUploads", Json::object({{"Bucket", bucket_}, {"Prefix", prefix}}), deadline));
  for (const Json& one : answer["Uploads"].items()) {
    const Time begun{std::chrono::microseconds{static_cast<int64_t>(one["Initiated"].as_double() * 1e6)}};
    if (begun < before) out.push_back({one["Key"].as_string(), one["UploadId"].as_string()});
  }
  return out;
}

Result<void> S3::abort(const Upload& upload, Deadline deadline) {
  const auto answer = client_->call(
      "s3", "AbortMultipartUpload",
      Json::object({{"Bucket", bucket_}, {"Key", upload.key}, {"UploadId", upload.id}}), deadline);
  if (answer || answer.error().kind == Kind::not_found) return {};
  return answer.error();
}

Result<void> S3::copy_all(const std::vector<std::pair<std::string, std::string>>& from_to,
                          Deadline deadline) {
  std::vector<Call> calls;
  for (const auto& [from, to] : from_to) calls.push_back(copy_call(from, to));
  return first_error(client_->call_many(std::move(calls), deadline));
}

Result<void> S3::remove_all(const std::vector<std::string>& keys, Deadline deadline) {
  std::vector<Call> calls;
  for (const std::string& key : keys) calls.push_back(remove_call(key));
  return first_error(client_->call_many(std::move(calls), deadline));
}

}  // namespace spillway::aws
