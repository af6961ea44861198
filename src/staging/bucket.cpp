#include "staging/bucket.h"

namespace spillway::staging {

Result<std::unique_ptr<Bucket>> Bucket::reach(const std::string& name, const std::string& profile,
                                              std::function<void()> slowed_down) {
  std::unique_ptr<Bucket> bucket(new Bucket());
  bucket->stack_ = TRY(aws::make_stack(profile, ""));
  bucket->exchange_ =
      std::make_unique<net::SocketExchange>(net::SocketOptions{.ca_file = bucket->stack_->ca_file()});
  bucket->requests_ = std::make_unique<aws::S3Requests>(
      *bucket->exchange_, bucket->stack_->credentials(), bucket->stack_->clock(),
      aws::S3Settings{.region = bucket->stack_->region(),
                      .bucket = name,
                      .endpoints = bucket->stack_->client().settings().endpoints,
                      .slowed_down = std::move(slowed_down)});
  bucket->objects_ = std::make_unique<aws::S3Objects>(*bucket->requests_);
  return bucket;
}

}  // namespace spillway::staging
