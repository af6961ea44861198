#pragma once
#include "lab/init.h"

namespace spillway::lab {

/// The image that instances boot, mounted read-only, and what this lab adds to it (its CA, its resolver).
inline constexpr const char* kImage = "/run/lab/image";
inline constexpr const char* kImageAdditions = "/run/lab/image-additions";

/// In a child of init with fresh namespaces (pid, mount, network, UTS, IPC): plugs in the cable, mounts the
/// image with a writable layer in memory, makes it the root, and becomes its /sbin/init. What fails is
/// written to the console, which is standard error.
[[noreturn]] void become_machine(const MachineBoot& machine);

}  // namespace spillway::lab
