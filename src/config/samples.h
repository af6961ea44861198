#pragma once

// Samples for the tests of this room and of those that read its files: what a site's files look like.
namespace spillway::config::samples {

/// The tutorial's partitions.json: works, and is wrong in three ways.
inline constexpr const char* kTutorialPartitions = R"({
  "Partitions": [
    {
      "PartitionName": "cloud",
      "NodeGroups": [
        {
          "NodeGroupName": "c5",
          "MaxNodes": 20,
          "Region": "us-east-1",
          "SlurmSpecifications": {"CPUs": "4", "RealMemory": "32000"},
          "PurchasingOption": "on-demand",
          "OnDemandOptions": {"AllocationStrategy": "lowest-price"},
          "LaunchTemplateSpecification": {"LaunchTemplateName": "slurm-bursting-compute", "Version": "$Latest"},
          "LaunchTemplateOverrides": [{"InstanceType": "c5.xlarge"}],
          "SubnetIds": ["subnet-11111111"]
        }
      ],
      "PartitionOptions": {
        "MaxTime": "12:00:00",
        "TRESBillingWeights": "CPU=4.0,Mem=0.25G,Node=2.0",
        "DefMemPerCPU": "8000"
      }
    }
  ]
})";

inline constexpr const char* kSite = R"(apiVersion: spillway/v1
cluster: {name: tundra, slurm_conf: /etc/slurm/slurm.conf}
aws:     {profile: hpc, region: us-east-1, vpc_cidr: 172.31.0.0/16}
vpn:     {onprem_cidrs: [192.168.0.0/16], endpoint: gw.example.edu:51820, key: file:/etc/spillway/keys/wg, mode: gateway}
dns:     {zone: example.com, server: dns.on-premises.example, tsig: file:/etc/spillway/keys/ddns}
partitions_file: partitions.json
data:    {bucket: slurm-burst-data, keep_days: 14}
budget:  {monthly: "5000 USD", warn: [50%, 80%], at_limit: hold_new_jobs}
)";

inline constexpr const char* kPluginConfig = R"({
  "LogLevel": "INFO",
  "LogFileName": "/var/log/slurm/aws.log",
  "SlurmBinPath": "/usr/bin",
  "SlurmConf": {
    "PrivateData": "CLOUD",
    "ResumeProgram": "/etc/slurm/aws/resume.py",
    "SuspendProgram": "/etc/slurm/aws/suspend.py",
    "ResumeRate": 100,
    "SuspendRate": 100,
    "ResumeTimeout": 300,
    "SuspendTime": 350,
    "TreeWidth": 60000,
    "GresTypes": "gpu"
  }
})";

}  // namespace spillway::config::samples
