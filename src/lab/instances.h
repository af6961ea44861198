#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "emu/aws.h"
#include "lab/processes.h"

namespace spillway::lab {

/// The emulator's instances as namespaces: boots each from the image, kills it as EC2 would, and tells when
/// one has powered itself off. A thread of its own does that, in the order of the calls: making a network
/// namespace takes the kernel a while, and a request that the emulator answers must not wait for 200 of them.
class Instances final : public emu::Machines {
 public:
  explicit Instances(Processes& processes) : processes_(processes), worker_([this] { work(); }) {}
  ~Instances() override { finish(); }

  /// `told` is called, from another thread, with each instance that ended without being stopped.
  void when_off(std::function<void(const InstanceId&)> told) { told_ = std::move(told); }

  /// `prepare` is called before each boot: the network must know the instance first.
  void before_boot(std::function<void()> prepare) { before_boot_ = std::move(prepare); }

  void start(const emu::Machine& machine) override;
  void stop(const InstanceId& id) override;
  /// Nothing is booted or told any more.
  void finish();

 private:
  void work();
  void boot(const emu::Machine& machine);
  void ended(const InstanceId& id);

  Processes& processes_;
  std::function<void(const InstanceId&)> told_;
  std::function<void()> before_boot_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<InstanceId> on_;
  std::deque<std::function<void()>> todo_;
  bool finished_ = false;
  std::thread worker_;  // last: it uses the others
};

}  // namespace spillway::lab
