#pragma once
#include <string>
#include <vector>

#include "aws/client.h"
#include "aws/credentials.h"
#include "staging/job_record.h"

// What a job's own programs may do in the bucket. Each gets a session of the cluster's staging role, narrowed
// by a policy to the prefixes of that one run; for an hour at most, renewed by whoever started it. Nobody who
// runs as a user may delete anything.
namespace spillway::staging {

/// Prefixes of the bucket, each ending with a slash or being one key.
struct Grant {
  std::vector<std::string> read, write;  // what may be written may be read, too
  std::string session;                   // its name in AWS's logs
};

/// Of the upload of one input; of a job's nodes; of the results' way home.
Grant grant_upload(const JobRun& run, std::string_view cluster, const Item& input);
Grant grant_node(const JobData& job, std::string_view cluster);
Grant grant_pull(const JobRun& run, std::string_view cluster);

/// The session policy. Errors: invalid (SPW-STAGE-060).
Result<Json> session_policy(std::string_view bucket, const Grant& grant);

/// Who gives a session. The seam behind which tests put a model.
class Access {
 public:
  virtual ~Access() = default;
  /// Errors: as session_policy; invalid (SPW-STAGE-064); those of the call.
  virtual Result<aws::Credentials> issue(const Grant& grant, Deadline deadline) = 0;
};

/// AssumeRole with the policy.
class StsAccess final : public Access {
 public:
  StsAccess(aws::Client& client, std::string role_arn, std::string bucket, Clock& clock)
      : client_(client), role_arn_(std::move(role_arn)), bucket_(std::move(bucket)), clock_(clock) {}
  Result<aws::Credentials> issue(const Grant& grant, Deadline deadline) override;

 private:
  aws::Client& client_;
  const std::string role_arn_, bucket_;
  Clock& clock_;
};

/// What a job's node is told, as an object that only its instance may read (beside the released munge key):
/// where the data lies, and a session. Written anew before the session ends.
struct NodeOrder {
  JobData job;
  std::string cluster, bucket, region;
  aws::Credentials session;
};
std::string order_key(std::string_view cluster, std::string_view role_id, std::string_view instance,
                      int64_t job);
std::string to_text(const NodeOrder& order);
/// Errors: invalid (SPW-STAGE-062).
Result<NodeOrder> read_order(std::string_view text);

/// Credentials as JSON between programs of ours, over a pipe or a private object, never as arguments.
Json to_json(const aws::Credentials& credentials);
Result<aws::Credentials> credentials_of(const Json& json);

}  // namespace spillway::staging
