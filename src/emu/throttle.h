#pragma once
#include "emu/call.h"

// EC2's request and resource buckets. Source: "Request throttling for the Amazon EC2 API".
namespace spillway::emu {

using Buckets = std::map<std::string, TokenBucket>;

/// The published sizes and rates, by class of operations.
Buckets published_requests();
Buckets published_resources();

/// Takes the token that the request costs from the rule's bucket; false when there is none.
bool take_request(const Account& account, Fault& fault, std::string_view operation, const Params& params);
/// How many resources of this operation's kind the throttle rules leave now.
int64_t resources_left(Account& account, std::string_view operation);
/// Takes as many as resources_left() allows.
void take_resources(Account& account, std::string_view operation, int64_t count);

/// RequestLimitExceeded; `rate` is request or resource.
ApiError throttled(const Account& account, std::string_view operation, std::string_view rate);

}  // namespace spillway::emu
