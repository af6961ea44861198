#pragma once
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "aws/client.h"
#include "config/instance_shape.h"
#include "config/partitions.h"
#include "site/gather.h"
#include "site/images.h"

// What EC2 says of instance types; slurm.conf's CPUs and RealMemory come from it.
namespace spillway::site {

struct Shapes {
  std::map<std::string, config::InstanceShape, std::less<>> by_type;
  std::map<std::string, std::set<std::string>, std::less<>> architectures;  // x86_64, arm64, by type
  config::ShapeOf look_up() const;
};

/// vCPUs and memory of each type, in calls of a hundred. Errors: not_found (SPW-SITE-020: the region has no
/// such type), those of Client::call. Source: EC2 API, DescribeInstanceTypes.
Result<Shapes> ask_shapes(aws::Client& client, const std::set<std::string>& types, Deadline deadline);

/// EC2 judges the memory and CPUs that the groups say (warnings), and says those that they do not. Errors:
/// those of ask_shapes.
Result<Shapes> take_shapes(const Invocation& asked, Gathered& out);
/// Every type that is launched from the site's own template must run its image. Errors: invalid
/// (SPW-SITE-028).
Result<void> check_architecture(const config::Partitions& partitions, const Shapes& shapes,
                                const ImageFacts& image);
/// A line for each group of which EC2 said something.
std::string derived_text(const std::vector<config::Derived>& derived);

}  // namespace spillway::site
