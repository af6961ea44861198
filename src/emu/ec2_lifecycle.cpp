#include "base/crypto.h"
#include "emu/ec2_list.h"

// StopInstances, StartInstances, and what an instance wrote to its serial console.
namespace spillway::emu {
namespace {

void write_state(Xml& xml, std::string_view name, State state) {
  xml.in(name, [&] { xml.number("code", static_cast<int>(state)).text("name", to_string(state)); });
}

/// Moves each of the named instances; `move` refuses a state that it cannot begin from.
template <class Move>
Answer<Xml> move_all(Account& account, const Call& call, Move&& move) {
  const Values ids = call.params.list("InstanceId");
  if (ids.empty()) return refusal("MissingParameter", "The request must contain the parameter InstanceId");
  EMU_TRY(known_instances(account, ids));
  EMU_TRY(unless_dry_run(call));
  Xml items;
  for (const std::string& id : ids) {
    Instance& instance = account.instances.find(id)->second;
    const State before = instance.state;
    EMU_TRY(move(instance));
    items.in("item", [&] {
      items.text("instanceId", id);
      write_state(items, "currentState", instance.state);
      write_state(items, "previousState", before);
    });
  }
  Xml xml;
  xml.in("instancesSet", [&] { xml.raw(items.str()); });
  return xml;
}

tl::unexpected<ApiError> wrong_state(const Instance& instance, std::string_view verb) {
  return refusal(
      "IncorrectInstanceState",
      fmt::format("The instance '{}' is not in a state from which it can be {}.", instance.id.value, verb));
}

Answer<Xml> stop_instances(Account& account, const Call& call) {
  return move_all(account, call, [&](Instance& instance) -> Answer<bool> {
    if (instance.state == State::stopping || instance.state == State::stopped) return true;
    if (instance.state != State::running) return wrong_state(instance, "stopped");
    if (instance.started) account.events.push_back({false, {.id = instance.id}});
    instance.started = false;
    instance.state = State::stopping;
    instance.reason_code = "Client.UserInitiatedShutdown";
    instance.reason = "Client.UserInitiatedShutdown: User initiated shutdown";
    schedule(account, instance, account.now() + account.settings.shutdown_delay);
    return true;
  });
}

Answer<Xml> start_instances(Account& account, const Call& call) {
  return move_all(account, call, [&](Instance& instance) -> Answer<bool> {
    if (instance.state == State::pending || instance.state == State::running) return true;
    if (instance.state != State::stopped) return wrong_state(instance, "started");
    instance.state = State::pending;
    instance.reason_code.clear(), instance.reason.clear();
    schedule(account, instance, account.now() + account.settings.boot_delay);
    return true;
  });
}

Answer<Xml> get_console_output(Account& account, const Call& call) {
  const std::string id = EMU_TRY(required(call.params, "InstanceId"));
  EMU_TRY(known_instances(account, {id}));
  EMU_TRY(unless_dry_run(call));
  constexpr size_t kKept = 64 * 1024;  // EC2 shows the last 64 KiB
  const std::string& all = account.instances.find(id)->second.console;
  Xml xml;
  xml.text("instanceId", id).text("timestamp", to_iso8601(account.now()));
  if (!all.empty()) xml.text("output", to_base64(all.size() > kKept ? all.substr(all.size() - kKept) : all));
  return xml;
}

}  // namespace

const XmlOperations& ec2_lifecycle_operations() {
  static const XmlOperations kTable = {{"StopInstances", stop_instances},
                                       {"StartInstances", start_instances},
                                       {"GetConsoleOutput", get_console_output}};
  return kTable;
}

}  // namespace spillway::emu
