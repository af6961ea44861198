#pragma once
#include "base/error.h"

/// The failures of the lab that operators meet by name.
namespace spillway::lab {

inline constexpr Code kNotRoot{"SPW-LAB-001", "namespaces, mounts and the tunnel's device need root",
                               "sudo spillway lab up"};
inline constexpr Code kPackagesMissing{"SPW-LAB-002", "the lab runs real Slurm, MariaDB, BIND and WireGuard",
                                       "apt-get install the packages named above"};
inline constexpr Code kNoTun{"SPW-LAB-003", "wireguard-go makes its interface from /dev/net/tun",
                             "modprobe tun, or give the container the device /dev/net/tun"};
inline constexpr Code kAlreadyUp{"SPW-LAB-004", "a lab with this state folder is running",
                                 "spillway lab status; spillway lab down; or another --state folder"};
inline constexpr Code kPortInUse{"SPW-LAB-005", "another program listens there",
                                 "give another --port, or leave it out for a free one"};
inline constexpr Code kNotUp{"SPW-LAB-006", "no lab runs with this state folder", "sudo spillway lab up"};
inline constexpr Code kSandbox{"SPW-LAB-007", "the kernel or the container refused a namespace or a mount",
                               "run it on a machine or in a container with CAP_SYS_ADMIN and overlayfs"};
inline constexpr Code kService{"SPW-LAB-008", "a service of the lab did not start or did not answer in time",
                               "read its log in the lab's state folder"};
inline constexpr Code kNoSuchHost{"SPW-LAB-009", "the lab has no host, node or instance of this name",
                                  "spillway lab status lists them"};
inline constexpr Code kBadCommand{"SPW-LAB-010", "the program could not be started on that host",
                                  "check the name, and that it exists there"};
inline constexpr Code kProgramMissing{"SPW-LAB-011",
                                      "the lab installs the spillway binary beside its own as Slurm's hooks",
                                      "build it: both binaries belong into one folder"};
inline constexpr Code kDemoFailed{"SPW-LAB-012", "a job did not complete, or a machine stayed on",
                                  "spillway lab up, then spillway lab demo, and look around with lab exec"};
inline constexpr Code kNotOurs{"SPW-LAB-014", "the lab empties and fills its state folder as it likes",
                               "give --state an empty or a new folder, or remove what is in this one"};
inline constexpr Code kStranger{"SPW-LAB-015", "what answers in the lab's name does not belong to root",
                                "end that process; a lab is root's"};
inline constexpr Code kStateFolder{"SPW-LAB-013", "the lab keeps caches and logs there",
                                   "give a --state folder that root may write, not on NFS"};

inline constexpr Code kNoSuchBreak{"SPW-LAB-016", "the lab has no breakage of this name",
                                   "spillway lab break shows them"};
inline constexpr Code kBadTarget{"SPW-LAB-017", "the breakage does not take this target",
                                 "spillway lab break shows what each takes"};
inline constexpr Code kNothingThere{"SPW-LAB-019", "what is to be broken was not found on AWS's side",
                                    "spillway lab up makes it; in a lab with --site plugin-v2 it is by hand"};
inline constexpr Code kNotBroken{"SPW-LAB-018", "nothing of this name is broken now",
                                 "spillway lab break shows what is"};
inline constexpr Code kBadTime{"SPW-LAB-020", "a breakage mends itself after 1 to 86400 seconds",
                               "leave --for away, and say spillway lab heal"};

}  // namespace spillway::lab
