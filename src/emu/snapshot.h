#pragma once
#include "emu/account.h"

namespace spillway::emu {

/// The account's state as {"schema": "spillway.emu/v1", ...}; without faults and undelivered events.
Json snapshot_of(const Account& account);
/// Replaces the account's state. Errors: invalid, with the member's path; the state is then as before.
Result<void> restore_account(Account& account, const Json& snapshot);

}  // namespace spillway::emu
