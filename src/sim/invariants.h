#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/ec2.h"
#include "sim/broken.h"
#include "sim/ledger.h"

// failures.md §2, as far as the fleet is judged by them here; each is a function named after its number.
namespace spillway::sim {

struct Invariant {
  std::string_view number, sentence;
  /// What is wrong, or "".
  std::string (*check)(const View&);
};
/// Those that hold after every step.
const std::vector<Invariant>& invariants();
/// Throws Broken for the first that does not hold.
void check_all(const View& view);

// Those that are judged as a request arrives.

/// 3. Every launch has a durable intent first; replaying it launches nothing new.
std::string invariant_03_before(const View& view, const Json& request);
std::string invariant_03_after(const View& view, const std::string& intent);
/// 4. Terminate only instances with our tag; none with a running job. A job that began after the process last
/// looked at Slurm counts only where `strict`: a plan cannot know of it.
std::string invariant_04(const View& view, const std::vector<InstanceId>& ids, Time looked_at, bool strict);
/// 10. API calls stay under the limit at any failure rate: EC2's published buckets never run dry.
class Buckets {
 public:
  std::string invariant_10(Time now, std::string_view operation);

 private:
  struct Bucket {
    double tokens;
    Time at{};
  };
  std::map<std::string, Bucket, std::less<>> buckets_;
};

/// The value of an instance tag in a CreateFleet request; "" when there is none.
std::string tag_in(const Json& request, std::string_view key);

}  // namespace spillway::sim
