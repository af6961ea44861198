#include "sim/http_cloud.h"

#include "emu/faults.h"
#include "emu/s3.h"
#include "emu/services.h"
#include "emu/signature.h"

namespace spillway::sim {

// The client's own repeats are left out: the short way has none either, and aws' tests have them.
HttpCloud::HttpCloud(Cloud& cloud)
    : cloud_(cloud),
      credentials_({.access_key_id = "AKIASPILLWAYEXAMPLE1",
                    .secret_access_key = Secret{"spillway-example-secret-key-0000000000001"}}),
      client_(*this, credentials_, cloud.account().clock,
              {.region = "us-east-1", .retry = {.max_attempts = 1}, .random = [] { return 0.5; }}),
      ec2_(client_),
      bucket_(client_, kBucket) {}

Result<net::Response> HttpCloud::send(const net::Request& request, Deadline) {
  const size_t scheme = request.url.find("://") + 3;
  const size_t path = std::min(request.url.find_first_of("/?", scheme), request.url.size());
  net::Incoming incoming{.method = request.method,
                         .target = request.url.substr(path),
                         .headers = request.headers,
                         .body = request.body,
                         .peer = "192.168.10.10",
                         .tls = true};
  if (incoming.target.empty()) incoming.target = "/";
  if (!net::find_header(incoming.headers, "Host"))
    incoming.headers.push_back({"Host", request.url.substr(scheme, path - scheme)});

  emu::Account& account = cloud_.account();
  const std::string service = emu::service_of(incoming);
  emu::Params params = emu::params_of(incoming, service);
  const std::string operation = emu::operation_of(incoming, service, params);
  emu::advance(account);
  const emu::RequestTrouble trouble = emu::request_trouble(account, operation, service, params);
  if (trouble.drop_before) return Error{Kind::unavailable, "the connection was cut"};
  const emu::Signature signature = emu::verify(account, incoming);
  const emu::Arrival arrival{incoming, signature, account.make_id(""), &params};
  net::Response response;
  if (trouble.error)
    response = emu::refuse(service, *trouble.error, arrival);
  else if (signature.flaw != emu::Flaw::none)
    response = emu::refuse(service, emu::signature_error(service, signature), arrival);
  else
    response = service == "s3" ? emu::answer_s3(account, arrival) : emu::answer_ec2(account, arrival);
  emu::advance(account);
  if (trouble.drop_after) return Error{Kind::unavailable, "the connection was cut"};
  return response;
}

}  // namespace spillway::sim
