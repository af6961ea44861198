#pragma once
#include <functional>
#include <string>

#include "staging/mover.h"

namespace spillway::staging {

/// What S3 is, for a program that has nothing but its order.
struct BucketPlace {
  std::string bucket, region, endpoint_url, ca_bundle;
};

/// Objects beside a tree that a node writes: names before the content, the commit marker after all of it.
/// Empty: not written.
struct Marks {
  std::string listing_key, commit_key;
  int exit_code = -1;
};

/// Moves by orders to `spillway data stage move`, which somebody runs as the user.
class OrderMover final : public Mover {
 public:
  /// Sends an order to the program that runs as this user, and gives its answer.
  using Send = std::function<Result<std::string>(uid_t uid, const std::string& order, Deadline deadline)>;
  OrderMover(BucketPlace place, Send send) : place_(std::move(place)), send_(std::move(send)) {}
  Result<TreeLook> look(const Who& who, const std::filesystem::path& local, Deadline deadline) override;
  Result<MoveSummary> up(const Who& who, const MoveOrder& order, Deadline deadline) override;
  Result<MoveSummary> down(const Who& who, const MoveOrder& order, Deadline deadline) override;
  /// up(), with marks: a node's push.
  Result<MoveSummary> push(const Who& who, const MoveOrder& order, const Marks& marks, Deadline deadline);

 private:
  Result<MoveSummary> move(std::string_view what, const Who& who, const MoveOrder& order, const Marks& marks,
                           Deadline deadline);
  const BucketPlace place_;
  const Send send_;
};

/// Runs `program data stage move` as the user, the order on its standard input; for root without a helper, as
/// on a node. Errors: those of become; timeout.
Result<std::string> move_as(const std::string& program, uid_t uid, const std::string& order,
                            Deadline deadline);

/// The program on the other end: reads an order, does it with the engine as whoever runs it, and answers with
/// one line.
std::string carry_out_order(const std::string& order);

}  // namespace spillway::staging
