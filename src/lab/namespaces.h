#pragma once
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/time.h"

namespace spillway::lab {

/// The lab's hosts. "internet" is the sandbox's own network; the others are pinned under /run/netns and
/// /run/uts, so that they exist without a process and die with the sandbox's mounts.
const std::vector<std::string>& hosts();

/// Makes the network and UTS namespaces of all hosts. Must run in a process with one thread.
/// Errors: io, SPW-LAB-007.
Result<void> make_hosts();

/// Moves the calling thread into the network and UTS namespaces of `host`. Errors: not_found, io.
Result<void> enter_host(const std::string& host);

/// Runs `work` in a thread that stands in `host`'s network.
Result<void> on_host(const std::string& host, const std::function<Result<void>()>& work);

/// A listening TCP socket in `host`'s network. `ttl` above 0 limits how many hops its answers live.
Result<Fd> listen_on(const std::string& host, const std::string& address, uint16_t port, int ttl = 0);

/// Waits until somebody on `host` accepts TCP at `address`:`port`. Errors: timeout.
Result<void> wait_for_port(const std::string& host, const std::string& address, uint16_t port,
                           Deadline deadline);

/// Waits until `ready` says so, asking every few milliseconds. Errors: timeout, with `what`.
Result<void> wait_until(const std::string& what, const std::function<bool()>& ready, Deadline deadline);

/// A child by clone(2) with these namespace flags: 0 in the child. Only for processes with one thread.
pid_t clone_process(unsigned long flags);

}  // namespace spillway::lab
