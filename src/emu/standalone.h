#pragma once
#include <filesystem>
#include <functional>
#include <string>

#include "base/error.h"
#include "base/time.h"

namespace spillway::emu {

struct StandaloneOptions {
  std::string listen = "127.0.0.1:0";  // HOST:PORT, numeric; [::1]:PORT for IPv6; port 0: one that is free
  std::string metadata;                // HOST:PORT for the metadata service too; empty: none
  std::filesystem::path state;         // folder in which state.json is kept; empty: nothing is kept
  std::filesystem::path faults;        // rules as in faults.cpp; empty: none
  std::filesystem::path seed;          // account to begin with; empty: example_seed()
  Duration latency{}, boot_delay{}, shutdown_delay{};
  std::function<void(const std::string&)> print;  // where the answer goes; absent: stdout
};

/// Runs the emulator alone until SIGTERM or SIGINT, without root; prints where it listens and the key to use.
/// Blocks the two signals for the process while it runs. Returns the exit code.
/// Errors: invalid (SPW-EMU-001 address, SPW-EMU-002 faults, SPW-EMU-003 seed, SPW-EMU-004 state), those of
/// net::Server::start, io.
Result<int> serve(const StandaloneOptions& options);

}  // namespace spillway::emu
