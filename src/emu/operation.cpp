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

std::string s3_operation(const net::Incoming& request) {
  const bool key = names_a_key(request);
  const bool copy = net::find_header(request.headers, "x-amz-copy-source") != nullptr;
  Params query = Params::parse(query_of(request));
  if (request.method == "GET" && key) return "GetObject";
  if (request.method == "GET")
    return query.has("list-type")  ? "ListObjectsV2"
           : query.has("location") ? "GetBucketLocation"
           : request.target == "/" ? "ListBuckets"
                                   : "ListObjects";
  if (request.method == "PUT") return key ? copy ? "CopyObject" : "PutObject" : "CreateBucket";
  if (request.method == "HEAD") return key ? "HeadObject" : "HeadBucket";
  if (request.method == "DELETE") return key ? "DeleteObject" : "DeleteBucket";
  if (request.method == "POST" && query.has("delete")) return "DeleteObjects";
  return "";
}

}  // namespace

std::string operation_of(const net::Incoming& request, std::string_view service) {
  if (service == "s3") return s3_operation(request);
  if (const std::string* target = net::find_header(request.headers, "x-amz-target"))
    return target->substr(target->find('.') + 1);
  std::string query = query_of(request);
  return Params::parse(request.method == "POST" ? request.body : query).get("Action");
}

}  // namespace spillway::emu
