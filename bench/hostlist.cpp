// bench_hostlist RUNS: reads names, one a line, and times what hostlists are for: parsing the names written
// out one by one, folding them into the short form, expanding that form. Prints {"parse": [ms...], "fold":
// [...], "expand": [...]}.
#include "slurm/hostlist.h"

#include <fmt/ranges.h>

#include <chrono>
#include <iostream>

#include "base/text.h"

namespace {

using namespace spillway;

template <class Work>
std::vector<double> time_runs(int runs, size_t want, const Work& work) {
  std::vector<double> all;
  for (int i = 0; i <= runs; ++i) {
    const auto began = std::chrono::steady_clock::now();
    const size_t got = work();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
    if (got != want) throw std::runtime_error(fmt::format("{} names came out, not {}", got, want));
    if (i > 0) all.push_back(took.count());  // the first one warms up
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  const int runs = argc == 2 ? static_cast<int>(parse_int(argv[1]).value_or(0)) : 0;
  if (runs < 1) return fmt::print(stderr, "usage: bench_hostlist RUNS <names\n"), 2;
  std::vector<NodeName> names;
  for (std::string line; std::getline(std::cin, line);) names.emplace_back(line);
  const std::string written_out = fmt::format("{}", fmt::join(names, ","));
  const std::string folded = slurm::fold(names);
  const auto parse = time_runs(runs, names.size(), [&] { return slurm::expand(written_out)->size(); });
  const auto fold = time_runs(runs, folded.size(), [&] { return slurm::fold(names).size(); });
  const auto expand = time_runs(runs, names.size(), [&] { return slurm::expand(folded)->size(); });
  fmt::print("{{\"parse\": [{}], \"fold\": [{}], \"expand\": [{}]}}\n", fmt::join(parse, ", "),
             fmt::join(fold, ", "), fmt::join(expand, ", "));
}
