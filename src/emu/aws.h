#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/time.h"
#include "emu/network.h"
#include "net/http.h"

namespace spillway::emu {

/// What a launched instance is to the one who gives it a body.
struct Machine {
  InstanceId id;
  IpAddress private_ip;
  std::string subnet_id, type;
  std::string user_data;  // decoded
  std::string role_name;  // of its instance profile; empty without one
  std::string image_id;
};

/// Gives bodies to instances (the lab's namespaces). Called without any lock of the emulator held, so both
/// may call back into it; calls come one at a time, in the order of the events.
class Machines {
 public:
  virtual ~Machines() = default;
  /// The instance became running: `Settings::boot_delay` after it was launched, as on EC2, where the
  /// operating system starts when pending ends. Whatever start() takes is not seen as pending time.
  virtual void start(const Machine& machine) = 0;
  /// A started instance was told to terminate; called as shutting-down begins, not for one that stopped by
  /// itself or was never started.
  virtual void stop(const InstanceId& id) = 0;
};

/// An instance as it is, whatever requests are shown of it.
struct InstanceFacts {
  InstanceId id;
  std::string state, type, zone, subnet_id, address;  // address: "" once it is terminated
  bool spot = false;
  Time launched;
  std::map<std::string, std::string> tags;
};

struct Settings {
  std::string region = "us-east-1", account = "123456789012";
  Duration latency{};                             // slept on the clock before each answer to an API request
  Duration boot_delay{};                          // pending → running
  Duration shutdown_delay{};                      // shutting-down → terminated
  Duration image_delay{};                         // of an image, pending → available
  Duration forget_after = std::chrono::hours{1};  // terminated → gone
  std::string public_cidr = "203.0.113.64/26";    // where public addresses come from
  std::vector<std::string> s3_cidrs = {"52.216.0.0/15", "54.231.0.0/16"};  // of S3's prefix list
  /// Callers on loopback count as aws:SecureTransport even without TLS. For an emulator alone that has no
  /// certificate: a bucket that takes TLS only would shut everybody out.
  bool loopback_is_secure = false;
};

/// A model of one AWS account in one region: EC2 and its networks, S3, IAM, STS, SSM parameters and the
/// instance metadata service. It keeps state, moves on with its clock, checks every signature and answers in
/// the shapes that AWS sends. Thread-safe; the clock and the machines outlive it.
class Aws {
 public:
  Aws(Settings settings, Clock& clock, Machines* machines = nullptr);
  ~Aws();
  Aws(const Aws&) = delete;
  Aws& operator=(const Aws&) = delete;

  /// Any service, chosen by the credential scope of the signature, or by the Host of an unsigned request. The
  /// request is refused unless it is signed by a key of the seed, or one that STS or the metadata service
  /// gave. A status of 0 means that the connection is to be cut without an answer (a fault of the kind drop).
  net::Response handle(const net::Incoming& request);
  /// IMDSv2; the instance is known by the peer address, which must be its private one.
  net::Response handle_metadata(const net::Incoming& request);
  /// Moves instances on to the clock's time. handle() does so too; needed where nobody asks for a while.
  void advance();
  /// The instance's operating system shut down: it stops, or terminates where its launch said so.
  void stopped_by_itself(const InstanceId& id);
  /// The instance's machine wrote to its serial console: GetConsoleOutput tells it.
  void wrote_to_console(const InstanceId& id, std::string_view text);

  /// All instances, terminated ones too while they are known, by id. No rule hides any.
  std::vector<InstanceFacts> instances() const;

  /// Who may speak to whom, and where packets go; see network.h.
  NetworkView network() const;
  /// Rises whenever network() may have changed; an instance whose time has come counts once advance() or a
  /// request has moved it on.
  uint64_t network_version() const;

  /// Adds what a document describes; all of it, or nothing. Format: docs at the head of seed.cpp.
  /// Errors: invalid (unknown key, wrong type, reference to nothing), with the path of the member.
  Result<void> seed(const Json& document);
  /// Replaces the rules for misbehaving; an empty array ends them. Format: docs/reference/faults.md.
  /// Errors: invalid, with the path of the member.
  Result<void> set_faults(const Json& rules);
  /// Adds rules behind those that are there. Errors: as above.
  Result<void> add_faults(const Json& rules);
  /// Takes away the rules of this name. How many there were.
  size_t remove_faults(std::string_view name);
  /// The rules in force: an array of {"rule": as it came, "acted": how often}.
  Json faults() const;
  /// The whole state but the faults, as restore() takes it.
  Json snapshot() const;
  /// Replaces the whole state. Machines are neither started nor stopped. Errors: invalid.
  Result<void> restore(const Json& snapshot);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A seed that a first test can do something with: a VPC 172.31.0.0/16 with two subnets, a security group, an
/// image, user `admin` (AKIASPILLWAYEXAMPLE1 / spillway-example-secret-key-0000000000001) who may do
/// everything, role and instance profile `slurm-node`, bucket `slurm-burst-data`.
Json example_seed();

}  // namespace spillway::emu
