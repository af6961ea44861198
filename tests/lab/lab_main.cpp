#include <fmt/format.h>

#include "lab/commands.h"
using namespace spillway;
int main(int argc, char** argv) {
  for (const Command& c : lab::commands()) {
    if (argc < 2 || c.path != std::string("lab ") + argv[1]) continue;
    Invocation inv;
    bool rest = false;
    for (int i = 2; i < argc; ++i) {
      std::string a = argv[i];
      if (!rest && a == "-o") {
        inv.options["output"] = argv[++i];
        continue;
      }
      if (!rest && a.starts_with("--") && a.size() > 2) {
        inv.options[a.substr(2)] = argv[++i];
        continue;
      }
      inv.arguments.push_back(a);
      if (a == "--") rest = true;
    }
    auto r = c.run(inv);
    if (!r) {
      fmt::print(stderr, "{}\n", to_string(r.error()));
      return exit_code(r.error());
    }
    return *r;
  }
  return 2;
}
