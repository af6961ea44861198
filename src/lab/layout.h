#pragma once
#include <filesystem>
#include <string>

namespace spillway::lab {

/// What a lab is asked to be.
struct Settings {
  std::filesystem::path state = "/var/tmp/spillway-lab";  // caches and logs; all that a lab leaves behind
  std::filesystem::path programs;  // the folder of the binaries spillway and spillway-lab
  int nodes = 50;                  // cloud nodes that slurm.conf knows
  bool tied = false;               // the lab ends with the process that made it, however that ends
  bool plugin_site = false;        // configured by a folder of plugin v2's files
  bool node_tunnel = false;        // vpn.mode: node, without a gateway on AWS
  int gateways = 1;                // on AWS, otherwise
  bool daemon = true;              // `spillway daemon` runs
  int port = 0;                    // of the AWS endpoint on the host's loopback; 0: 4566, or any free one
};

/// Where the lab's own things are, seen from inside its sandbox; a tmpfs that dies with it.
inline constexpr const char* kRun = "/run/lab";

// The addresses of the lab's world. 203.0.113.0/24 is the internet, the others are private.
inline constexpr const char* kControllerAddress = "192.168.10.10";
inline constexpr const char* kOnPremNodeAddress = "192.168.10.21";
inline constexpr const char* kOnPremGatewayPublic = "203.0.113.10";
inline constexpr const char* kAwsGatewayPublic = "203.0.113.20";
inline constexpr const char* kAwsApiAddress = "203.0.113.100";
inline constexpr const char* kS3Address = "203.0.113.101";
inline constexpr const char* kPublicAddresses = "203.0.113.128/26";  // elastic ones
inline constexpr const char* kVpcRouter = "172.31.0.1";
inline constexpr const char* kVpcResolver = "172.31.0.2";
inline constexpr const char* kAwsGatewayPrivate = "172.31.0.5";
inline constexpr const char* kMetadataAddress = "169.254.169.254";

}  // namespace spillway::lab
