#include "fleet/node_commands.h"

#include "base/text.h"
#include "fleet/node_reset.h"
#include "fleet/setup.h"
#include "fleet/socket.h"
#include "fleet/spot.h"
#include "fleet/status.h"
#include "slurm/command_controller.h"
#include "slurm/hostlist.h"

namespace spillway::fleet {
namespace {

constexpr Code kNoJournal{"SPW-FLEET-008",
                          "nothing has looked after this cluster yet, or --config names another one",
                          "start spillwayd, or give the --config of the cluster"};
constexpr Code kOurWords{
    "SPW-FLEET-013",
    "spillway undrains by itself what it drained, and knows that by the beginning of the reason",
    "give a reason that begins otherwise"};

/// All that were named, as one list.
Result<std::vector<NodeName>> named(const Invocation& asked) {
  std::vector<NodeName> all;
  for (const std::string& words : asked.arguments)
    for (NodeName& name : TRY(slurm::expand(words))) all.push_back(std::move(name));
  slurm::sort_names(all);
  return all;
}

Result<int> print_nodes(const Invocation& asked, const std::vector<NodeName>& only) {
  Journal journal = TRY(journal_to_read(asked));
  const Json report = TRY(nodes_report(journal, only));
  fmt::print("{}\n", asked.json() ? report.dump(2) : nodes_text(report));
  return 0;
}

Result<int> run_reset(const Invocation& asked) {
  const auto names = TRY(named(asked));
  const bool dry_run = asked.has("dry-run");
  const auto setup = TRY(Setup::make(TRY(load(asked))));
  Journal journal = TRY(Journal::open(setup->loaded().places.state));
  const Time now = SystemClock{}.now();
  const Reset what = TRY(reset_of(TRY(journal.load()), setup->policy(), names, now));
  if (!dry_run) {
    TRY(reset(journal, what, now));
    poke(setup->loaded().places.wake());
  }
  fmt::print("{}", asked.json() ? to_json(what, dry_run).dump(2) + "\n" : to_text(what, dry_run));
  return 0;
}

Result<int> run_drain(const Invocation& asked) {
  const auto names = TRY(named(asked));
  const std::string reason = asked.get("reason");
  if (reason.starts_with(kOurReason))
    return Error{Kind::invalid, kOurWords, fmt::format("the reason begins with {}", in_quotes(kOurReason))};
  const Loaded loaded = TRY(load(asked));
  PosixRunner runner;
  slurm::CommandController slurm{
      runner, {.bin = loaded.site.cluster.slurm_bin, .slurm_conf = loaded.site.cluster.slurm_conf}};
  const Deadline deadline =
      Deadline::after(std::chrono::seconds{parse_int(asked.get("timeout")).value_or(30)});
  const bool dry_run = asked.has("dry-run");
  TRY(slurm.nodes(names, deadline));  // all of them are nodes, or nothing is done
  if (!dry_run) TRY(slurm.set_state(names, slurm::NodeAction::drain, reason, deadline));
  Json list = Json::array();
  for (const NodeName& name : names) list.push(name.value);
  if (asked.json())
    fmt::print("{}\n", Json::object({{"schema", "spillway.node-drain/v1"},
                                     {"dry_run", dry_run},
                                     {"nodes", std::move(list)},
                                     {"reason", reason}})
                           .dump(2));
  else
    fmt::print("{}drain {}: {}\n", dry_run ? "would " : "", slurm::fold(names), reason);
  return 0;
}

}  // namespace

Result<Journal> journal_to_read(const Invocation& asked) {
  const auto path = places_of(asked).state;
  auto journal = Journal::open_for_reading(path);
  if (!journal && journal.error().kind == Kind::not_found)
    return Error{Kind::not_found, kNoJournal, fmt::format("there is no journal {}", path.string())};
  return journal;
}

std::vector<Command> node_commands() {
  return {
      {.path = "node ls",
       .summary = "List the nodes that Slurm ever asked for, with their instances.",
       .run = [](const Invocation& asked) { return print_nodes(asked, {}); }},
      {.path = "node show",
       .summary = "Show nodes.",
       .positionals = {{"HOSTLIST", "The nodes, as cloud-c5-[0-3].", true, true}},
       .examples = {{"spillway node show 'cloud-c5-[0-3]' -o json", "Four nodes, for a program."}},
       .run = [](const Invocation& asked) -> Result<int> { return print_nodes(asked, TRY(named(asked))); }},
      {.path = "node reset",
       .summary = "Give failed nodes back to Slurm now, and release their group.",
       .description =
           "Failed nodes do not wait for the end of their rest; a parked group of theirs is released, and "
           "its offerings "
           "that rest are asked\n"
           "for again. The reconciler acts on it at its next pass. --dry-run tells what would be done.",
       .positionals = {{"HOSTLIST", "Nodes that failed, or whose group is parked.", true, true}},
       .examples = {{"spillway node reset cloud-c5-7", "After the cause of its failure is gone."}},
       .run = run_reset},
      {.path = "node drain",
       .summary = "Keep new jobs away from nodes; those that run go on.",
       .description = "Slurm suspends a drained node when it has been idle for SuspendTime. It takes jobs "
                      "again after: scontrol "
                      "update nodename=NODE\n"
                      "state=undrain. --dry-run tells what would be done.",
       .options = {{"--reason", "TEXT", "What sinfo -R shows.", "drained with spillway node drain", ""}},
       .positionals = {{"HOSTLIST", "The nodes, as cloud-c5-[0-3].", true, true}},
       .examples = {{"spillway node drain 'cloud-c5-[0-3]' --reason 'disk errors'",
                     "Before looking into it."}},
       .run = run_drain},
  };
}

}  // namespace spillway::fleet
