#include "lab/slurm_files.h"

#include <fmt/format.h>

#include "base/json.h"
#include "lab/dns_files.h"
#include "lab/layout.h"

namespace spillway::lab {

// AuthInfo, config_overrides and the scheduler's intervals make a small cluster on one machine quick; a
// site's slurm.conf must not have them.
std::string render_site_conf() {
  return fmt::format(R"(ClusterName=lab
SlurmctldHost=ctl({controller})
SlurmUser=slurm
SlurmdUser=root
AuthType=auth/munge
AuthInfo=cred_expire=5
StateSaveLocation=/var/spool/slurmctld
SlurmdSpoolDir=/var/spool/slurmd
SlurmctldPidFile=/run/slurm/slurmctld.pid
SlurmdPidFile=/run/slurmd.pid
SlurmctldLogFile=/var/log/slurm/slurmctld.log
SlurmdLogFile=/var/log/slurm/slurmd.log
SlurmctldDebug=info
SlurmdDebug=info
SrunPortRange=60001-60999
ReturnToService=2
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdTimeout=30
KillWait=5
MessageTimeout=20
LaunchParameters=enable_nss_slurm
SchedulerParameters=bf_interval=2,sched_interval=2,batch_sched_delay=0,sched_min_interval=0
SlurmctldParameters=enable_configless,idle_on_node_suspend,power_save_interval=1,cloud_reg_addrs
SlurmdParameters=config_overrides
Prolog=/etc/spillway/prolog.d/*
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=ctl
AccountingStorageEnforce=associations,limits,qos,safe
NodeName=op1 NodeAddr={node} CPUs=2 RealMemory=1000 State=UNKNOWN
PartitionName=onprem Nodes=op1 Default=YES SuspendTime=INFINITE PriorityTier=10 MaxTime=INFINITE
)",
                     fmt::arg("controller", kControllerAddress), fmt::arg("node", kOnPremNodeAddress));
}

std::string render_cloud_conf(const ClusterFacts& cluster) {
  return fmt::format(R"(PrivateData=cloud
TreeWidth=65533
PrologSlurmctld=/usr/libexec/spillway/prolog-slurmctld
ResumeProgram=/usr/libexec/spillway/resume
SuspendProgram=/usr/libexec/spillway/suspend
ResumeFailProgram=/usr/libexec/spillway/resume-fail
SuspendTime=2
SuspendTimeout=1
ResumeTimeout=60
ResumeRate=0
SuspendRate=0
NodeName=cloud-c5-[0-{last}] CPUs=2 RealMemory=3600 State=CLOUD Weight=100
PartitionName=cloud Nodes=cloud-c5-[0-{last}] MaxTime=12:00:00 TRESBillingWeights="CPU=2.0,Mem=0.25G"
)",
                     fmt::arg("last", cluster.nodes - 1));
}

std::string render_slurmdbd_conf() {
  return R"(AuthType=auth/munge
DbdHost=ctl
SlurmUser=slurm
PidFile=/run/slurm/slurmdbd.pid
LogFile=/var/log/slurm/slurmdbd.log
DebugLevel=info
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=slurm
StorageLoc=slurm_acct_db
CommitDelay=0
)";
}

std::string render_partitions_json(const ClusterFacts& cluster) {
  Json group = Json::object(
      {{"NodeGroupName", "c5"},
       {"MaxNodes", cluster.nodes},
       {"Region", "us-east-1"},
       {"SlurmSpecifications", Json::object({{"CPUs", "2"}, {"RealMemory", "3600"}, {"Weight", "100"}})},
       {"PurchasingOption", "on-demand"},
       {"OnDemandOptions", Json::object({{"AllocationStrategy", "lowest-price"}})},
       {"LaunchTemplateOverrides", Json::array({Json::object({{"InstanceType", "c5.large"}})})},
       {"Tags", Json::array({Json::object({{"Key", "place"}, {"Value", "{node_name} at {ip_address}"}})})}});
  // What a plugin v2 site made by hand; otherwise apply makes both.
  if (!cluster.subnet_id.empty())
    group
        .set("LaunchTemplateSpecification",
             Json::object({{"LaunchTemplateName", "spillway-compute"}, {"Version", "1"}}))
        .set("SubnetIds", Json::array({cluster.subnet_id}));
  const Json partition = Json::object({{"PartitionName", "cloud"},
                                       {"NodeGroups", Json::array({group})},
                                       {"PartitionOptions", Json::object({{"MaxTime", "12:00:00"}})}});
  return Json::object({{"Partitions", Json::array({partition})}}).dump(2) + "\n";
}

std::string render_spillway_yaml(const ClusterFacts& cluster) {
  return fmt::format(R"(apiVersion: spillway/v1
cluster: {{name: lab, id: {0}, slurm_conf: /etc/slurm/slurm.conf}}
aws: {{region: us-east-1, vpc_cidr: 172.31.0.0/16, profile: head}}
fleet: {{capacity_rest_s: 5}}  # scenarios do not wait for EC2's stocks
site: {{image_owner: self, head_principal: "arn:aws:iam::123456789012:user/spillwayd", name_servers: [{2}]}}
vpn: {{onprem_cidrs: [192.168.10.0/24], endpoint: "{1}:51820", key: "file:/etc/spillway/keys/wg"{4}}}
dns: {{zone: example.com, reverse_zone: {3}, server: {2}, tsig: "file:/etc/spillway/keys/ddns"}}
data: {{bucket: spillway-lab}}
partitions_file: partitions.json
)",
                     cluster.uuid, kOnPremGatewayPublic, kControllerAddress, kReverseZone,
                     cluster.node_tunnel ? ", mode: node, profile: tunnel"
                                         : fmt::format(", gateways: {}", cluster.gateways));
}

}  // namespace spillway::lab
