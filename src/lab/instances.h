#pragma once
#include <functional>
#include <mutex>
#include <set>
#include <string>

#include "emu/aws.h"
#include "lab/processes.h"

namespace spillway::lab {

/// The emulator's instances as namespaces: boots each from the image, kills it as EC2 would, and tells when
/// one has powered itself off.
class Instances final : public emu::Machines {
 public:
  explicit Instances(Processes& processes) : processes_(processes) {}

  /// `told` is called, from another thread, with each instance that ended without being stopped.
  void when_off(std::function<void(const InstanceId&)> told) { told_ = std::move(told); }

  void start(const emu::Machine& machine) override;
  void stop(const InstanceId& id) override;

 private:
  void ended(const InstanceId& id);

  Processes& processes_;
  std::function<void(const InstanceId&)> told_;
  std::mutex mutex_;
  std::set<InstanceId> on_;
};

}  // namespace spillway::lab
