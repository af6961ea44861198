#pragma once
#include <string>

namespace spillway::lab {

/// named.conf of a resolver that listens on `address`: the zones of AWS's names, of the site (primary on the
/// controller, forwarded there by the VPC's resolver), and a root zone without anything, so that every other
/// name is answered with NXDOMAIN at once.
std::string render_named_conf(const std::string& folder, const std::string& address, bool primary);
/// Zone amazonaws.com: S3's names point at S3, everything else at the API's address.
std::string render_aws_zone();
std::string render_site_zone();
std::string render_empty_root_zone();

}  // namespace spillway::lab
