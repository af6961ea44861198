#include <algorithm>

#include "base/crypto.h"
#include "base/text.h"
#include "emu/checksum.h"
#include "emu/s3.h"
#include "emu/s3_versions.h"

// GetObject, HeadObject, PutObject, CopyObject and DeleteObject.
namespace spillway::emu {
namespace {

ApiError precondition_failed() {
  return {"PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412};
}

/// S3 tells of a missing key only to who may list the bucket.
Answer<const Object*> find_object(S3Call& call, const std::string& bucket, const std::string& key,
                                  const std::string& version) {
  Bucket* holder = EMU_TRY(find_bucket(call, bucket));
  if (!version.empty()) {
    const Object* object = find_version(*holder, key, version);
    if (!object) return refusal("NoSuchVersion", "The specified version does not exist.", 404);
    if (!object->delete_marker) return object;
    return refusal("MethodNotAllowed", "The specified method is not allowed against this resource.", 405);
  }
  auto found = holder->objects.find(key);
  if (found != holder->objects.end()) return &found->second;
  if (!may(call, "ListBucket", bucket, "")) return refusal("AccessDenied", "Access Denied", 403);
  return refusal("NoSuchKey", "The specified key does not exist.", 404);
}

struct Slice {
  size_t first = 0, count = 0;
  bool partial = false;
};

/// Of a Range header; several ranges, or nonsense, mean the whole, as on S3.
Answer<Slice> slice_of(const std::string& range, size_t size) {
  constexpr std::string_view kUnit = "bytes=";
  Slice whole{0, size, false};
  if (!range.starts_with(kUnit) || range.find(',') != std::string::npos) return whole;
  std::string_view text = std::string_view(range).substr(kUnit.size());
  size_t dash = text.find('-');
  if (dash == std::string_view::npos) return whole;
  auto first = parse_int(text.substr(0, dash)), last = parse_int(text.substr(dash + 1));
  if (!first && !last) return whole;
  auto total = static_cast<int64_t>(size);
  int64_t from = first ? *first : std::max<int64_t>(0, total - *last);
  int64_t to = first && last ? std::min(*last, total - 1) : total - 1;
  if (from >= total || from > to)
    return refusal("InvalidRange", "The requested range is not satisfiable", 416);
  return Slice{static_cast<size_t>(from), static_cast<size_t>(to - from + 1), true};
}

net::Response object_response(const Bucket& bucket, const Object& object, int status) {
  net::Response response;
  response.status = status;
  response.headers = {{"ETag", "\"" + object.etag + "\""},
                      {"Last-Modified", http_date(object.modified)},
                      {"Accept-Ranges", "bytes"},
                      {"Content-Type", object.content_type}};
  for (const auto& [name, value] : object.metadata) response.headers.push_back({"x-amz-meta-" + name, value});
  describe_kept(response, bucket, object.version);
  return response;
}

/// The checksum that the client chose, by header or trailer; else the one that S3 adds by itself.
net::Header checksum_of(const S3Call& call) {
  std::string name = to_lower(trim(header(call, "x-amz-trailer")));
  for (const net::Header& said : call.http.headers)
    if (checksum(to_lower(said.name), "")) name = to_lower(said.name);
  if (!checksum(name, "")) name = "x-amz-checksum-crc64nvme";
  return {name, *checksum(name, call.body)};
}

}  // namespace

std::string unquoted(std::string text) {
  std::erase(text, '"');
  return text;
}

void describe_kept(net::Response& response, const Bucket& bucket, const std::string& version) {
  response.headers.push_back({"x-amz-server-side-encryption", bucket.encryption.algorithm});
  if (!bucket.versioning.empty()) response.headers.push_back({"x-amz-version-id", version});
}

Answer<bool> check_write(const S3Call& call, const Bucket& bucket, const std::string& key) {
  auto there = bucket.objects.find(key);
  std::string none = header(call, "if-none-match"), match = header(call, "if-match");
  if (none == "*" && there != bucket.objects.end()) return tl::unexpected(precondition_failed());
  if (match.empty()) return true;
  if (there == bucket.objects.end()) return refusal("NoSuchKey", "The specified key does not exist.", 404);
  if (unquoted(match) != there->second.etag) return tl::unexpected(precondition_failed());
  return true;
}

std::map<std::string, std::string> metadata_of(const S3Call& call) {
  constexpr std::string_view kPrefix = "x-amz-meta-";
  std::map<std::string, std::string> metadata;
  for (const net::Header& header : call.http.headers) {
    std::string name = to_lower(header.name);
    if (name.starts_with(kPrefix)) metadata[name.substr(kPrefix.size())] = header.value;
  }
  return metadata;
}

Answer<bool> s3_check_digests(const S3Call& call, bool required) {
  std::string md5_header = header(call, "content-md5");
  if (!md5_header.empty() && md5_header != to_base64(md5(call.body)))
    return refusal("BadDigest", "The Content-MD5 you specified did not match what we received.");
  for (const net::Header& said : call.http.headers)
    if (const auto right = checksum(to_lower(said.name), call.body); right && trim(said.value) != *right)
      return refusal("BadDigest", "The checksum you specified did not match the calculated checksum.");
  const bool summed = std::any_of(call.http.headers.begin(), call.http.headers.end(), [](const auto& said) {
    return to_lower(said.name).starts_with("x-amz-checksum-") ||
           equal_ignoring_case(said.name, "x-amz-trailer");
  });
  if (required && md5_header.empty() && !summed)
    return refusal("InvalidRequest", "Missing required header for this request: Content-MD5");
  return true;
}

Answer<net::Response> s3_get_object(S3Call& call) {
  const std::string& version = call.query.get("versionId");
  EMU_TRY(demand(call, version.empty() ? "GetObject" : "GetObjectVersion", call.bucket, call.key));
  const Object& object = *EMU_TRY(find_object(call, call.bucket, call.key, version));
  const Bucket& bucket = *EMU_TRY(find_bucket(call, call.bucket));
  std::string match = unquoted(header(call, "if-match")), none = unquoted(header(call, "if-none-match"));
  if (!match.empty() && match != "*" && match != object.etag) return tl::unexpected(precondition_failed());
  if (!none.empty() && (none == "*" || none == object.etag)) return object_response(bucket, object, 304);
  const bool sums = equal_ignoring_case(header(call, "x-amz-checksum-mode"), "ENABLED");
  Slice slice = EMU_TRY(slice_of(header(call, "range"), object.content->size()));
  net::Response response = object_response(bucket, object, slice.partial ? 206 : 200);
  // Of a part, S3 tells no checksum: the one it has is of the whole.
  if (const auto sum = checksum(object.checksum, *object.content); sums && sum && !slice.partial)
    response.headers.push_back({object.checksum, *sum});
  if (slice.partial)
    response.headers.push_back(
        {"Content-Range",
         fmt::format("bytes {}-{}/{}", slice.first, slice.first + slice.count - 1, object.content->size())});
  response.headers.push_back({"Content-Length", std::to_string(slice.count)});
  if (call.http.method != "HEAD") response.body = object.content->substr(slice.first, slice.count);
  return response;
}

Answer<net::Response> s3_put_object(S3Call& call) {
  Bucket& bucket = *EMU_TRY(find_bucket(call, call.bucket));
  EMU_TRY(demand(call, "PutObject", call.bucket, call.key));
  if (call.key.size() > 1024) return refusal("KeyTooLongError", "Your key is too long");
  EMU_TRY(s3_check_digests(call, false));
  EMU_TRY(check_write(call, bucket, call.key));
  Object object;
  object.etag = to_hex(md5(call.body));
  const net::Header sum = checksum_of(call);
  object.content = std::make_shared<const std::string>(std::move(call.body));
  object.content_type = header(call, "content-type");
  if (object.content_type.empty()) object.content_type = "binary/octet-stream";
  object.modified = call.account.now();
  object.metadata = metadata_of(call);
  object.checksum = sum.name;
  net::Response response{200, {{"ETag", "\"" + object.etag + "\""}, sum}, ""};
  describe_kept(response, bucket, put_version(call.account, bucket, call.key, std::move(object)));
  return response;
}

Answer<net::Response> s3_copy_object(S3Call& call) {
  std::string source = header(call, "x-amz-copy-source");
  const size_t mark = source.find('?');
  const std::string version =
      mark == std::string::npos ? "" : Params::parse(source.substr(mark + 1)).get("versionId");
  source = percent_decoded(source.substr(0, mark), false);
  if (source.starts_with('/')) source.erase(0, 1);
  size_t slash = source.find('/');
  if (slash == std::string::npos)
    return refusal("InvalidArgument",
                   "Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
  std::string from = source.substr(0, slash), key = source.substr(slash + 1);
  Bucket& bucket = *EMU_TRY(find_bucket(call, call.bucket));
  EMU_TRY(demand(call, version.empty() ? "GetObject" : "GetObjectVersion", from, key));
  EMU_TRY(demand(call, "PutObject", call.bucket, call.key));
  Object copy = *EMU_TRY(find_object(call, from, key, version));
  std::string match = unquoted(header(call, "x-amz-copy-source-if-match"));
  if (!match.empty() && match != copy.etag) return tl::unexpected(precondition_failed());
  EMU_TRY(check_write(call, bucket, call.key));
  const bool replace = header(call, "x-amz-metadata-directive") == "REPLACE";
  if (from == call.bucket && key == call.key && version.empty() && !replace)
    return refusal(
        "InvalidRequest",
        "This copy request is illegal because it is trying to copy an object to itself without changing "
        "the object's metadata, storage class, website redirect location or encryption attributes.");
  if (replace) copy.metadata = metadata_of(call);
  if (replace && !header(call, "content-type").empty()) copy.content_type = header(call, "content-type");
  copy.modified = call.account.now();
  Xml xml;
  xml.text("LastModified", to_iso8601(copy.modified)).text("ETag", "\"" + copy.etag + "\"");
  net::Response response = s3_xml(200, "CopyObjectResult", xml);
  describe_kept(response, bucket, put_version(call.account, bucket, call.key, std::move(copy)));
  return response;
}

Answer<net::Response> s3_delete_object(S3Call& call) {
  Bucket& bucket = *EMU_TRY(find_bucket(call, call.bucket));
  const std::string& version = call.query.get("versionId");
  EMU_TRY(demand(call, version.empty() ? "DeleteObject" : "DeleteObjectVersion", call.bucket, call.key));
  const Deletion done = version.empty() ? delete_current(call.account, bucket, call.key)
                                        : delete_version(bucket, call.key, version);
  net::Response response{204, {}, ""};
  if (!done.version.empty()) response.headers.push_back({"x-amz-version-id", done.version});
  if (done.marker) response.headers.push_back({"x-amz-delete-marker", "true"});
  return response;
}

}  // namespace spillway::emu
