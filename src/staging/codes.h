#pragma once
#include "base/error.h"

// What can go wrong with data, as users meet it. 001 to 049 are the engine's.
namespace spillway::staging {

inline constexpr Code kBadLocation{"SPW-STAGE-001", "one side is a local path, the other s3://BUCKET/PREFIX",
                                   "spillway help data sync"};
inline constexpr Code kNoSource{"SPW-STAGE-002", "there is nothing at the place to copy from",
                                "check the path, or the bucket's name and prefix"};
inline constexpr Code kSpecialFile{"SPW-STAGE-003", "only files, directories and symbolic links can be kept",
                                   "leave it out: --exclude PATTERN"};
inline constexpr Code kChanged{"SPW-STAGE-004", "the file was written to while it was read",
                               "repeat it when nothing writes to the file"};
inline constexpr Code kVanished{"SPW-STAGE-005", "it was listed, and gone when its turn came",
                                "repeat it; if the file is wanted, find out who removed it"};
inline constexpr Code kUnsafeKey{"SPW-STAGE-006", "the key is no path beneath the directory",
                                 "rename the object, or leave it out: --exclude PATTERN"};
inline constexpr Code kFileAndFolder{"SPW-STAGE-007",
                                     "a name cannot be a file and a directory at once on a file system",
                                     "rename one of the two, or leave one out: --exclude PATTERN"};
inline constexpr Code kDiskFull{"SPW-STAGE-008",
                                "the file system has not enough room, or the quota is used up",
                                "make room, and repeat it: what is complete is not copied again"};
inline constexpr Code kWrongContent{"SPW-STAGE-009", "what arrived is not what the manifest or S3 says",
                                    "repeat it; if it stays so, copy the file to the bucket anew"};
inline constexpr Code kBadManifest{"SPW-STAGE-010", "the manifest was cut short or changed by somebody",
                                   "delete the object, and copy the source anew with --checksum"};
inline constexpr Code kPartial{"SPW-STAGE-011", "some files could not be copied; the rest is complete",
                               "see the list above, and repeat it"};
inline constexpr Code kBusy{"SPW-STAGE-012", "the same copy is running already", "wait for it"};
inline constexpr Code kBadName{"SPW-STAGE-013", "S3 takes keys of at most 1,024 bytes",
                               "shorten the path, or leave it out: --exclude PATTERN"};
inline constexpr Code kBadOption{"SPW-STAGE-014", "the option's value cannot be used",
                                 "spillway help data sync"};
inline constexpr Code kDiffers{"SPW-STAGE-015", "the two sides are not the same", "spillway data sync"};

}  // namespace spillway::staging
