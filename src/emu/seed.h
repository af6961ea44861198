#pragma once
#include "emu/account.h"

namespace spillway::emu {

/// Adds what the document describes to a copy of the account's tables, and keeps it if all of it is right.
Result<void> seed_account(Account& account, const Json& document);

}  // namespace spillway::emu
