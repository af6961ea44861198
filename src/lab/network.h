#pragma once
#include <string>

#include "base/error.h"
#include "base/subprocess.h"

namespace spillway::lab {

/// Lays the lab's cables, addresses and routes between the hosts that make_hosts() made:
///
///   ctl .10, op1 .21 --- LAN 192.168.10.0/24 --- gw-onprem --- internet 203.0.113.0/24 --- gw-aws --- vpc
///   --- instances
///                                                                    |                                |
///                                                           AWS's APIs .100, S3 .101 ---- gateway endpoint
///
/// `vpc` is the VPC's router: its routes are the route table (192.168.10.0/24 through the gateway's
/// interface, S3's addresses through the gateway endpoint, nothing else), and it answers for the metadata
/// service and the resolver.
///
/// With `by_hand` the gateway on AWS is the host gw-aws, and the router is fixed. Otherwise the gateway is an
/// instance that `spillway apply` launches, and Router keeps the router as EC2's networks are.
Result<void> make_network(Runner& runner, bool by_hand);

/// A program that enters `host`'s network and name first: nsenter, as root.
Program on(const std::string& host, std::vector<std::string> argv);

/// Runs it on `host` and takes anything but exit 0 as an error. Returns its output.
Result<std::string> run_on(Runner& runner, const std::string& host, std::vector<std::string> argv,
                           const std::string& input = "");

}  // namespace spillway::lab
