// Any bytes are a hostlist or a coded refusal; what expands folds, and the fold expands to the same set.
#include "slurm/hostlist.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace spillway;
  const auto names = slurm::expand({reinterpret_cast<const char*>(data), size});
  if (!names) {
    if (names.error().code.empty() || names.error().kind != Kind::invalid) abort();
    return 0;
  }
  if (names->size() > slurm::kMaxHosts) abort();
  if (names->size() > 2000) return 0;  // keeps the rounds fast
  auto sorted = *names;
  slurm::sort_names(sorted);
  const auto again = slurm::expand(slurm::fold(*names));
  if (!again || *again != sorted) abort();
  return 0;
}
