#include "staging/directives.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace spillway;
  const auto parsed = staging::parse_directives({reinterpret_cast<const char*>(data), size});
  if (!parsed) {
    if (parsed.error().kind != Kind::invalid || parsed.error().code.empty()) abort();
    return 0;
  }
  for (const staging::Directive& one : parsed->all)
    for (const std::string& path : {one.source, one.target}) {
      const auto whole = staging::expand_path(path, {43, 40, 3, "alice"}, "/home/alice");
      if (!whole) continue;
      // Whatever was written: the path is absolute and does not climb.
      if (!whole->starts_with('/') || (*whole + "/").find("/../") != std::string::npos) abort();
    }
  return 0;
}
