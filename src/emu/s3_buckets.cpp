#include <algorithm>

#include "base/crypto.h"
#include "base/text.h"
#include "emu/s3.h"
#include "emu/s3_versions.h"

// Buckets, listings, and DeleteObjects.
namespace spillway::emu {
namespace {

struct Listing {
  std::vector<std::pair<std::string, const Object*>> objects;
  std::vector<std::string> prefixes;
  std::string last;  // the last name taken, when there is more
};

struct Wish {
  std::string prefix, delimiter, after;
  size_t most = 1000;
};

Listing listing_of(const Bucket& bucket, const Wish& wish) {
  Listing out;
  std::string last;
  for (auto it = bucket.objects.lower_bound(std::max(wish.prefix, wish.after)); it != bucket.objects.end();
       ++it) {
    const std::string& key = it->first;
    if (!key.starts_with(wish.prefix)) break;
    if (key <= wish.after) continue;
    size_t cut = wish.delimiter.empty() ? std::string::npos : key.find(wish.delimiter, wish.prefix.size());
    std::string name = cut == std::string::npos ? key : key.substr(0, cut + wish.delimiter.size());
    bool folder = cut != std::string::npos;
    if (folder && ((!out.prefixes.empty() && out.prefixes.back() == name) || name == wish.after)) continue;
    if (out.objects.size() + out.prefixes.size() >= wish.most) {
      out.last = last;
      break;
    }
    if (folder)
      out.prefixes.push_back(name);
    else
      out.objects.emplace_back(key, &it->second);
    last = name;
  }
  return out;
}

}  // namespace

Answer<net::Response> s3_list_objects(S3Call& call) {
  Bucket& bucket = *EMU_TRY(find_bucket(call, call.bucket));
  EMU_TRY(demand(call, "ListBucket", call.bucket, ""));
  const bool v2 = call.query.has("list-type"), url = call.query.get("encoding-type") == "url";
  auto shown = [&](const std::string& name) { return url ? percent_encoded(name, true) : name; };
  Wish wish{call.query.get("prefix"), call.query.get("delimiter"),
            call.query.get(v2 ? "start-after" : "marker")};
  int64_t most = call.query.number("max-keys").value_or(1000);
  if (most < 0)
    return refusal("InvalidArgument", "Argument maxKeys must be an integer between 0 and 2147483647");
  wish.most = static_cast<size_t>(std::min<int64_t>(most, 1000));
  const std::string& token = call.query.get("continuation-token");
  if (!token.empty()) {
    auto after = from_base64(token);
    if (!after) return refusal("InvalidArgument", "The continuation token provided is incorrect");
    wish.after = *after;
  }
  Listing listing = wish.most == 0 ? Listing{} : listing_of(bucket, wish);
  Xml xml;
  xml.text("Name", bucket.name).text("Prefix", shown(wish.prefix));
  if (!wish.delimiter.empty()) xml.text("Delimiter", shown(wish.delimiter));
  xml.number("MaxKeys", most).flag("IsTruncated", !listing.last.empty());
  if (url) xml.text("EncodingType", "url");
  if (v2) {
    xml.number("KeyCount", static_cast<int64_t>(listing.objects.size() + listing.prefixes.size()));
    if (!token.empty()) xml.text("ContinuationToken", token);
    if (!listing.last.empty()) xml.text("NextContinuationToken", to_base64(listing.last));
  } else {
    xml.text("Marker", shown(wish.after));
    if (!listing.last.empty()) xml.text("NextMarker", shown(listing.last));
  }
  for (const auto& [key, object] : listing.objects)
    xml.in("Contents", [&, &key = key, &object = object] {
      xml.text("Key", shown(key)).text("LastModified", to_iso8601(object->modified));
      xml.text("ETag", "\"" + object->etag + "\"")
          .number("Size", static_cast<int64_t>(object->content->size()));
      xml.text("StorageClass", "STANDARD");
    });
  for (const std::string& prefix : listing.prefixes)
    xml.in("CommonPrefixes", [&] { xml.text("Prefix", shown(prefix)); });
  return s3_xml(200, "ListBucketResult", xml);
}

Answer<net::Response> s3_delete_objects(S3Call& call) {
  Bucket& bucket = *EMU_TRY(find_bucket(call, call.bucket));
  const Element document = EMU_TRY(document_of(call, "Delete"));
  const std::vector<const Element*> objects = document.all("Object");
  if (objects.empty() || objects.size() > 1000) return tl::unexpected(malformed_xml());
  const bool quiet = document.text_of("Quiet") == "true";
  Xml xml;
  for (const Element* object : objects) {
    const std::string key = object->text_of("Key"), version = object->text_of("VersionId");
    auto names = [&] {
      xml.text("Key", key);
      if (!version.empty()) xml.text("VersionId", version);
    };
    if (!may(call, version.empty() ? "DeleteObject" : "DeleteObjectVersion", call.bucket, key)) {
      xml.in("Error", [&] {
        names();
        xml.text("Code", "AccessDenied").text("Message", "Access Denied");
      });
      continue;
    }
    const Deletion done =
        version.empty() ? delete_current(call.account, bucket, key) : delete_version(bucket, key, version);
    if (!quiet)
      xml.in("Deleted", [&] {
        names();
        if (done.marker) xml.flag("DeleteMarker", true).text("DeleteMarkerVersionId", done.version);
      });
  }
  return s3_xml(200, "DeleteResult", xml);
}

Answer<net::Response> s3_list_buckets(S3Call& call) {
  EMU_TRY(demand(call, "ListAllMyBuckets", "*", ""));
  Xml xml;
  xml.in("Owner", [&] { xml.text("ID", call.account.settings.account); });
  xml.in("Buckets", [&] {
    for (const auto& [name, bucket] : call.account.buckets)
      xml.in("Bucket", [&, &name = name, &bucket = bucket] {
        xml.text("Name", name).text("CreationDate", to_iso8601(bucket.created));
      });
  });
  return s3_xml(200, "ListAllMyBucketsResult", xml);
}

namespace {

/// us-east-1 is where a bucket lies of which nothing is said, and may not be said; elsewhere the region must
/// be.
Answer<bool> check_location(const S3Call& call) {
  std::string wanted;
  if (!call.body.empty()) {
    const auto document = parse_xml(call.body);
    if (!document || document->name != "CreateBucketConfiguration") return tl::unexpected(malformed_xml());
    wanted = document->text_of("LocationConstraint");
  }
  const std::string& here = call.account.settings.region;
  if (wanted == (here == "us-east-1" ? "" : here)) return true;
  if (here == "us-east-1")
    return refusal("InvalidLocationConstraint", "The specified location-constraint is not valid");
  return refusal(
      "IllegalLocationConstraintException",
      fmt::format("The {} location constraint is incompatible for the region specific endpoint this request "
                  "was sent to.",
                  wanted.empty() ? "unspecified" : wanted));
}

}  // namespace

Answer<net::Response> s3_create_bucket(S3Call& call) {
  EMU_TRY(demand(call, "CreateBucket", call.bucket, ""));
  const std::string& name = call.bucket;
  if (name.size() < 3 || name.size() > 63 ||
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") != std::string::npos)
    return refusal("InvalidBucketName", "The specified bucket is not valid.");
  EMU_TRY(check_location(call));
  net::Response made{200, {{"Location", "/" + name}}, ""};
  if (call.account.buckets.contains(name)) {  // us-east-1 alone answers 200 to its owner
    if (call.account.settings.region == "us-east-1") return made;
    return refusal("BucketAlreadyOwnedByYou",
                   "Your previous request to create the named bucket succeeded and you already own it.", 409);
  }
  Bucket bucket;
  bucket.name = name, bucket.region = call.account.settings.region, bucket.created = call.account.now();
  call.account.buckets.emplace(name, std::move(bucket));
  return made;
}

Answer<net::Response> s3_delete_bucket(S3Call& call) {
  EMU_TRY(demand(call, "DeleteBucket", call.bucket, ""));
  const Bucket& bucket = *EMU_TRY(find_bucket(call, call.bucket));
  if (!bucket.history.empty())
    return refusal("BucketNotEmpty",
                   "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
                   409);
  if (!bucket.objects.empty())
    return refusal("BucketNotEmpty", "The bucket you tried to delete is not empty", 409);
  call.account.buckets.erase(call.bucket);
  return net::Response{204, {}, ""};
}

Answer<net::Response> s3_head_bucket(S3Call& call) {
  const Bucket& bucket = *EMU_TRY(find_bucket(call, call.bucket));
  EMU_TRY(demand(call, "ListBucket", call.bucket, ""));
  return net::Response{200, {{"x-amz-bucket-region", bucket.region}}, ""};
}

Answer<net::Response> s3_bucket_location(S3Call& call) {
  const Bucket& bucket = *EMU_TRY(find_bucket(call, call.bucket));
  EMU_TRY(demand(call, "GetBucketLocation", call.bucket, ""));
  Xml region;  // us-east-1 is told by nothing
  if (bucket.region != "us-east-1") region.raw(xml_escaped(bucket.region));
  return s3_xml(200, "LocationConstraint", region);
}

}  // namespace spillway::emu
