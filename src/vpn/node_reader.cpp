#include "vpn/node_reader.h"

#include <thread>
#include <utility>

namespace spillway::vpn {

NodeReader::NodeReader(std::shared_ptr<NodeDirectory> directory, Duration every)
    : shared_(std::make_shared<Shared>()) {
  std::thread([shared = shared_, directory = std::move(directory), every] {
    for (;;) {
      auto read = directory->read(Deadline::after(std::chrono::seconds{10}));
      std::unique_lock lock(shared->mutex);
      shared->read = std::move(read);
      if (shared->changed.wait_for(lock, every, [&] { return shared->stop; })) return;
    }
  }).detach();
}

NodeReader::~NodeReader() {
  const std::lock_guard lock(shared_->mutex);
  shared_->stop = true;
  shared_->changed.notify_all();
}

std::optional<Result<std::string>> NodeReader::operator()() {
  const std::lock_guard lock(shared_->mutex);
  return std::exchange(shared_->read, std::nullopt);
}

}  // namespace spillway::vpn
