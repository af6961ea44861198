#include "slurm/resume_file.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace spillway;
  const auto file = slurm::parse_resume_file({reinterpret_cast<const char*>(data), size});
  if (!file && file.error().kind != Kind::invalid) abort();
  return 0;
}
