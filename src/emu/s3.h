#pragma once
#include <string>

#include "emu/policy.h"
#include "emu/services.h"
#include "emu/xml_tree.h"

// S3's REST protocol: operation.cpp names the operation, s3.cpp calls it, and the other files s3_*.cpp
// perform them.
namespace spillway::emu {

struct S3Call {
  Account& account;
  const net::Incoming& http;
  const Signature& signature;
  Identity who;
  std::string request_id, operation;
  std::string bucket, key;  // decoded
  Params query;
  std::string body;  // after aws-chunked
};
using S3Operation = Answer<net::Response> (*)(S3Call&);

net::Response answer_s3(Account& account, const Arrival& arrival);

/// The bytes inside an aws-chunked body, their chunk signatures checked where there are any.
Answer<std::string> unchunked(const net::Incoming& request, const Signature& signature);

/// Whether the caller's policies and the bucket's allow him s3:`action`.
bool may(const S3Call& call, std::string_view action, const std::string& bucket, const std::string& key);
/// AccessDenied unless may().
Answer<bool> demand(const S3Call& call, std::string_view action, const std::string& bucket,
                    const std::string& key);
Answer<Bucket*> find_bucket(S3Call& call, const std::string& name);
/// The bucket of the call, once the caller was found to be allowed s3:`action` on it.
Answer<Bucket*> bucket_for(S3Call& call, std::string_view action);
/// Content-MD5 and x-amz-checksum-… against the body; one of them must be there where it is `required`.
Answer<bool> s3_check_digests(const S3Call& call, bool required);
/// The body's root element, of this name, its digest checked. Errors: MalformedXML.
Answer<Element> document_of(const S3Call& call, std::string_view root);
ApiError malformed_xml();
/// The request's header, or "".
std::string header(const S3Call& call, std::string_view name);
/// What S3 tells of an object's version and encryption.
void describe_kept(net::Response& response, const Bucket& bucket, const std::string& version);
/// If-Match and If-None-Match of a write, against what is there.
Answer<bool> check_write(const S3Call& call, const Bucket& bucket, const std::string& key);
/// The headers x-amz-meta-…, without the prefix.
std::map<std::string, std::string> metadata_of(const S3Call& call);
/// An ETag without its quotes.
std::string unquoted(std::string text);
/// "Sun, 22 Nov 2026 21:54:03 GMT".
std::string http_date(Time time);
net::Response s3_xml(int status, std::string_view root, const Xml& content);

Answer<net::Response> s3_get_object(S3Call& call);
Answer<net::Response> s3_put_object(S3Call& call);
Answer<net::Response> s3_copy_object(S3Call& call);
Answer<net::Response> s3_delete_object(S3Call& call);
Answer<net::Response> s3_delete_objects(S3Call& call);
Answer<net::Response> s3_list_objects(S3Call& call);
Answer<net::Response> s3_list_buckets(S3Call& call);
Answer<net::Response> s3_create_bucket(S3Call& call);
Answer<net::Response> s3_delete_bucket(S3Call& call);
Answer<net::Response> s3_head_bucket(S3Call& call);
Answer<net::Response> s3_bucket_location(S3Call& call);

Answer<net::Response> s3_put_tagging(S3Call& call);
Answer<net::Response> s3_get_tagging(S3Call& call);
Answer<net::Response> s3_delete_tagging(S3Call& call);
Answer<net::Response> s3_put_public_access(S3Call& call);
Answer<net::Response> s3_get_public_access(S3Call& call);
Answer<net::Response> s3_delete_public_access(S3Call& call);
Answer<net::Response> s3_put_encryption(S3Call& call);
Answer<net::Response> s3_get_encryption(S3Call& call);
Answer<net::Response> s3_delete_encryption(S3Call& call);
Answer<net::Response> s3_put_versioning(S3Call& call);
Answer<net::Response> s3_get_versioning(S3Call& call);
Answer<net::Response> s3_put_ownership(S3Call& call);
Answer<net::Response> s3_get_ownership(S3Call& call);
Answer<net::Response> s3_delete_ownership(S3Call& call);
Answer<net::Response> s3_put_lifecycle(S3Call& call);
Answer<net::Response> s3_get_lifecycle(S3Call& call);
Answer<net::Response> s3_delete_lifecycle(S3Call& call);
Answer<net::Response> s3_put_policy(S3Call& call);
Answer<net::Response> s3_get_policy(S3Call& call);
Answer<net::Response> s3_delete_policy(S3Call& call);
Answer<net::Response> s3_list_versions(S3Call& call);

Answer<net::Response> s3_create_upload(S3Call& call);
Answer<net::Response> s3_upload_part(S3Call& call);
Answer<net::Response> s3_complete_upload(S3Call& call);
Answer<net::Response> s3_abort_upload(S3Call& call);
Answer<net::Response> s3_list_uploads(S3Call& call);
Answer<net::Response> s3_list_parts(S3Call& call);

}  // namespace spillway::emu
