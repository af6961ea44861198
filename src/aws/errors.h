#pragma once
#include <string>
#include <string_view>

#include "base/error.h"

namespace spillway::aws {

/// AWS's own code of a failed call ("UnauthorizedOperation"), or "" when no AWS answer caused the error.
const std::string& error_code(const Error& error);

/// The reaction that an AWS error code calls for; codes that are not listed are judged by the HTTP status.
/// Source: EC2 API reference, "Error codes"; botocore's retry tables.
Kind kind_of(std::string_view aws_code, int http_status);

/// Whether the code says that we asked too fast, also when it comes without status 429.
bool is_throttling(std::string_view aws_code, int http_status);
/// Whether a wrong clock of ours may be the cause: some services say only that the signature is wrong.
bool may_be_clock_skew(std::string_view aws_code);
/// Whether new credentials could make the same request succeed.
bool is_expired_credentials(std::string_view aws_code);
/// Whether AWS does not know the key, or the key does not fit its secret.
bool is_refused_key(std::string_view aws_code);

/// The error for an answer of AWS: what was called, AWS's code and message, and what an operator does about
/// it.
Error make_error(std::string_view service, std::string_view operation, std::string_view aws_code,
                 std::string_view message, int http_status);

inline constexpr Code kDenied{"SPW-AWS-001", "the credentials in use lack a permission for this call",
                              "give the caller the permission that the message names; if the caller is a "
                              "role of ours: spillway plan shows what it lost"};
inline constexpr Code kBadCredentials{"SPW-AWS-002",
                                      "AWS does not accept the credentials in use, or they expired",
                                      "check the profile in ~/.aws/credentials, or the head node's role"};
inline constexpr Code kThrottled{"SPW-AWS-003", "the account's API rate is used up; retries did not help",
                                 "wait, or ask AWS to raise the account's request rate"};
inline constexpr Code kClockSkew{"SPW-AWS-004", "this machine's clock is wrong",
                                 "set the clock (chronyc makestep)"};
inline constexpr Code kNoCapacity{"SPW-AWS-005", "AWS has no such machine there now",
                                  "name more instance types or subnets for the group, or wait"};
inline constexpr Code kUnavailable{"SPW-AWS-006", "the AWS endpoint could not be reached or is failing",
                                   "check the way to the internet and the endpoint (AWS_ENDPOINT_URL)"};
inline constexpr Code kNoCredentials{
    "SPW-AWS-007", "no source of AWS credentials had any",
    "set aws.profile, AWS_PROFILE or AWS_ACCESS_KEY_ID, or give the machine a role"};
inline constexpr Code kBadInput{"SPW-AWS-008", "the request does not fit the operation's description",
                                "correct the option that it came from"};
inline constexpr Code kBadAnswer{"SPW-AWS-009", "what answered is not the AWS service expected there",
                                 "check the endpoint (AWS_ENDPOINT_URL) and any proxy on the way"};
inline constexpr Code kBadConfig{"SPW-AWS-010", "the AWS configuration cannot be used",
                                 "correct ~/.aws/config or the variable that is named"};

}  // namespace spillway::aws
