#pragma once
#include "emu/account.h"

namespace spillway::emu {

/// The instance metadata service, version 2. See imds.cpp for its paths.
net::Response answer_metadata(Account& account, const net::Incoming& request);

/// Temporary credentials of a role, as STS and the metadata service give them; kept in the account.
const AccessKey& issue_key(Account& account, const std::string& role, const std::string& session,
                           Duration life);

}  // namespace spillway::emu
