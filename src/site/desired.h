#pragma once
#include "site/inputs.h"
#include "site/resource.h"

// What the site wants on AWS, a pure function of its inputs. Each part adds its resources.
namespace spillway::site {

/// All of it, each resource after what it needs. Errors: invalid (SPW-SITE-002, -003: the addresses do not
/// fit).
Result<Resources> desired(const Inputs& in);

Result<void> want_network(const Inputs& in, Resources& out);  // VPC, subnets, routes, S3 endpoint, names
void want_groups(const Inputs& in, Resources& out);           // security groups and their rules
void want_access(const Inputs& in, Resources& out);           // roles and instance profiles
void want_storage(const Inputs& in, Resources& out);          // bucket, objects and parameters
Result<void> want_gateway(const Inputs& in, Resources& out);  // address and instance
void want_templates(const Inputs& in, Resources& out);        // the launch template of compute nodes

/// The resource, or somebody else's in its place when `existing` is not empty.
Resource resource(std::string key, std::string type, Json properties, std::string existing = "");
/// The network of the first or second gateway's subnet. Errors: invalid (SPW-SITE-002).
Result<std::string> gateway_network(const Inputs& in, unsigned index);
/// Keys of the compute subnets.
std::vector<std::string> compute_subnet_keys(const Inputs& in);
/// By which a content is compared without being read back: SHA-256 in hexadecimal.
std::string digest_of(std::string_view content);

}  // namespace spillway::site
