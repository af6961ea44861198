#pragma once
#include <memory>
#include <string>

#include "aws/s3_objects.h"
#include "aws/stack.h"
#include "net/socket_exchange.h"

namespace spillway::staging {

/// A bucket with all that reaching it takes, from the environment and the shared files as AWS's tools do.
class Bucket {
 public:
  /// Sends nothing yet. Errors: as aws::make_stack.
  static Result<std::unique_ptr<Bucket>> reach(const std::string& name, const std::string& profile,
                                               std::function<void()> slowed_down);
  aws::S3Objects& objects() { return *objects_; }
  Clock& clock() { return stack_->clock(); }

 private:
  Bucket() = default;
  std::unique_ptr<aws::Stack> stack_;
  std::unique_ptr<net::SocketExchange> exchange_;
  std::unique_ptr<aws::S3Requests> requests_;
  std::unique_ptr<aws::S3Objects> objects_;
};

}  // namespace spillway::staging
