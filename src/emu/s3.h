#pragma once
#include <string>

#include "emu/services.h"

// S3's REST protocol: s3.cpp finds the operation, s3_objects.cpp and s3_buckets.cpp perform them.
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

bool may(const S3Call& call, std::string_view action, const std::string& bucket, const std::string& key);
/// AccessDenied unless may().
Answer<bool> demand(const S3Call& call, std::string_view action, const std::string& bucket,
                    const std::string& key);
Answer<Bucket*> find_bucket(S3Call& call, const std::string& name);
/// The request's header, or "".
std::string header(const S3Call& call, std::string_view name);
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

}  // namespace spillway::emu
