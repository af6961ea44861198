#pragma once
#include <string>

#include "base/command.h"

namespace spillway::slurm {

/// What spillway.yaml is made of.
struct InitAnswers {
  std::string name, id, region, profile, bucket, vpc_cidr;
  std::string slurm_conf = "/etc/slurm/slurm.conf", slurm_bin = "/usr/bin";
};

/// spillway.yaml for these answers; what config::load_site() reads back.
std::string site_yaml(const InitAnswers& answers);

/// ClusterName of a slurm.conf; empty when it has none.
std::string cluster_name_in(std::string_view slurm_conf);

Command init_command();

}  // namespace spillway::slurm
