#pragma once
#include "base/error.h"

// Codes of the room that more than one file uses.
namespace spillway::site {

inline constexpr Code kForeignName{
    "SPW-SITE-005", "the name is taken by something that does not carry this cluster's tag",
    "give the cluster another name, or name what stands there under existing: in spillway.yaml"};
inline constexpr Code kBucketNotEmpty{
    "SPW-SITE-006",
    "job data, or old versions of it, are in the bucket, and destroy does not delete data by itself",
    "fetch what you need, then: spillway destroy --with-data"};

inline constexpr Code kGatewayDied{
    "SPW-SITE-007", "EC2 ends an instance that it cannot start, for its disk's key or its quota",
    "aws ec2 describe-instances shows its StateReason; mend that, then: spillway apply"};
inline constexpr Code kStalePlan{"SPW-SITE-008",
                                 "what is on AWS, or the configuration, changed after the plan was made",
                                 "look at a new plan: spillway plan"};
inline constexpr Code kNotConfirmed{"SPW-SITE-009",
                                    "what costs money or deletes is done only when somebody says yes",
                                    "say --yes, or answer yes on a terminal"};
inline constexpr Code kNodesUp{"SPW-SITE-010", "cloud nodes run; their jobs would be lost",
                               "drain the cloud partitions and wait, or say --with-nodes"};
inline constexpr Code kNoImage{"SPW-SITE-011", "instances start from site.image and site.gateway_image",
                               "name an image of this region and its owner: aws ec2 describe-images"};
inline constexpr Code kBusy{"SPW-SITE-012", "two of them at once would make things twice",
                            "wait for the other one, or end it"};
inline constexpr Code kIncomplete{"SPW-SITE-013", "plan and apply need it", "add it to spillway.yaml"};
inline constexpr Code kImagesLeft{
    "SPW-SITE-024", "instances of other places may be launched from it, and it took an hour to make",
    "spillway image delete NAME, or: spillway destroy --with-data"};

}  // namespace spillway::site
