// Whatever an endpoint answers, reading it as EC2, S3 or STS must end with a value or an error.
#include <cstddef>
#include <cstdint>
#include <string>

#include "aws/protocol.h"

using namespace spillway;  // NOLINT: a program of one file

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  net::Response response{
      200, {{"Content-Type", "text/xml"}}, std::string(reinterpret_cast<const char*>(data), size)};
  for (const auto& [service, operation] :
       {std::pair{"ec2", "DescribeInstances"}, std::pair{"ec2", "CreateFleet"},
        std::pair{"s3", "ListObjectsV2"}, std::pair{"sts", "AssumeRole"},
        std::pair{"ssm", "GetParameters"}}) {
    const auto model = aws::builtin_model(service);
    if (!model) __builtin_trap();
    response.status = 200;
    (void)aws::parse(**model, *(*model)->find(operation), response);
    response.status = 400;
    (void)aws::parse_fault(**model, response);
  }
  return 0;
}
