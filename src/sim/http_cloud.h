#pragma once
#include "aws/client.h"
#include "net/http.h"
#include "sim/cloud.h"

namespace spillway::sim {

/// The whole way to the same account: the real client's requests, signed and in XML, judged and answered as
/// the emulator does. Slow; it shows that the short way of cloud.h tells the same.
class HttpCloud final : public net::Transport {
 public:
  explicit HttpCloud(Cloud& cloud);
  Result<net::Response> send(const net::Request& request, Deadline deadline) override;
  aws::Ec2& ec2() { return ec2_; }
  aws::S3& bucket() { return bucket_; }

 private:
  Cloud& cloud_;
  aws::StaticCredentials credentials_;
  aws::Client client_;
  aws::Ec2 ec2_;
  aws::S3 bucket_;
};

}  // namespace spillway::sim
