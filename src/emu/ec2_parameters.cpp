#include <algorithm>

#include "base/text.h"
#include "emu/ec2.h"

// The parameters that EC2 knows for the operations of networks, so that a misspelt one is refused as there.
// Source: EC2 API Reference, 2016-11-15.
namespace spillway::emu {
namespace {

const std::map<std::string_view, std::string_view>& table() {
  static const std::map<std::string_view, std::string_view> kNames = {
      {"CreateVpc",
       "CidrBlock AmazonProvidedIpv6CidrBlock Ipv6Pool Ipv6CidrBlock Ipv4IpamPoolId Ipv4NetmaskLength "
       "Ipv6IpamPoolId Ipv6NetmaskLength DryRun InstanceTenancy Ipv6CidrBlockNetworkBorderGroup "
       "TagSpecification"},
      {"DeleteVpc", "VpcId DryRun"},
      {"ModifyVpcAttribute", "EnableDnsHostnames EnableDnsSupport VpcId EnableNetworkAddressUsageMetrics"},
      {"DescribeVpcAttribute", "Attribute VpcId DryRun"},
      {"DescribeVpcs", "Filter VpcId DryRun NextToken MaxResults"},
      {"CreateSubnet",
       "TagSpecification AvailabilityZone AvailabilityZoneId CidrBlock Ipv6CidrBlock OutpostArn VpcId DryRun "
       "Ipv6Native"},
      {"DeleteSubnet", "SubnetId DryRun"},
      {"ModifySubnetAttribute",
       "AssignIpv6AddressOnCreation MapPublicIpOnLaunch SubnetId MapCustomerOwnedIpOnLaunch "
       "CustomerOwnedIpv4Pool EnableDns64 PrivateDnsHostnameTypeOnLaunch "
       "EnableResourceNameDnsARecordOnLaunch EnableResourceNameDnsAAAARecordOnLaunch EnableLniAtDeviceIndex "
       "DisableLniAtDeviceIndex"},
      {"DescribeSubnets", "Filter SubnetId DryRun NextToken MaxResults"},
      {"DescribeAvailabilityZones", "Filter ZoneName ZoneId AllAvailabilityZones DryRun"},
      {"CreateInternetGateway", "TagSpecification DryRun"},
      {"AttachInternetGateway", "DryRun InternetGatewayId VpcId"},
      {"DetachInternetGateway", "DryRun InternetGatewayId VpcId"},
      {"DeleteInternetGateway", "DryRun InternetGatewayId"},
      {"DescribeInternetGateways", "Filter DryRun InternetGatewayId NextToken MaxResults"},
      {"CreateRouteTable", "DryRun VpcId TagSpecification ClientToken"},
      {"DeleteRouteTable", "DryRun RouteTableId"},
      {"DescribeRouteTables", "Filter DryRun RouteTableId NextToken MaxResults"},
      {"CreateRoute",
       "DestinationCidrBlock DestinationIpv6CidrBlock DestinationPrefixListId DryRun VpcEndpointId "
       "EgressOnlyInternetGatewayId GatewayId InstanceId NatGatewayId TransitGatewayId LocalGatewayId "
       "CarrierGatewayId NetworkInterfaceId RouteTableId VpcPeeringConnectionId CoreNetworkArn"},
      {"ReplaceRoute",
       "DestinationCidrBlock DestinationIpv6CidrBlock DestinationPrefixListId DryRun VpcEndpointId "
       "EgressOnlyInternetGatewayId GatewayId InstanceId LocalTarget NatGatewayId TransitGatewayId "
       "LocalGatewayId CarrierGatewayId NetworkInterfaceId RouteTableId VpcPeeringConnectionId "
       "CoreNetworkArn"},
      {"DeleteRoute",
       "DestinationCidrBlock DestinationIpv6CidrBlock DestinationPrefixListId DryRun RouteTableId"},
      {"AssociateRouteTable", "DryRun RouteTableId SubnetId GatewayId"},
      {"DisassociateRouteTable", "AssociationId DryRun"},
      {"ReplaceRouteTableAssociation", "AssociationId DryRun RouteTableId"},
      {"CreateVpcEndpoint",
       "DryRun VpcEndpointType VpcId ServiceName PolicyDocument RouteTableId SubnetId SecurityGroupId "
       "IpAddressType DnsOptions ClientToken PrivateDnsEnabled TagSpecification"},
      {"ModifyVpcEndpoint",
       "DryRun VpcEndpointId ResetPolicy PolicyDocument AddRouteTableId RemoveRouteTableId AddSubnetId "
       "RemoveSubnetId AddSecurityGroupId RemoveSecurityGroupId IpAddressType DnsOptions PrivateDnsEnabled"},
      {"DeleteVpcEndpoints", "DryRun VpcEndpointId"},
      {"DescribeVpcEndpoints", "DryRun VpcEndpointId Filter MaxResults NextToken"},
      {"DescribePrefixLists", "DryRun Filter MaxResults NextToken PrefixListId"},
      {"CreateSecurityGroup", "GroupDescription GroupName VpcId TagSpecification DryRun"},
      {"DeleteSecurityGroup", "GroupId GroupName DryRun"},
      {"AuthorizeSecurityGroupIngress",
       "CidrIp FromPort GroupId GroupName IpPermissions IpProtocol SourceSecurityGroupName "
       "SourceSecurityGroupOwnerId ToPort DryRun TagSpecification"},
      {"AuthorizeSecurityGroupEgress",
       "DryRun GroupId IpPermissions TagSpecification CidrIp FromPort IpProtocol ToPort "
       "SourceSecurityGroupName SourceSecurityGroupOwnerId"},
      {"RevokeSecurityGroupIngress",
       "CidrIp FromPort GroupId GroupName IpPermissions IpProtocol SourceSecurityGroupName "
       "SourceSecurityGroupOwnerId ToPort DryRun SecurityGroupRuleId"},
      {"RevokeSecurityGroupEgress",
       "DryRun GroupId IpPermissions SecurityGroupRuleId CidrIp FromPort IpProtocol ToPort "
       "SourceSecurityGroupName SourceSecurityGroupOwnerId"},
      {"DescribeSecurityGroups", "Filter GroupId GroupName DryRun NextToken MaxResults"},
      {"DescribeSecurityGroupRules", "Filter SecurityGroupRuleId DryRun NextToken MaxResults"},
      {"AllocateAddress",
       "Domain Address PublicIpv4Pool NetworkBorderGroup CustomerOwnedIpv4Pool DryRun TagSpecification"},
      {"AssociateAddress",
       "AllocationId InstanceId PublicIp AllowReassociation DryRun NetworkInterfaceId PrivateIpAddress"},
      {"DisassociateAddress", "AssociationId PublicIp DryRun"},
      {"ReleaseAddress", "AllocationId PublicIp NetworkBorderGroup DryRun"},
      {"DescribeAddresses", "Filter PublicIp AllocationId DryRun"},
      {"CreateDhcpOptions", "DhcpConfiguration TagSpecification DryRun"},
      {"AssociateDhcpOptions", "DhcpOptionsId VpcId DryRun"},
      {"DeleteDhcpOptions", "DhcpOptionsId DryRun"},
      {"DescribeDhcpOptions", "DhcpOptionsId Filter DryRun NextToken MaxResults"},
      {"DescribeNetworkInterfaces", "Filter DryRun NetworkInterfaceId NextToken MaxResults"},
      {"ModifyNetworkInterfaceAttribute",
       "Attachment Description DryRun SecurityGroupId NetworkInterfaceId SourceDestCheck "
       "EnaSrdSpecification"},
      {"DescribeInstanceAttribute", "Attribute DryRun InstanceId"},
      {"ModifyInstanceAttribute",
       "SourceDestCheck Attribute BlockDeviceMapping DisableApiTermination DryRun EbsOptimized EnaSupport "
       "GroupId InstanceId InstanceInitiatedShutdownBehavior InstanceType Kernel Ramdisk SriovNetSupport "
       "UserData Value DisableApiStop"},
      {"DescribeVolumes", "Filter VolumeId DryRun MaxResults NextToken"},
      {"DeleteVolume", "VolumeId DryRun"},
      {"LaunchTemplateData",
       "KernelId EbsOptimized IamInstanceProfile BlockDeviceMapping NetworkInterface ImageId InstanceType "
       "KeyName Monitoring Placement RamDiskId DisableApiTermination InstanceInitiatedShutdownBehavior "
       "UserData TagSpecification ElasticGpuSpecification ElasticInferenceAccelerator SecurityGroupId "
       "SecurityGroup InstanceMarketOptions CreditSpecification CpuOptions CapacityReservationSpecification "
       "LicenseSpecification HibernationOptions MetadataOptions EnclaveOptions InstanceRequirements "
       "PrivateDnsNameOptions MaintenanceOptions DisableApiStop"},
  };
  return kNames;
}

/// Words of letters and digits between dots, and not more of them than EC2 has anywhere.
bool is_well_formed(std::string_view name) {
  constexpr size_t kMostWords = 12;
  const std::vector<std::string_view> words = split(name, '.');
  return words.size() <= kMostWords && std::all_of(words.begin(), words.end(), [](std::string_view word) {
           return !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char c) {
             return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
           });
         });
}

}  // namespace

Answer<bool> known_parameters(std::string_view name_of_operation, const Params& params) {
  auto operation = table().find(name_of_operation);
  if (operation == table().end()) return true;
  const std::vector<std::string_view> known = split(operation->second, ' ');
  for (const auto& [name, value] : params.values()) {
    const std::string_view first = std::string_view(name).substr(0, name.find('.'));
    const bool common = first == "Action" || first == "Version" || first.starts_with("X-Amz-");
    if (!common && (!is_well_formed(name) || std::find(known.begin(), known.end(), first) == known.end()))
      return refusal("UnknownParameter", fmt::format("The parameter {} is not recognized", name));
  }
  return true;
}

}  // namespace spillway::emu
