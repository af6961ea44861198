#include "base/text.h"
#include "emu/services.h"

namespace spillway::emu {
namespace {

std::string query_of(const net::Incoming& request) {
  size_t mark = request.target.find('?');
  return mark == std::string::npos ? "" : request.target.substr(mark + 1);
}

/// Buckets stand in the path, or in front of the host's ".s3."; a key is what follows.
bool names_a_key(const net::Incoming& request) {
  std::string path = request.target.substr(0, request.target.find('?'));
  const std::string* host = net::find_header(request.headers, "host");
  bool virtual_host = host && host->find(".s3.") != std::string::npos;
  return virtual_host ? path.size() > 1
                      : path.size() > 1 && path.find('/', 1) != std::string::npos &&
                            path.find('/', 1) + 1 < path.size();
}

/// What GET, PUT and DELETE of a bucket's subresource are called; "": no such operation here.
struct Subresource {
  std::string_view name, get, put, remove;
};
constexpr Subresource kSubresources[] = {
    {"tagging", "GetBucketTagging", "PutBucketTagging", "DeleteBucketTagging"},
    {"publicAccessBlock", "GetPublicAccessBlock", "PutPublicAccessBlock", "DeletePublicAccessBlock"},
    {"encryption", "GetBucketEncryption", "PutBucketEncryption", "DeleteBucketEncryption"},
    {"versioning", "GetBucketVersioning", "PutBucketVersioning", ""},
    {"lifecycle", "GetBucketLifecycleConfiguration", "PutBucketLifecycleConfiguration",
     "DeleteBucketLifecycle"},
    {"policy", "GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy"},
    {"ownershipControls", "GetBucketOwnershipControls", "PutBucketOwnershipControls",
     "DeleteBucketOwnershipControls"},
    {"location", "GetBucketLocation", "", ""},
    {"versions", "ListObjectVersions", "", ""},
    {"uploads", "ListMultipartUploads", "", ""},
    // What the emulator does not know must not be taken for the bucket itself.
    {"acl", "", "", ""},
    {"cors", "", "", ""},
    {"logging", "", "", ""},
    {"notification", "", "", ""},
    {"policyStatus", "", "", ""},
    {"replication", "", "", ""},
    {"website", "", "", ""},
    {"object-lock", "", "", ""},
};

std::string_view bucket_operation(std::string_view method, const Subresource& subresource) {
  if (method == "GET") return subresource.get;
  if (method == "PUT") return subresource.put;
  return method == "DELETE" ? subresource.remove : "";
}

/// The operations on an upload in parts, all of which name it or ask for a new one.
std::string_view upload_operation(std::string_view method, const Params& query, bool copy) {
  if (method == "POST") return query.has("uploads") ? "CreateMultipartUpload" : "CompleteMultipartUpload";
  if (method == "PUT") return copy ? "" : "UploadPart";
  return method == "GET" ? "ListParts" : method == "DELETE" ? "AbortMultipartUpload" : "";
}

std::string s3_operation(const net::Incoming& request) {
  const bool key = names_a_key(request);
  const bool copy = net::find_header(request.headers, "x-amz-copy-source") != nullptr;
  Params query = Params::parse(query_of(request));
  if (!key)
    for (const Subresource& subresource : kSubresources)
      if (query.has(subresource.name)) return std::string(bucket_operation(request.method, subresource));
  if (key && (query.has("acl") || query.has("tagging") || query.has("retention"))) return "";
  if (key && (query.has("uploads") || query.has("uploadId")))
    return std::string(upload_operation(request.method, query, copy));
  if (request.method == "GET" && key) return "GetObject";
  if (request.method == "GET")
    return query.has("list-type") ? "ListObjectsV2" : request.target == "/" ? "ListBuckets" : "ListObjects";
  if (request.method == "PUT") return key ? copy ? "CopyObject" : "PutObject" : "CreateBucket";
  if (request.method == "HEAD") return key ? "HeadObject" : "HeadBucket";
  if (request.method == "DELETE") return key ? "DeleteObject" : "DeleteBucket";
  if (request.method == "POST" && query.has("delete")) return "DeleteObjects";
  return "";
}

}  // namespace

Params params_of(const net::Incoming& request, std::string_view service) {
  if (service == "s3" || service == "ssm") return {};
  return Params::parse(request.method == "POST" ? request.body : query_of(request));
}

std::string operation_of(const net::Incoming& request, std::string_view service, const Params& params) {
  if (service == "s3") return s3_operation(request);
  if (const std::string* target = net::find_header(request.headers, "x-amz-target"))
    return target->substr(target->find('.') + 1);
  return params.get("Action");
}

std::string operation_of(const net::Incoming& request, std::string_view service) {
  return operation_of(request, service, params_of(request, service));
}

}  // namespace spillway::emu
