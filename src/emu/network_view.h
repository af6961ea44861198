#pragma once
#include "emu/account.h"
#include "emu/network.h"

namespace spillway::emu {

NetworkView network_view_of(const Account& account);

}  // namespace spillway::emu
