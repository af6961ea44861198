#pragma once

namespace spillway {

/// Bugs that the simulation plants to see whether it would find them. The shipped programs are built without
/// SPILLWAY_PLANTED: there, planted() is false while compiling, and nothing of this is left.
enum class Bug {
  none,
#define SPILLWAY_BUG(name, row, sentence) name,
#include "base/planted_bugs.inc"
#undef SPILLWAY_BUG
};

#ifdef SPILLWAY_PLANTED
bool planted(Bug bug);
#else
constexpr bool planted(Bug) {
  return false;
}
#endif

}  // namespace spillway
