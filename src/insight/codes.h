#pragma once
#include <cstddef>
#include <string_view>

#include "base/error.h"

namespace spillway::insight {

/// Every code of the program, by id; made from the sources at build time.
extern const Code kKnownCodes[];
extern const size_t kKnownCodeCount;
/// Null when there is none.
const Code* find_code(std::string_view id);

}  // namespace spillway::insight
