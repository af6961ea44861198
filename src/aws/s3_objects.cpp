#include "aws/s3_objects.h"

#include "aws/errors.h"
#include "aws/values.h"
#include "base/crypto.h"
#include "base/text.h"

// Whole objects and ranges of them, and lists.
namespace spillway::aws {
namespace {

constexpr Code kSpoiled{"SPW-AWS-011", "what S3 stored is not what was sent",
                        "repeat it; if it stays so, a proxy on the way or this machine's memory is at fault"};

std::string header_of(const net::Response& response, std::string_view name) {
  const std::string* found = net::find_header(response.headers, name);
  return found ? *found : std::string();
}

S3Facts facts_of(const net::Response& response) {
  S3Facts facts;
  facts.etag = header_of(response, "ETag");
  std::erase(facts.etag, '"');
  // Of a composite checksum the type says so; only that of the whole object is of use.
  if (header_of(response, "x-amz-checksum-type") != "COMPOSITE")
    facts.crc64 = header_of(response, "x-amz-checksum-crc64nvme");
  facts.size = parse_int(header_of(response, "Content-Length")).value_or(0);
  const std::string range = header_of(response, "Content-Range");  // "bytes 0-9/100"
  if (const size_t slash = range.find('/'); slash != std::string::npos) {
    facts.size = parse_int(std::string_view(range).substr(slash + 1)).value_or(0);
    facts.crc64.clear();  // some servers then tell the range's
  }
  if (const auto time = timestamp_from_text(header_of(response, "Last-Modified")))
    facts.modified_ns = time->as_int() * 1'000'000'000;
  return facts;
}

}  // namespace

Result<std::string> S3Objects::put(std::string_view key, std::string_view body, const S3Sums& sums,
                                   Deadline deadline) {
  S3Ask ask{
      .operation = "PutObject", .method = "PUT", .key = key, .cargo = {body, {}}, .sha256 = sums.sha256};
  if (!sums.crc64.empty()) ask.headers.push_back({"x-amz-checksum-crc64nvme", sums.crc64});
  const net::Exchanged answer = TRY(requests_->call(ask, deadline));
  const S3Facts facts = facts_of(answer.response);
  if (!sums.crc64.empty() && !facts.crc64.empty() && facts.crc64 != sums.crc64)
    return Error{
        Kind::internal, kSpoiled,
        fmt::format("{}: CRC64NVME {} was sent, {} stored", in_quotes(key), sums.crc64, facts.crc64)};
  return facts.etag;
}

Result<S3Facts> S3Objects::get(std::string_view key, std::optional<Range> range, std::string_view etag,
                               std::span<char> room, Deadline deadline) {
  S3Ask ask{.operation = "GetObject", .key = key, .cargo = {{}, room}};
  if (range)
    ask.headers.push_back(
        {"Range", fmt::format("bytes={}-{}", range->first, range->first + range->count - 1)});
  else
    ask.headers.push_back({"x-amz-checksum-mode", "ENABLED"});
  if (!etag.empty()) ask.headers.push_back({"If-Match", fmt::format("\"{}\"", etag)});
  const net::Exchanged answer = TRY(requests_->call(ask, deadline));
  const S3Facts facts = facts_of(answer.response);
  // A range that reaches beyond the object's end ends with it.
  const auto wanted =
      static_cast<size_t>(range ? std::min(range->count, facts.size - range->first) : facts.size);
  const size_t came = room.empty() ? answer.response.body.size() : answer.placed;
  if (came != wanted)
    return Error{Kind::unavailable, kUnavailable,
                 fmt::format("{}: {} bytes came instead of {}", in_quotes(key), came, wanted)};
  return facts;
}

Result<std::string> S3Objects::get_text(std::string_view key, Deadline deadline) {
  return TRY(requests_->call({.operation = "GetObject", .key = key}, deadline)).response.body;
}

Result<S3Facts> S3Objects::head(std::string_view key, Deadline deadline) {
  S3Ask ask{.operation = "HeadObject", .method = "HEAD", .key = key};
  ask.headers.push_back({"x-amz-checksum-mode", "ENABLED"});
  return facts_of(TRY(requests_->call(ask, deadline)).response);
}

Result<S3Page> S3Objects::list(std::string_view prefix, std::string_view token, Deadline deadline) {
  S3Ask ask{.operation = "ListObjectsV2"};
  ask.query = {{"list-type", "2"}, {"encoding-type", "url"}, {"prefix", std::string(prefix)}};
  if (!token.empty()) ask.query.emplace_back("continuation-token", token);
  return read_s3_page(TRY(requests_->call(ask, deadline)).response.body);
}

Result<void> S3Objects::remove(const std::vector<std::string>& keys, Deadline deadline) {
  if (keys.empty()) return {};
  const std::string body = write_s3_deletions(keys), digest = to_hex(sha256(body));
  S3Ask ask{.operation = "DeleteObjects",
            .method = "POST",
            .query = {{"delete", ""}},
            .cargo = {body, {}},
            .sha256 = digest};
  ask.headers.push_back({"Content-MD5", to_base64(md5(body))});
  const auto stayed = TRY(read_s3_deletions(TRY(requests_->call(ask, deadline)).response.body));
  if (stayed.empty()) return {};
  return Error{Kind::partial,
               fmt::format("{} of {} objects were not deleted, such as {}: {} {}", stayed.size(), keys.size(),
                           in_quotes(stayed[0].key), stayed[0].code, stayed[0].message)};
}

}  // namespace spillway::aws
