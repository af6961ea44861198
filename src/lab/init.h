#pragma once
#include <sys/types.h>

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/file.h"

// The sandbox's PID 1. It has one thread, so that it may fork freely: every service and every instance is its
// child. The supervisor, which has threads, asks it over a socket:
//
//   supervisor --- {"start": ...} / {"machine": ...} ---> init     one answer each: {"pid": N} or {"error":
//   text} supervisor <-- {"pid": N, "status": S} ---            init     when a child has ended
//
// When the supervisor ends, init ends; when init ends, the kernel ends everything in the sandbox.
namespace spillway::lab {

/// A program to start and watch.
struct Service {
  std::string name;  // its log is <logs>/<name>.log
  std::vector<std::string> argv;
  std::vector<std::string> env;
  std::string user = "root";
  std::string host = "ctl";  // whose network and name it has
  std::string folder = "/";
};

/// An instance to boot: namespaces of its own, the image as its root, a cable to the VPC's router.
struct MachineBoot {
  std::string id;       // i-...
  std::string address;  // in the VPC
  std::string cable;    // name of the router's end
};

/// The supervisor's end.
class InitClient {
 public:
  /// `ended` is called, in a thread of its own, with the pid and the exit code of each child that ends.
  InitClient(Fd requests, Fd events, std::function<void(pid_t, int)> ended);
  ~InitClient();
  InitClient(const InitClient&) = delete;
  InitClient& operator=(const InitClient&) = delete;

  /// Errors: unavailable (init is gone), io (it could not fork).
  Result<pid_t> start(const Service& service);
  Result<pid_t> boot(const MachineBoot& machine);

 private:
  Result<pid_t> ask(const std::string& message);
  Fd requests_;
  std::mutex one_at_a_time_;
  std::thread listener_;
};

/// Init's end: serves until the supervisor's process `supervisor` ends or SIGTERM comes. Returns the exit
/// code.
int run_init(Fd requests, Fd events, pid_t supervisor, const std::string& logs);

}  // namespace spillway::lab
