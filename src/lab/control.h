#pragma once
#include <sys/types.h>

#include <filesystem>
#include <functional>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

// A running lab is found by an abstract Unix socket, named after its state folder's device and inode: no file
// tells that a lab exists, so none can be left behind, and binding it is the lock against a second lab.
namespace spillway::lab {

/// Binds the lab's name, in the network namespace of the caller. Errors: SPW-LAB-004, io.
Result<Fd> claim_lab(const std::filesystem::path& state);

/// A connection to a running lab.
struct LabHandle {
  Fd socket;
  pid_t init = 0;  // the lab's PID 1, as this process sees it; ending it ends the lab
};
/// Errors: SPW-LAB-006 (not_found).
Result<LabHandle> find_lab(const std::filesystem::path& state);

/// One question, one answer. Errors: those that the lab answers with, unavailable.
Result<Json> ask_lab(const LabHandle& lab, const Json& question);

/// Answers questions on `listener`, which must be listening, one thread a client, until `stopped`.
void serve_control(const Fd& listener, const std::function<Result<Json>(const Json&)>& answer,
                   const std::function<bool()>& stopped);

}  // namespace spillway::lab
