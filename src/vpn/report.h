#pragma once
#include "base/health.h"
#include "vpn/gateway_files.h"
#include "vpn/monitor.h"
#include "vpn/prober.h"

// What the commands print: a JSON document of a versioned schema, and the same for people.
namespace spillway::vpn {

/// The monitor's last report, unless it is missing or cannot be read.
std::optional<TunnelReport> monitors_word(const std::filesystem::path& run_dir);

/// Schema spillway.vpn-status/v1. The state is the monitor's word if that is fresh, else what the handshake
/// tells.
Json status_report(const VpnSite& site, const InterfaceState& state, const std::optional<TunnelReport>& word,
                   Time now);
std::string status_text(const Json& report);

/// Schema spillway.vpn-ping/v1.
Json ping_report(const PingOrder& order, const PingAnswer& answer);
std::string ping_text(const Json& report);

/// Schema spillway.vpn-check/v1.
Json check_report(const std::vector<Finding>& findings);
std::string check_text(const Json& report);

/// Schema spillway.vpn-config/v1.
Json files_report(const std::string& side, const PublicKey& near_key, const std::vector<GatewayFile>& files);
std::string files_text(const Json& report);
/// Where they were put, and what comes next.
std::string files_list(const Json& report, const std::string& root);

}  // namespace spillway::vpn
