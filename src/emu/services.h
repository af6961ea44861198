#pragma once
#include "emu/call.h"
#include "emu/signature.h"

namespace spillway::emu {

/// A request on its way to one service.
struct Arrival {
  const net::Incoming& http;
  const Signature& signature;
  std::string request_id;
  Params* params = nullptr;  // of the query protocols, where they were read: query_call() takes them
};

/// The parameters of a request of the query protocols; none for other services.
Params params_of(const net::Incoming& request, std::string_view service);
/// The operation's name as AWS writes it (PutObject, RunInstances), as far as the request tells.
std::string operation_of(const net::Incoming& request, std::string_view service, const Params& params);
std::string operation_of(const net::Incoming& request, std::string_view service);
/// The service that the credential scope claims, not yet verified; without a signature, the one that the Host
/// names.
std::string service_of(const net::Incoming& request);

/// Who sent a request whose signature holds, and how it came.
Identity caller_of(const Account& account, const Arrival& arrival);

net::Response answer_ec2(Account& account, const Arrival& arrival);
net::Response answer_iam(Account& account, const Arrival& arrival);
net::Response answer_sts(Account& account, const Arrival& arrival);
net::Response answer_ssm(Account& account, const Arrival& arrival);
/// A request of the query protocol, with the arrival's parameters.
Call query_call(const Account& account, const std::string& service, const Arrival& arrival);
/// A refusal in the shape of the service's protocol.
net::Response refuse(const std::string& service, const ApiError& error, const Arrival& arrival);
/// What each service says to a bad signature.
ApiError signature_error(const std::string& service, const Signature& signature);

}  // namespace spillway::emu
