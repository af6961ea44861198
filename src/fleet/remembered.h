#pragma once
#include "fleet/journal.h"

namespace spillway::fleet {

/// A journal with its Records at hand: what is saved goes to the file first and then into `records`, so that
/// nobody reads the file again to know what it says. `records` always is what Journal::load() would give.
class Remembered final : public Journal {
 public:
  /// Both outlive this.
  Remembered(Journal& file, Records& records) : file_(file), records_(records) {}

  /// Reads the file again if another process has written to it, or a transaction came to nothing.
  Result<void> refresh();

  Result<std::string> generation() override { return file_.generation(); }
  Result<bool> recovered() override { return file_.recovered(); }
  Result<void> set_recovered() override { return file_.set_recovered(); }
  Result<std::string> cluster() override { return file_.cluster(); }
  Result<void> set_cluster(const ClusterId& cluster) override { return file_.set_cluster(cluster); }
  Result<std::string> gates() override { return file_.gates(); }
  Result<void> set_gates(const std::string& gates) override { return file_.set_gates(gates); }
  Result<std::string> leftovers() override { return file_.leftovers(); }
  Result<void> set_leftovers(const std::string& seen) override { return file_.set_leftovers(seen); }
  Result<int64_t> written_elsewhere() override { return file_.written_elsewhere(); }
  Result<Records> load() override;
  Result<bool> has_taken(const std::string& wish_id) override { return file_.has_taken(wish_id); }
  Result<void> take(const SpooledWish& wish, Time now) override { return file_.take(wish, now); }
  Result<void> save(const NodeRecord& node) override;
  Result<void> save(const LaunchRecord& launch) override;
  Result<void> save(const MachineRecord& machine) override;
  Result<void> save(const PoolRecord& pool) override;
  Result<void> save(const GroupRecord& group) override;
  Result<void> forget_pool(const std::string& pool) override;
  Result<PoolRecord> pool(const std::string& name) override;
  Result<GroupRecord> group(const GroupName& name) override;
  Result<std::optional<GroupName>> group_of(const NodeName& node, int64_t epoch) override;
  Result<void> note(const Event& event) override { return file_.note(event); }
  Result<void> transaction(const std::function<Result<void>()>& body) override;
  Result<std::vector<Event>> events(Time since, size_t at_most) override {
    return file_.events(since, at_most);
  }
  Result<std::optional<MachineRecord>> machine(const InstanceId& id) override;
  Result<std::optional<NodeRecord>> node(const NodeName& name) override;
  Result<void> add_api_calls(const std::map<std::string, int64_t>& calls) override {
    return file_.add_api_calls(calls);
  }
  Result<std::map<std::string, int64_t>> api_calls() override { return file_.api_calls(); }

 private:
  Result<void> up_to_date();
  /// Saves to the file, then does what keeps `records_` the same.
  template <class Record, class Change>
  Result<void> save_both(const Record& record, const Change& change);
  /// Launches that are settled are known as long as machines refer to them.
  void let_go_of(const IntentId& intent);

  Journal& file_;
  Records& records_;
  std::map<IntentId, size_t> machines_of_;  // the living ones
  std::optional<int64_t> version_;          // of the file, as last read; nothing: read it again
  int depth_ = 0;                           // of transactions
};

}  // namespace spillway::fleet
