#pragma once
#include "emu/account.h"

// What EC2 makes, and takes away, by itself when VPCs and instances come and go.
namespace spillway::emu {

/// Takes an address of the subnet; empty when there is none left.
std::string take_address(Subnet& subnet);
/// Takes this address; false when it is not the subnet's to give, or taken.
bool take_address(Subnet& subnet, std::string_view wanted);
void release_address(Subnet& subnet, std::string_view address);
/// Addresses of the subnet that instances could still get.
int64_t free_addresses(const Subnet& subnet);

/// Gives a VPC what it lacks of a default security group, a main route table and DHCP options.
void furnish(Account& account, Vpc& vpc);
/// The default security group of a VPC; nullptr where there is no such VPC.
const SecurityGroup* default_group(const Account& account, std::string_view vpc_id);
/// Adds the rule that each new group has: everything may go out.
void allow_all_egress(Account& account, const std::string& group_id);
/// The route table that holds for a subnet: its own, or its VPC's main one; nullptr without either.
const RouteTable* route_table_of(const Account& account, const Subnet& subnet);
/// The name of S3's prefix list in this region, and its id.
std::string s3_service(const Account& account);
inline constexpr std::string_view kS3PrefixList = "pl-63a5400a";

/// A public address that nobody has; empty when there is none left.
std::string unused_public_address(const Account& account);
/// The address that the world sees an interface under, and whose it is; nullptr for the elastic one where it
/// was given at launch.
struct PublicAddress {
  std::string ip;
  const Address* elastic = nullptr;
};
PublicAddress public_address_of(const Account& account, const Interface& interface);

std::string interface_id(const Instance& instance);
/// nullptr once the instance is terminated.
const Interface* interface_of(const Account& account, const Instance& instance);
Interface* interface_of(Account& account, const Instance& instance);
/// Gives a placed instance its interface and its volumes.
void equip(Account& account, Instance& instance);
/// Takes the interface away, and with it its addresses.
void remove_interface(Account& account, const std::string& id);
/// Takes away what an ended instance had: interface, addresses, and the volumes that go with it.
void strip(Account& account, Instance& instance);

}  // namespace spillway::emu
