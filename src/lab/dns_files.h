#pragma once
#include <string>

#include "base/error.h"

namespace spillway::lab {

/// The key of dynamic updates, in BIND's format; `secret` in base64.
std::string render_update_key(const std::string& secret);
/// named.conf on the premises: the product's own views, with AWS's names and an empty root among the site's
/// zones.
Result<std::string> render_onprem_named_conf(const std::string& folder);
/// Included by it: the zones of AWS's names and the root.
std::string render_other_zones();
/// Zone of the site and the nodes, by the product's skeleton.
Result<std::string> render_nodes_zone();
Result<std::string> render_reverse_zone();
inline constexpr const char* kReverseZone = "31.172.in-addr.arpa";

/// named.conf of a resolver that listens on `address`: the zones of AWS's names, of the site (primary on the
/// controller, forwarded there by the VPC's resolver), and a root zone without anything, so that every other
/// name is answered with NXDOMAIN at once.
std::string render_named_conf(const std::string& folder, const std::string& address, bool primary);
/// Zone amazonaws.com: S3's names point at S3, everything else at the API's address.
std::string render_aws_zone();
std::string render_site_zone();
std::string render_empty_root_zone();

}  // namespace spillway::lab
