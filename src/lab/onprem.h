#pragma once
#include "lab/slurm_files.h"
#include "lab/workbench.h"

namespace spillway::lab {

/// Users alice and bob with homes, hosts, resolver, names of services: what a site has before Slurm.
Result<void> write_site_files();
/// slurmdbd.conf, a slurm.conf without the cloud, and the folders of Slurm's daemons.
Result<void> write_slurm_files();
/// The program, the hooks as links to it, the folders of the daemon.
Result<void> install_spillway(const Workbench& bench);
/// The site's files of Spillway, or of plugin v2, and slurm.conf with what they add to it. Needs
/// install_spillway.
Result<void> configure(const Workbench& bench, const ClusterFacts& cluster);

Result<void> start_munge(const Workbench& bench, const std::string& key);
/// BIND for the site on the controller, and the VPC's resolver.
Result<void> start_resolvers(const Workbench& bench);
/// slurmctld; returns when it answers. Needs munge and slurmdbd.
Result<void> start_controller(const Workbench& bench);
/// slurmd of op1; returns when Slurm shows it idle.
Result<void> start_onprem_node(const Workbench& bench);
/// `spillway daemon` as user slurm; returns when its socket is there.
Result<void> start_daemon(const Workbench& bench);

/// Ends the premises' name server and starts it again, with a clock that is so far ahead. Its records stay.
/// Errors: timeout, io.
Result<void> restart_name_server(const Workbench& bench, int64_t ahead_s);

}  // namespace spillway::lab
