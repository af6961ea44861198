#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/time.h"
#include "vpn/vpn_site.h"

namespace spillway::vpn {

/// Reads the document of the nodes beside the caller, every two seconds: an answer of S3 that takes its time
/// must not keep the gateway from looking at its interface.
class NodeReader {
 public:
  explicit NodeReader(std::shared_ptr<NodeDirectory> directory, Duration every = std::chrono::seconds{2});
  ~NodeReader();
  NodeReader(const NodeReader&) = delete;
  NodeReader& operator=(const NodeReader&) = delete;
  /// What was read since the last question.
  std::optional<Result<std::string>> operator()();

 private:
  /// Shared with the thread, which may outlive us by one slow answer.
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<Result<std::string>> read;
    bool stop = false;
  };
  std::shared_ptr<Shared> shared_;
};

}  // namespace spillway::vpn
