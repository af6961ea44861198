#pragma once
#include <string>

#include "fleet/records.h"

// Where things lie in the bucket, all under the cluster's uuid:
//   launches/<intent>.json                        which instance is which node; not secret
//   secrets/<name>                                published by root's `apply`, read by nobody but CopyObject
//   lease.json                                    that somebody looks after the nodes, and since when
//   release/<role id>:<instance id>/<name>        a copy that only this instance's role session may read

namespace spillway::fleet {

std::string launch_key(const ClusterId& cluster, const IntentId& intent);
std::string secret_key(const ClusterId& cluster, const std::string& name);
std::string released_key(const ClusterId& cluster, const std::string& role_id, const InstanceId& instance,
                         const std::string& name);

std::string lease_key(const ClusterId& cluster);
/// {"schema": "spillway.lease/v1", "renewed_at_s": seconds since 1970}: nodes read it with shell.
Json lease_document(Time now);

/// The launch's document, which instances read at boot: schema spillway.launch/v1.
Json launch_document(const ClusterId& cluster, const IntentId& intent, const GroupName& group,
                     const std::vector<MachineRecord>& machines);
/// The bindings that such a document tells; the inverse of launch_document. Errors: invalid.
Result<std::vector<MachineRecord>> read_launch_document(std::string_view text);

}  // namespace spillway::fleet
