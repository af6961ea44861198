#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/ids.h"

namespace spillway::slurm {

/// More names than any partition has; a hostlist that means more is refused before memory is spent on it.
inline constexpr size_t kMaxHosts = 100'000;
/// Bytes of one hostlist: room for kMaxHosts names written out one by one.
inline constexpr size_t kMaxHostlistBytes = 8 << 20;

/// The names that `hostlist` stands for, in its order, repetitions kept, as `scontrol show hostnames` prints
/// them: `c5-[08-10,12]` is c5-08, c5-09, c5-10, c5-12; several brackets vary the last one fastest.
/// Errors: invalid (SPW-SLURM-001 not a hostlist, SPW-SLURM-002 more than kMaxHosts names or
/// kMaxHostlistBytes bytes). Source: scontrol(1), src/common/hostlist.c of Slurm 20.02 to 25.05.
Result<std::vector<NodeName>> expand(std::string_view hostlist);

/// The shortest usual hostlist of the set of `names`: sorted, repetitions dropped, one bracket for each
/// prefix, numbers of different padding kept apart in it: `c5-[0-2,5,01-02]`. expand(fold(names)) is `names`
/// as sort_names() leaves them. Source: `scontrol show hostlistsorted`.
std::string fold(std::vector<NodeName> names);

/// The set of `names`, sorted, in parts of at most `names_per_chunk`, for commands whose arguments are
/// bounded.
std::vector<std::vector<NodeName>> chunks(std::vector<NodeName> names, size_t names_per_chunk);

/// Sorts by prefix, then by number, not by text: c5-2 stands before c5-10. Repetitions are dropped.
void sort_names(std::vector<NodeName>& names);

}  // namespace spillway::slurm
