#include <algorithm>

#include "base/crypto.h"
#include "base/text.h"
#include "emu/checksum.h"
#include "emu/s3.h"
#include "emu/s3_versions.h"

// Uploads in parts. Source: S3 API Reference, CreateMultipartUpload and its companions. UploadPartCopy is not
// modelled.
namespace spillway::emu {
namespace {

constexpr int64_t kMostParts = 10000;
constexpr size_t kLeastPart = size_t{5} << 20;  // bytes; of all parts but the last

/// The upload that uploadId names, of the call's bucket and key, once the caller was found to be allowed
/// s3:`action`.
Answer<Upload*> upload_of(S3Call& call, std::string_view action) {
  Bucket* bucket = EMU_TRY(find_bucket(call, call.bucket));
  EMU_TRY(demand(call, action, call.bucket, call.key));
  auto found = bucket->uploads.find(call.query.get("uploadId"));
  if (found != bucket->uploads.end() && found->second.key == call.key) return &found->second;
  return refusal("NoSuchUpload",
                 "The specified multipart upload does not exist. The upload ID might be invalid, or the "
                 "multipart upload might have been aborted or completed.",
                 404);
}

/// The parts that the client lists, in its order, with their content.
Answer<std::vector<const Object*>> parts_of(const S3Call& call, const Upload& upload) {
  auto document = parse_xml(call.body);
  if (!document || document->name != "CompleteMultipartUpload" || document->all("Part").empty())
    return tl::unexpected(malformed_xml());
  std::vector<const Object*> parts;
  int64_t before = 0;
  for (const Element* wanted : document->all("Part")) {
    const int64_t number = parse_int(wanted->text_of("PartNumber")).value_or(0);
    if (number <= before) return refusal("InvalidPartOrder", "The list of parts was not in ascending order.");
    before = number;
    auto part = upload.parts.find(number);
    if (part == upload.parts.end() || unquoted(wanted->text_of("ETag")) != part->second.etag)
      return refusal("InvalidPart", "One or more of the specified parts could not be found.");
    if (!parts.empty() && parts.back()->content->size() < kLeastPart)
      return refusal("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size");
    parts.push_back(&part->second);
  }
  return parts;
}

}  // namespace

Answer<net::Response> s3_create_upload(S3Call& call) {
  Bucket& bucket = *EMU_TRY(find_bucket(call, call.bucket));
  EMU_TRY(demand(call, "PutObject", call.bucket, call.key));
  const std::string id = to_hex(sha256(call.account.make_id("upload")));
  Upload& upload = bucket.uploads[id];
  upload.key = call.key;
  upload.begun = call.account.now();
  upload.object.metadata = metadata_of(call);
  const std::string type = header(call, "content-type");
  upload.object.content_type = type.empty() ? "binary/octet-stream" : type;
  return s3_xml(200, "InitiateMultipartUploadResult",
                std::move(Xml{}.text("Bucket", bucket.name).text("Key", call.key).text("UploadId", id)));
}

Answer<net::Response> s3_upload_part(S3Call& call) {
  Upload& upload = *EMU_TRY(upload_of(call, "PutObject"));
  const int64_t number = call.query.number("partNumber").value_or(0);
  if (number < 1 || number > kMostParts)
    return refusal("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive");
  EMU_TRY(s3_check_digests(call, false));
  Object part;
  part.etag = to_hex(md5(call.body));
  part.modified = call.account.now();
  net::Response response{200, {{"ETag", "\"" + part.etag + "\""}}, ""};
  for (const net::Header& said : call.http.headers)
    if (const auto sum = checksum(to_lower(said.name), call.body); sum)
      response.headers.push_back({to_lower(said.name), *sum});
  part.content = std::make_shared<const std::string>(std::move(call.body));
  upload.parts[number] = std::move(part);
  return response;
}

Answer<net::Response> s3_complete_upload(S3Call& call) {
  Upload& upload = *EMU_TRY(upload_of(call, "PutObject"));
  Bucket& bucket = *EMU_TRY(find_bucket(call, call.bucket));
  const std::vector<const Object*> parts = EMU_TRY(parts_of(call, upload));
  EMU_TRY(check_write(call, bucket, call.key));
  std::string content, digests;
  for (const Object* part : parts) {
    content += *part->content;
    digests += md5(*part->content);
  }
  Object object = upload.object;
  object.etag = fmt::format("{}-{}", to_hex(md5(digests)), parts.size());
  object.content = std::make_shared<const std::string>(std::move(content));
  object.modified = call.account.now();
  Xml xml;
  xml.text("Location", fmt::format("https://{}.s3.amazonaws.com/{}", bucket.name, percent_encoded(call.key)));
  xml.text("Bucket", bucket.name).text("Key", call.key).text("ETag", "\"" + object.etag + "\"");
  net::Response response = s3_xml(200, "CompleteMultipartUploadResult", xml);
  describe_kept(response, bucket, put_version(call.account, bucket, call.key, std::move(object)));
  bucket.uploads.erase(call.query.get("uploadId"));
  return response;
}

Answer<net::Response> s3_abort_upload(S3Call& call) {
  EMU_TRY(upload_of(call, "AbortMultipartUpload"));
  EMU_TRY(find_bucket(call, call.bucket))->uploads.erase(call.query.get("uploadId"));
  return net::Response{204, {}, ""};
}

Answer<net::Response> s3_list_uploads(S3Call& call) {
  const Bucket& bucket = *EMU_TRY(bucket_for(call, "ListBucketMultipartUploads"));
  const bool url = call.query.get("encoding-type") == "url";
  const std::string &prefix = call.query.get("prefix"), &key_marker = call.query.get("key-marker"),
                    &id_marker = call.query.get("upload-id-marker");
  const int64_t most = std::clamp<int64_t>(call.query.number("max-uploads").value_or(1000), 1, 1000);
  std::vector<std::pair<std::string, std::string>> found;  // key, id: the order that S3 lists them in
  for (const auto& [id, upload] : bucket.uploads) {
    const bool behind =
        upload.key > key_marker || (upload.key == key_marker && !id_marker.empty() && id > id_marker);
    if (upload.key.starts_with(prefix) && (key_marker.empty() || behind)) found.emplace_back(upload.key, id);
  }
  std::sort(found.begin(), found.end());
  const bool truncated = found.size() > static_cast<size_t>(most);
  if (truncated) found.resize(static_cast<size_t>(most));
  auto shown = [&](const std::string& name) { return url ? percent_encoded(name, true) : name; };
  Xml xml;
  xml.text("Bucket", bucket.name).text("KeyMarker", shown(key_marker)).text("UploadIdMarker", id_marker);
  xml.text("Prefix", shown(prefix)).number("MaxUploads", most).flag("IsTruncated", truncated);
  if (url) xml.text("EncodingType", "url");
  if (truncated)
    xml.text("NextKeyMarker", shown(found.back().first)).text("NextUploadIdMarker", found.back().second);
  for (const auto& upload : found)
    xml.in("Upload", [&] {
      xml.text("Key", shown(upload.first)).text("UploadId", upload.second).text("StorageClass", "STANDARD");
      xml.text("Initiated", to_iso8601(bucket.uploads.at(upload.second).begun));
    });
  return s3_xml(200, "ListMultipartUploadsResult", xml);
}

Answer<net::Response> s3_list_parts(S3Call& call) {
  const Upload& upload = *EMU_TRY(upload_of(call, "ListMultipartUploadParts"));
  const int64_t most = std::clamp<int64_t>(call.query.number("max-parts").value_or(1000), 1, 1000);
  const int64_t marker = call.query.number("part-number-marker").value_or(0);
  Xml parts, xml;
  int64_t count = 0, last = marker;
  auto it = upload.parts.upper_bound(marker);
  for (; it != upload.parts.end() && count < most; ++it, ++count) {
    last = it->first;
    parts.in("Part", [&] {
      parts.number("PartNumber", it->first).text("ETag", "\"" + it->second.etag + "\"");
      parts.number("Size", static_cast<int64_t>(it->second.content->size()));
      parts.text("LastModified", to_iso8601(it->second.modified));
    });
  }
  xml.text("Bucket", call.bucket).text("Key", call.key).text("UploadId", call.query.get("uploadId"));
  xml.number("PartNumberMarker", marker).number("MaxParts", most).text("StorageClass", "STANDARD");
  if (it != upload.parts.end()) xml.number("NextPartNumberMarker", last);
  xml.flag("IsTruncated", it != upload.parts.end()).raw(parts.str());
  return s3_xml(200, "ListPartsResult", xml);
}

}  // namespace spillway::emu
