#include <sys/auxv.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "app/cli.h"
#include "app/rooms.h"
#include "base/log.h"
#include "fleet/hooks.h"
#include "staging/stage_commands.h"

namespace spillway::app {
namespace {

constexpr Code kNoLab{"SPW-CLI-002",
                      "the lab is a program of its own, spillway-lab, and it is not beside this one",
                      "install it, or run ./demo in the source tree, which builds it"};

/// `spillway lab …` is spillway-lab's: nothing in production needs the emulator.
int run_lab(char** argv) {
  std::error_code failed;
  const std::filesystem::path here = std::filesystem::read_symlink("/proc/self/exe", failed).parent_path();
  for (const std::filesystem::path& candidate :
       {here / "spillway-lab", here / "../libexec/spillway/spillway-lab"})
    execv(candidate.c_str(), argv);
  const Error error{Kind::not_found, kNoLab, "cannot run spillway-lab"};
  fmt::print(stderr, "{}\n", to_string(error));
  return exit_code(error);
}

int run_hook(const fleet::HookCall& call, const std::vector<std::string>& arguments) {
  using Name = fleet::HookCall::Name;
  switch (call.name) {
    case Name::prolog_slurmctld:
      staging::run_data_prolog();
      return fleet::run_prolog_hook(call, site_prolog());
    case Name::change_state: {
      // Called by cron every minute: what is not at rest by the next call is that one's to go on with.
      const int code =
          run_command_line("spillway", commands(),
                           {"reconcile", "--until-settled", "--timeout", "55", "--config", call.folder});
      return code == exit_code(Error{Kind::timeout, ""}) ? 0 : code;
    }
    case Name::generate_conf:
      return run_command_line("spillway", commands(),
                              {"config", "slurm", "--write", "--config", call.folder});
    default:
      return fleet::run_wish_hook(call, arguments);
  }
}

}  // namespace
}  // namespace spillway::app

int main(int argc, char** argv) {
  using namespace spillway;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  // slurmctld gives a hook only its last name as argv[0]; the kernel tells the path of the link.
  const auto* path = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
  try {
    if (const auto hook = fleet::hook_call(path ? path : argv[0])) return app::run_hook(*hook, arguments);
    if (!arguments.empty() && arguments[0] == "lab") return app::run_lab(argv);
    return app::run_command_line("spillway", app::commands(), arguments);
  } catch (const std::exception& defect) {
    const Error error{Kind::internal, fmt::format("a defect: {}", defect.what())};
    fmt::print(stderr, "{}\n", to_string(error));
    return exit_code(error);
  }
}
