#include "aws/errors.h"
#include "aws/s3_objects.h"
#include "base/crypto.h"
#include "base/text.h"

// Uploads in parts. Source: S3 User Guide, "Uploading and copying objects using multipart upload".
namespace spillway::aws {
namespace {

// The ETag that S3 gives to an object of parts: MD5 of their MD5s. Nothing where the parts' are not MD5s.
std::string expected_etag(const std::vector<S3Part>& parts) {
  std::string all;
  for (const S3Part& part : parts) {
    if (part.etag.size() != 32) return "";
    for (size_t i = 0; i < 32; i += 2)
      all += static_cast<char>(std::strtoul(part.etag.substr(i, 2).c_str(), nullptr, 16));
  }
  return fmt::format("{}-{}", to_hex(md5(all)), parts.size());
}

}  // namespace

Result<S3Objects::Begun> S3Objects::create_upload(std::string_view key, Deadline deadline) {
  S3Ask ask{.operation = "CreateMultipartUpload", .method = "POST", .key = key, .query = {{"uploads", ""}}};
  ask.headers.push_back({"x-amz-checksum-algorithm", "CRC64NVME"});
  ask.headers.push_back({"x-amz-checksum-type", "FULL_OBJECT"});
  const net::Response response = TRY(requests_->call(ask, deadline)).response;
  const std::string* kept = net::find_header(response.headers, "x-amz-checksum-algorithm");
  return Begun{TRY(read_s3_element(response.body, "UploadId")), kept && *kept == "CRC64NVME"};
}

Result<S3Part> S3Objects::upload_part(std::string_view key, std::string_view id, int64_t number,
                                      std::string_view body, const S3Sums& sums, Deadline deadline) {
  S3Ask ask{.operation = "UploadPart",
            .method = "PUT",
            .key = key,
            .query = {{"partNumber", std::to_string(number)}, {"uploadId", std::string(id)}},
            .cargo = {body, {}},
            .sha256 = sums.sha256};
  if (!sums.crc64.empty()) ask.headers.push_back({"x-amz-checksum-crc64nvme", sums.crc64});
  const net::Response response = TRY(requests_->call(ask, deadline)).response;
  S3Part part{number, static_cast<int64_t>(body.size()), "", sums.crc64};
  if (const std::string* etag = net::find_header(response.headers, "ETag")) part.etag = *etag;
  std::erase(part.etag, '"');
  return part;
}

Result<std::vector<S3Part>> S3Objects::list_parts(std::string_view key, std::string_view id,
                                                  Deadline deadline) {
  std::vector<S3Part> all;
  std::string marker;
  do {
    S3Ask ask{.operation = "ListParts", .key = key, .query = {{"uploadId", std::string(id)}}};
    if (!marker.empty()) ask.query.emplace_back("part-number-marker", marker);
    S3PartsPage page = TRY(read_s3_parts(TRY(requests_->call(ask, deadline)).response.body));
    std::ranges::move(page.parts, std::back_inserter(all));
    marker = page.next_marker;
  } while (!marker.empty());
  return all;
}

Result<std::string> S3Objects::complete_upload(std::string_view key, std::string_view id,
                                               const std::vector<S3Part>& parts, std::string_view crc64,
                                               Deadline deadline) {
  const std::string body = write_s3_parts(parts), digest = to_hex(sha256(body));
  S3Ask ask{.operation = "CompleteMultipartUpload",
            .method = "POST",
            .key = key,
            .query = {{"uploadId", std::string(id)}},
            .cargo = {body, {}},
            .sha256 = digest};
  if (!crc64.empty()) {
    ask.headers.push_back({"x-amz-checksum-crc64nvme", std::string(crc64)});
    ask.headers.push_back({"x-amz-checksum-type", "FULL_OBJECT"});
  }
  const auto answer = requests_->call(ask, deadline);
  if (!answer && error_code(answer.error()) == "NoSuchUpload") {
    // Perhaps an answer was lost: then the object is there, made of these parts.
    const auto there = head(key, deadline);
    if (there && !there->etag.empty() && there->etag == expected_etag(parts)) return there->etag;
  }
  if (!answer) return answer.error();
  // S3 begins to answer 200 before it knows the outcome: an error may be inside.
  const S3Fault inside = read_s3_fault(answer->response.body);
  if (!inside.code.empty())
    return make_error("s3", fmt::format("CompleteMultipartUpload {}", in_quotes(key)), inside.code,
                      inside.message, 500);
  std::string etag = TRY(read_s3_element(answer->response.body, "ETag"));
  std::erase(etag, '"');
  return etag;
}

Result<void> S3Objects::abort_upload(std::string_view key, std::string_view id, Deadline deadline) {
  const auto answer = requests_->call({.operation = "AbortMultipartUpload",
                                       .method = "DELETE",
                                       .key = key,
                                       .query = {{"uploadId", std::string(id)}}},
                                      deadline);
  if (answer || answer.error().kind == Kind::not_found || error_code(answer.error()) == "NoSuchUpload")
    return {};
  return answer.error();
}

}  // namespace spillway::aws
