#pragma once
#include "base/json.h"
#include "site/inputs.h"

// Who may do what on AWS; nothing more than the path of a node takes. Source: AWS's Service Authorization
// Reference; failures.md's requirements 1 to 9 as this project's threat model states them.
namespace spillway::site {

/// Of the daemon, by what it is for. A policy of a role has at most 10,240 characters in all.
Json head_policy(const Inputs& in);
/// Of a compute node: its launch document and what was released to it alone; where nodes end the tunnel
/// themselves, the name of its public key, too.
Json compute_policy(const Inputs& in);
/// Of the sessions that jobs' data moves with: what lies under jobs/ and inputs/, each session narrowed to
/// its own run (staging/job_access.h). Nothing can be deleted with it.
Json stage_policy(const Inputs& in);
/// Of a gateway: its key and its peers, which lie in `place`; of two gateways each may lead the routes of the
/// nodes' subnets to an instance, and nothing else of them.
Json gateway_policy(const Inputs& in, const std::string& place = "gateway");
/// Of the premises' gateway where nodes end the tunnel themselves: who they are.
Json tunnel_policy(const Inputs& in);
/// Of the bucket: TLS only.
Json bucket_policy(const Inputs& in);
/// Who may become a role: EC2 for its instances, or a principal by its ARN.
Json trust_in_ec2();
Json trust_in(const std::string& principal_arn);

}  // namespace spillway::site
