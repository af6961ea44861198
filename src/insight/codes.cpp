#include "insight/codes.h"

#include <algorithm>

namespace spillway::insight {

const Code* find_code(std::string_view id) {
  const Code* end = kKnownCodes + kKnownCodeCount;
  const Code* found = std::find_if(kKnownCodes, end, [&](const Code& code) { return code.id == id; });
  return found == end ? nullptr : found;
}

}  // namespace spillway::insight
