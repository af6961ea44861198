#pragma once
#include "fleet/world.h"

// When a machine's name is written to DNS and taken away. Pure. Names are a convenience: NodeAddr is numeric,
// so a name server that fails costs nodes a wait, once, and nothing else.
namespace spillway::fleet {

/// Whether Slurm may be told of the machine: its name is there, cannot be, or the server had its time.
bool may_be_announced(const MachineRecord& machine, const World& world, const Policy& policy);
/// Whether to write the name of a machine that stays: it is not there yet, or was not there at a look.
bool name_is_due(const MachineRecord& machine, const World& world, const Policy& policy);
/// Whether something may stand in DNS that has to go with the machine.
bool name_is_to_go(const MachineRecord& machine, const World& world, const Policy& policy);
/// What a look found of ours that belongs to no machine.
std::vector<dns::Binding> stale_names(const World& world);

/// The machine's records.
dns::Binding binding_of(const MachineRecord& machine);
/// Every name that a node of the groups, or of the journal, may have.
std::vector<NodeName> known_names(const Records& records, const Policy& policy);

}  // namespace spillway::fleet
