#pragma once
#include "vpn/gateway_files.h"

// What the room's tests agree on.
namespace spillway::vpn::samples {

inline const PublicKey kNearKey{"hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="};
inline const PublicKey kFarKey{"3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08="};
inline const PublicKey kStandbyKey{"y1dpSVRhVSLRHuYEGJa6mtNCzkIT1/WQ3hfmUCtIaD4="};

inline VpnSite site() {
  VpnSite out;
  out.cluster = "tundra";
  out.cluster_id = "0b8f6a52-0000-4000-8000-00000000002a";
  out.vpn.onprem_cidrs = {"192.168.0.0/16"};
  out.vpn.endpoint = "gw.example.edu:51820";
  out.vpn.key = "file:/etc/spillway/keys/wg";
  out.vpn.lan_address = "192.168.10.1";
  out.vpn.login_hosts = {"192.168.10.20"};
  out.vpc_cidr = "172.31.0.0/16";
  out.controllers = {{"192.168.10.10", 6817}, {"192.168.10.11", 6817}};
  out.name_servers = {"192.168.10.10"};
  out.srun_last_port = 60999;
  out.aws_endpoint = "203.0.113.20:51820";
  out.aws_key = kFarKey;
  return out;
}

}  // namespace spillway::vpn::samples
