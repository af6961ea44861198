#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "dns/tsig.h"

namespace spillway::dns {

/// A private named on a loopback port, with its files in a folder of its own; ends with its object.
class Named {
 public:
  /// Each zone begins with a SOA and an NS record. All keys may update A, AAAA, PTR and TXT; `no_policy` may
  /// update nothing.
  static Result<std::unique_ptr<Named>> start(const std::vector<std::string>& zones,
                                              const std::vector<Key>& keys, const Key& no_policy);
  ~Named();
  Named(const Named&) = delete;
  Named& operator=(const Named&) = delete;

  std::string server() const;
  int port() const { return port_; }

 private:
  Named() = default;
  Result<void> run();

  std::filesystem::path folder_;
  int port_ = 0;
  int pid_ = 0;
  Fd log_;
  std::string text_;
  std::thread drain_;
};

/// A key with a random secret.
Key random_key(const std::string& name, Algorithm algorithm = Algorithm::hmac_sha256);
/// As named.conf and key files have it.
std::string key_text(const Key& key);

}  // namespace spillway::dns
