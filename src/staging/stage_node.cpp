#include <unistd.h>

#include <filesystem>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "staging/helper.h"
#include "staging/job_codes.h"
#include "staging/stage_commands.h"
#include "staging/stage_site.h"
#include "staging/with_sessions.h"

// On a cloud node, as root, from slurmd's Prolog and Epilog. The node knows its bucket from the bootstrap
// (node.json), reads the order that only its own instance may read, and moves data as the job's user. It
// never fails its caller: a data error must not drain a node.
namespace spillway::staging {
namespace {

struct Node {
  std::string cluster, bucket, region, role_id, instance;
};

Result<Node> this_node(const StagePlaces& places) {
  const Json json = TRY(Json::parse(TRY(read_file(places.node, 1 << 16))));
  Node out{json["cluster"].as_string(), json["bucket"].as_string(), json["region"].as_string(),
           json["role_id"].as_string(), json["instance"].as_string()};
  if (out.cluster.empty() || out.instance.empty())
    return Error{Kind::invalid, kBadOrder, "node.json is incomplete"};
  return out;
}

/// Reads orders with the instance's own role.
class Orders {
 public:
  static Result<std::unique_ptr<Orders>> open(const StagePlaces& places) {
    std::unique_ptr<Orders> out(new Orders);
    out->node_ = TRY(this_node(places));
    out->stack_ = TRY(aws::make_stack("", out->node_.region));
    out->bucket_ = std::make_unique<aws::S3>(out->stack_->client(), out->node_.bucket);
    return out;
  }
  /// Nothing when there is none: the role may not list, so S3 says denied for a missing key.
  Result<std::optional<NodeOrder>> read(int64_t job, Deadline deadline) {
    const auto text = bucket_->get(order_key(node_.cluster, node_.role_id, node_.instance, job), deadline);
    if (!text && (text.error().kind == Kind::not_found || text.error().kind == Kind::denied))
      return std::optional<NodeOrder>{};
    if (!text) return text.error();
    return std::optional(TRY(staging::read_order(*text)));
  }
  const Node& node() const { return node_; }

 private:
  Orders() = default;
  Node node_;
  std::unique_ptr<aws::Stack> stack_;
  std::unique_ptr<aws::S3> bucket_;
};

/// The newest order's session, as often as it is asked for.
class OrderAccess final : public Access {
 public:
  OrderAccess(Orders& orders, int64_t job) : orders_(orders), job_(job) {}
  Result<aws::Credentials> issue(const Grant&, Deadline deadline) override {
    const auto order = TRY(orders_.read(job_, deadline));
    if (!order) return Error{Kind::credentials, kNoSuchJob, "the order was withdrawn"};
    return order->session;
  }

 private:
  Orders& orders_;
  const int64_t job_;
};

struct Work {
  Orders& orders;
  NodeOrder order;
  SystemClock clock;
  OrderMover mover;
  OrderAccess access;
  Work(Orders& from, NodeOrder with)
      : orders(from),
        order(std::move(with)),
        mover({order.bucket, order.region, "", ""},
              [program = std::filesystem::read_symlink("/proc/self/exe").string()](
                  uid_t uid, const std::string& text, Deadline deadline) {
                return move_as(program, uid, text, deadline);
              }),
        access(orders, order.job.run.job) {}
  Who who() const { return {order.job.run.uid, order.job.gid, order.job.user}; }
};

Result<void> fetch_all(Work& work, Deadline deadline) {
  for (const Item& item : work.order.job.items)
    if (item.direction == Direction::in)
      TRY(with_sessions(work.access, work.clock, {}, deadline, [&](const aws::Credentials& session) {
        return work.mover.down(work.who(), {item.target, item.prefix, session}, deadline);
      }));
  return {};
}

/// Each output is tried, whatever became of the others. Errors: the first.
Result<void> push_all(Work& work, int exit_code, bool commit, Deadline deadline) {
  std::optional<Error> first;
  const JobRun& run = work.order.job.run;
  for (const Item& item : work.order.job.items) {
    if (item.direction != Direction::out || (item.when == When::success && exit_code > 0)) continue;
    const Marks marks{listing_key(work.order.cluster, run, item.number),
                      commit ? commit_key(work.order.cluster, run, item.number) : "", exit_code};
    const auto pushed =
        with_sessions(work.access, work.clock, {}, deadline, [&](const aws::Credentials& session) {
          return work.mover.push(work.who(), {item.source, item.prefix, session}, marks, deadline);
        });
    if (!pushed && !first) first = pushed.error();
  }
  if (first) return *first;
  return {};
}

Deadline deadline_of(const Invocation& asked) {
  return Deadline::after(std::chrono::seconds{parse_int(asked.get("timeout")).value_or(3600)});
}

/// The job's order, when it has data; waits for it as long as the premises may need to stage.
Result<std::unique_ptr<Work>> work_of(Orders& orders, const Invocation& asked, bool wait, Deadline deadline) {
  const auto job = parse_int(asked.get("job"));
  if (!job) return Error{Kind::invalid, "--job is a job's number"};
  SystemClock clock;
  for (;;) {
    auto order = orders.read(*job, deadline);
    if (order && *order) return std::make_unique<Work>(orders, **std::move(order));
    if (!wait || deadline.expired()) {
      if (!order) return order.error();
      return Error{Kind::not_found, kNoSuchJob, fmt::format("no order for job {}", *job)};
    }
    clock.sleep_for(std::chrono::seconds{1});
  }
}

Result<int> node_in(const Invocation& asked) {
  const Deadline deadline = deadline_of(asked);
  const auto orders = TRY(Orders::open(stage_places(asked)));
  const auto work = TRY(work_of(*orders, asked, true, deadline));
  TRY(fetch_all(*work, deadline));
  return 0;
}

Result<int> node_out(const Invocation& asked) {
  const Deadline deadline = deadline_of(asked);
  const auto orders = TRY(Orders::open(stage_places(asked)));
  const auto work = TRY(work_of(*orders, asked, false, deadline));
  TRY(push_all(*work, static_cast<int>(parse_int(asked.get("exit-code")).value_or(-1)),
               !asked.has("keep-going"), deadline));
  return 0;
}

Result<int> move(const Invocation&) {
  if (geteuid() == 0) return Error{Kind::denied, kMayNotBecome, "data is moved as its user, never as root"};
  std::string order;
  for (char buffer[65536];;) {
    const ssize_t got = read(0, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    order.append(buffer, static_cast<size_t>(got));
  }
  fmt::print("{}", carry_out_order(order));
  return 0;
}

}  // namespace

std::vector<Command> stage_node_commands() {
  const Option job{"--job", "ID", "The job's number.", "", ""};
  return {
      {.path = "data stage fetch",
       .summary = "On a cloud node: fetch a job's inputs, as its user.",
       .options = {job},
       .hidden = true,
       .run = node_in},
      {.path = "data stage push",
       .summary = "On a cloud node: push a job's results and commit them, as its user.",
       .options = {job,
                   {"--exit-code", "N", "Of the job.", "", ""},
                   {"--keep-going", "", "The job goes on: push what there is, commit nothing.", "", ""}},
       .hidden = true,
       .run = node_out},
      {.path = "data stage move",
       .summary = "Carry out an order from standard input.",
       .hidden = true,
       .run = move},
  };
}

}  // namespace spillway::staging
