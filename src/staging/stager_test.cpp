#include "staging/stager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/crypto.h"
#include "staging/job_codes.h"

namespace spillway::staging {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Deadline soon() {
  return Deadline::after(std::chrono::seconds{10});
}

/// A bucket in memory.
struct FakeBucket final : aws::S3 {
  std::map<std::string, std::string, std::less<>> objects;
  std::vector<std::string> removed;
  bool silent = false;
  Result<std::string> get(std::string_view key, Deadline) override {
    if (silent) return Error{Kind::unavailable, "S3 is silent"};
    const auto found = objects.find(key);
    if (found == objects.end()) return Error{Kind::not_found, "no such key"};
    return found->second;
  }
  Result<void> put(std::string_view key, std::string body, Deadline) override {
    objects.insert_or_assign(std::string(key), std::move(body));
    return {};
  }
  Result<std::vector<std::string>> list(std::string_view prefix, Deadline) override {
    std::vector<std::string> out;
    for (const auto& [key, body] : objects)
      if (key.starts_with(prefix)) out.push_back(key);
    return out;
  }
  Result<void> remove_all(const std::vector<std::string>& keys, Deadline) override {
    for (const std::string& key : keys) {
      objects.erase(key);
      removed.push_back(key);
    }
    return {};
  }
};

struct FakeAccess final : Access {
  ManualClock& clock;
  std::vector<Grant> issued;
  explicit FakeAccess(ManualClock& c) : clock(c) {}
  Result<aws::Credentials> issue(const Grant& grant, Deadline) override {
    issued.push_back(grant);
    return aws::Credentials{.access_key_id = fmt::format("ASIA{}", issued.size()),
                            .secret_access_key = Secret("s"),
                            .session_token = Secret("t"),
                            .expires = clock.now() + std::chrono::hours{1}};
  }
};

/// Moves trees between a model of disks and the bucket: a tree is names with contents.
struct FakeMover final : Mover {
  using Tree = std::map<std::string, std::string>;
  FakeBucket& bucket;
  ManualClock& clock;
  std::map<std::string, Tree> disk;  // by directory
  std::vector<uid_t> became;
  int uploads = 0, downloads = 0;
  std::optional<Error> fail;
  int expire = 0;  // so many moves end with their session
  std::function<void()> meanwhile;

  FakeMover(FakeBucket& b, ManualClock& c) : bucket(b), clock(c) {}
  static std::string manifest(const Tree& tree) {
    std::string out;
    for (const auto& [name, content] : tree) out += name + "=" + content + "\n";
    return to_hex(sha256(out));
  }
  static MoveSummary summary(const Tree& tree) {
    MoveSummary out{.files = static_cast<int64_t>(tree.size()), .manifest_sha256 = manifest(tree)};
    for (const auto& [name, content] : tree) out.bytes += static_cast<int64_t>(content.size());
    return out;
  }
  Result<TreeLook> look(const Who& who, const std::filesystem::path& local, Deadline) override {
    became.push_back(who.uid);
    if (!disk.contains(local)) return Error{Kind::not_found, "no such tree"};
    const MoveSummary seen = summary(disk[local]);
    return TreeLook{seen.manifest_sha256.substr(0, 32), seen.files, seen.bytes};
  }
  std::optional<Error> trouble() {
    if (expire > 0 && expire-- > 0) {
      clock.advance(std::chrono::minutes{61});
      return Error{Kind::credentials, "ExpiredToken"};
    }
    return fail;
  }
  Result<MoveSummary> up(const Who& who, const MoveOrder& order, Deadline) override {
    became.push_back(who.uid);
    ++uploads;
    if (const auto error = trouble()) return *error;
    for (const auto& [name, content] : disk[order.local]) bucket.objects[order.prefix + name] = content;
    if (meanwhile) meanwhile();
    return summary(disk[order.local]);
  }
  Result<MoveSummary> down(const Who& who, const MoveOrder& order, Deadline) override {
    became.push_back(who.uid);
    ++downloads;
    if (const auto error = trouble()) return *error;
    Tree tree;
    for (const auto& [key, content] : bucket.objects)
      if (key.starts_with(order.prefix)) tree[key.substr(order.prefix.size())] = content;
    disk[order.local] = tree;
    return summary(tree);
  }
};

struct Staging : testing::Test {
  ManualClock clock;
  std::filesystem::path folder = std::filesystem::temp_directory_path() / ("stager-" + make_uuid());
  JobJournal journal =
      *JobJournal::open((std::filesystem::create_directories(folder), folder / "staging.db"));
  FakeBucket bucket;
  FakeAccess access{clock};
  FakeMover mover{bucket, clock};
  StagerSettings settings{.cluster = "u", .bucket = "b", .region = "r", .compute_role_id = "AROA"};
  Stager stager{journal, bucket, access, mover, clock, settings};
  std::map<NodeName, NodeLook> nodes{{NodeName{"c-0"}, {"i-1", true, true}}};
  NodesLook look = [this](const NodeName& name) { return nodes[name]; };
  NodeLook& node() { return nodes[NodeName{"c-0"}]; }
  ~Staging() override { std::filesystem::remove_all(folder); }

  static JobFacts facts(int64_t job, std::string script, std::optional<int64_t> task = {}) {
    return {.run = {.job = job, .array = task ? 40 : job, .task = task, .uid = 1000},
            .gid = 1000,
            .user = "alice",
            .folder = "/home/alice",
            .script = std::move(script)};
  }
  void submit(int64_t job, const std::string& script, std::optional<int64_t> task = {}) {
    const auto wished = stager.wish(facts(job, script, task));
    ASSERT_TRUE(wished) << to_string(wished.error());
    ASSERT_TRUE(*wished);
  }
  /// A job with an output that runs on c-0.
  JobData run_job(const std::string& on = "") {
    submit(43, "#SPILLWAY stage_out out /shared/out " + on + "\n");
    EXPECT_TRUE(stager.started("43", 0, {NodeName{"c-0"}}));
    return *journal.newest("43");
  }
  void node_uploads(const JobData& job, const FakeMover::Tree& tree) {
    for (const auto& [name, content] : tree) bucket.objects[job.items[0].prefix + name] = content;
  }
  void node_commits(const JobData& job, const FakeMover::Tree& tree, int exit_code = 0) {
    const MoveSummary sum = FakeMover::summary(tree);
    bucket.objects[commit_key("u", job.run, 1)] =
        to_text(CommitMarker{sum.manifest_sha256, sum.files, sum.bytes, exit_code});
  }
  Item out() { return journal.newest("43")->items[0]; }
};

const FakeMover::Tree kResults = {{"a", "1"}, {"b", "22"}};

TEST_F(Staging, AnInputIsUploadedAsItsUserUnderItsOwnPrefixAlone) {
  mover.disk["/home/alice/in"] = {{"x", "data"}};
  submit(43, "#SPILLWAY stage_in in /scratch/in\n");
  ASSERT_TRUE(stager.stage_in("43", soon()));
  const Item item = journal.newest("43")->items[0];
  EXPECT_EQ(item.state, ItemState::staged);
  EXPECT_THAT(item.prefix, testing::StartsWith("u/inputs/1000/"));
  EXPECT_EQ(bucket.objects[item.prefix + "x"], "data");
  EXPECT_THAT(mover.became, testing::Each(1000u)) << "never as root";
  ASSERT_EQ(access.issued.size(), 1u);
  EXPECT_THAT(access.issued[0].write, ElementsAre(item.prefix));
  EXPECT_THAT(access.issued[0].read, IsEmpty());
}

TEST_F(Staging, AThousandTasksUploadTheSameInputOnce) {
  mover.disk["/home/alice/in"] = {{"x", "data"}};
  for (int64_t task = 0; task < 1000; ++task) submit(1000 + task, "#SPILLWAY stage_in in\n", task);
  for (int64_t task = 0; task < 1000; ++task)
    ASSERT_TRUE(stager.stage_in(fmt::format("40_{}", task), soon()));
  EXPECT_EQ(mover.uploads, 1);
  EXPECT_EQ(journal.newest("40_999")->items[0].prefix, journal.newest("40_0")->items[0].prefix);
}

TEST_F(Staging, AnInputThatChangedIsAnotherOne) {
  mover.disk["/home/alice/in"] = {{"x", "data"}};
  submit(43, "#SPILLWAY stage_in in\n");
  ASSERT_TRUE(stager.stage_in("43", soon()));
  mover.disk["/home/alice/in"]["x"] = "more";
  submit(44, "#SPILLWAY stage_in in\n");
  ASSERT_TRUE(stager.stage_in("44", soon()));
  EXPECT_EQ(mover.uploads, 2);
  EXPECT_EQ(bucket.objects[journal.newest("43")->items[0].prefix + "x"], "data") << "43 gets what was there";
}

TEST_F(Staging, AnInputThatChangesDuringItsUploadIsNotTaken) {
  mover.disk["/home/alice/in"] = {{"x", "data"}};
  submit(43, "#SPILLWAY stage_in in\n");
  mover.meanwhile = [&] { mover.disk["/home/alice/in"]["x"] = "torn"; };
  const auto staged = stager.stage_in("43", soon());
  ASSERT_FALSE(staged);
  EXPECT_EQ(staged.error().code, kInputChanged.id);
  EXPECT_EQ(journal.newest("43")->items[0].state, ItemState::wanted);
  mover.meanwhile = {};
  EXPECT_TRUE(stager.stage_in("43", soon()));
}

TEST_F(Staging, AnUploadThatWasKilledIsDoneAgain) {
  mover.disk["/home/alice/in"] = {{"x", "data"}};
  submit(43, "#SPILLWAY stage_in in\n");
  JobData job = *journal.newest("43");
  ASSERT_TRUE(journal.advance(job.run, job.items[0], ItemState::uploading, clock.now()));
  ASSERT_TRUE(stager.stage_in("43", soon()));
  EXPECT_EQ(journal.newest("43")->items[0].state, ItemState::staged);
}

// 68: ExpiredToken in mid-multipart | refresh; resume the UploadId
TEST_F(Staging, row_068_a_move_that_outlives_its_session_goes_on_with_the_next) {
  mover.disk["/home/alice/in"] = {{"x", "data"}};
  submit(43, "#SPILLWAY stage_in in\n");
  mover.expire = 3;
  ASSERT_TRUE(stager.stage_in("43", soon()));
  EXPECT_EQ(access.issued.size(), 4u);
  mover.fail = Error{Kind::credentials, "InvalidAccessKeyId"};
  mover.disk["/home/alice/in"]["x"] = "other";
  submit(44, "#SPILLWAY stage_in in\n");
  EXPECT_FALSE(stager.stage_in("44", soon())) << "a young session that is refused will be refused again";
}

TEST_F(Staging, ResultsAreVerifiedOnlyWhenTheyAreAtHomeAsTheNodeCommittedThem) {
  const JobData job = run_job();
  node_uploads(job, kResults);
  EXPECT_EQ(stager.stage_out(job.run, look, soon()).error().code, kNotCommitted.id);
  EXPECT_EQ(mover.downloads, 0) << "nothing is pulled before the marker";
  node_commits(job, kResults);
  ASSERT_TRUE(stager.stage_out(job.run, look, soon()));
  EXPECT_EQ(out().state, ItemState::verified);
  EXPECT_EQ(mover.disk["/shared/out"], kResults);
  EXPECT_EQ(out().bytes, 3);
}

TEST_F(Staging, WhatIsNotWhatTheNodeCommittedIsNotVerified) {
  const JobData job = run_job();
  node_commits(job, kResults);
  node_uploads(job, {{"a", "1"}, {"b", "XX"}});  // tampered with
  EXPECT_EQ(stager.stage_out(job.run, look, soon()).error().code, "SPW-STAGE-009");
  EXPECT_EQ(out().state, ItemState::committed);
  EXPECT_THAT(out().error, HasSubstr("committed"));
  EXPECT_THAT(*journal.removable(clock.now() + std::chrono::hours{1}), IsEmpty());
}

TEST_F(Staging, AFullDiskAtHomeLosesNothing) {
  const JobData job = run_job();
  node_uploads(job, kResults);
  node_commits(job, kResults);
  mover.fail = Error{Kind::io, "no space left on device"};
  EXPECT_FALSE(stager.stage_out(job.run, look, soon()));
  EXPECT_EQ(out().state, ItemState::committed);
  EXPECT_THAT(out().error, HasSubstr("no space"));
  mover.fail.reset();
  ASSERT_TRUE(stager.stage_out(job.run, look, soon()));
  EXPECT_EQ(out().state, ItemState::verified);
  EXPECT_EQ(out().error, "");
}

// 50: reclaimed before stage-out | incremental stage-out; mark incomplete
TEST_F(Staging, row_050_results_of_a_node_that_ended_before_its_commit_are_lost_by_name) {
  const JobData job = run_job();
  bucket.objects[listing_key("u", job.run, 1)] = R"(["a","b","c/d"])";
  node_uploads(job, {{"a", "1"}});
  EXPECT_THAT(*journal.nodes_to_keep(), ElementsAre(NodeName{"c-0"}));
  node() = {"i-1", false, false};
  ASSERT_TRUE(stager.tend_markers(look, soon()));
  EXPECT_EQ(out().state, ItemState::lost);
  EXPECT_THAT(out().lost, ElementsAre("b", "c/d"));
  EXPECT_THAT(*journal.nodes_to_keep(), IsEmpty());
  EXPECT_EQ(stager.stage_out(job.run, look, soon()).error().code, kLost.id);
  EXPECT_EQ(bucket.objects.count(job.items[0].prefix + "a"), 1u) << "what there is stays";
}

TEST_F(Staging, ANodeThatCommittedAndEndedLostNothing) {
  const JobData job = run_job();
  node_uploads(job, kResults);
  node_commits(job, kResults);
  node() = {"i-1", false, false};
  EXPECT_THAT(*stager.tend_markers(look, soon()), ElementsAre(job.run));
  EXPECT_EQ(out().state, ItemState::committed);
}

TEST_F(Staging, ASilentBucketProvesNoLoss) {
  const JobData job = run_job();
  bucket.silent = true;
  node() = {"i-1", false, false};
  ASSERT_TRUE(stager.tend_markers(look, soon()));
  EXPECT_EQ(out().state, ItemState::wanted);
  EXPECT_THAT(*journal.nodes_to_keep(), ElementsAre(NodeName{"c-0"}));
}

TEST_F(Staging, ANodeIsWaitedForWithinABound) {
  const JobData job = run_job();
  ASSERT_TRUE(stager.ended("43", 0));
  node().busy = false;
  clock.advance(std::chrono::minutes{119});
  ASSERT_TRUE(stager.tend_markers(look, soon()));
  EXPECT_THAT(*journal.nodes_to_keep(), ElementsAre(NodeName{"c-0"}));
  clock.advance(std::chrono::minutes{2});
  ASSERT_TRUE(stager.tend_markers(look, soon()));
  EXPECT_THAT(*journal.nodes_to_keep(), IsEmpty());
  EXPECT_THAT(out().lost, ElementsAre("/home/alice/out"));
}

TEST_F(Staging, AnEndThatNobodyToldOfIsNoticed) {
  run_job();
  ASSERT_TRUE(stager.tend_markers(look, soon()));
  EXPECT_EQ(journal.newest("43")->ended_at, Time{}) << "Slurm has a job there";
  node().busy = false;
  ASSERT_TRUE(stager.tend_markers(look, soon()));
  EXPECT_NE(journal.newest("43")->ended_at, Time{});
}

TEST_F(Staging, AMarkerThatTurnsUpLateStillCounts) {
  const JobData job = run_job();
  node() = {"i-1", false, false};
  ASSERT_TRUE(stager.tend_markers(look, soon()));
  ASSERT_EQ(out().state, ItemState::lost);
  node_uploads(job, kResults);
  node_commits(job, kResults);
  ASSERT_TRUE(stager.stage_out(job.run, look, soon()));
  EXPECT_EQ(out().state, ItemState::verified);
  EXPECT_THAT(out().lost, IsEmpty());
}

// 78: StageOutTimeout (1 day) → buffer released, job purged | durable queue; no teardown
TEST_F(Staging, row_078_timeout_teardown_and_restart_delete_nothing_and_results_come_home_later) {
  const JobData job = run_job();
  node_uploads(job, kResults);
  node_commits(job, kResults);
  mover.fail = Error{Kind::timeout, "the tunnel of the file server is down"};
  EXPECT_FALSE(stager.stage_out(job.run, look, soon()));
  clock.advance(std::chrono::hours{25});
  node() = {};
  JobJournal later = *JobJournal::open(folder / "staging.db");  // another process, after a restart
  Stager again{later, bucket, access, mover, clock, settings};
  EXPECT_THAT(*later.removable(clock.now() + std::chrono::hours{1000}), IsEmpty());
  EXPECT_THAT(bucket.removed, testing::Not(testing::Contains(HasSubstr("/out1"))));
  EXPECT_THAT(*again.tend_markers(look, soon()), ElementsAre(job.run)) << "still in the queue";
  mover.fail.reset();
  ASSERT_TRUE(again.stage_out(job.run, look, soon()));
  EXPECT_EQ(out().state, ItemState::verified);
  EXPECT_THAT(*later.removable(clock.now() + std::chrono::hours{1}), ElementsAre(job.items[0].prefix));
}

// 79: output of a failed job dropped | stage on any exit
TEST_F(Staging, row_079_a_failed_jobs_results_come_home_unless_they_were_not_wanted) {
  const JobData job = run_job();
  ASSERT_TRUE(stager.ended("43", 1));
  node_uploads(job, kResults);
  node_commits(job, kResults, 1);
  ASSERT_TRUE(stager.stage_out(job.run, look, soon()));
  EXPECT_EQ(out().state, ItemState::verified);
}
TEST_F(Staging, row_079_on_success_skips_only_what_failed) {
  const JobData job = run_job("on=success");
  ASSERT_TRUE(stager.ended("43", 1));
  ASSERT_TRUE(stager.stage_out(job.run, look, soon()));
  EXPECT_EQ(out().state, ItemState::skipped);
  EXPECT_THAT(*journal.nodes_to_keep(), IsEmpty());
}

TEST_F(Staging, ARunAnewHasItsOwnKeysAndKeepsItsInputs) {
  mover.disk["/home/alice/in"] = {{"x", "data"}};
  submit(43, "#SPILLWAY stage_in in\n#SPILLWAY stage_out out /shared/out\n");
  ASSERT_TRUE(stager.stage_in("43", soon()));
  const auto two = stager.started("43", 0, {NodeName{"c-0"}, NodeName{"c-1"}});
  ASSERT_FALSE(two) << "they would write over each other's results";
  EXPECT_EQ(two.error().code, "SPW-STAGE-065");
  ASSERT_TRUE(stager.started("43", 0, {NodeName{"c-0"}}));
  ASSERT_TRUE(stager.started("43", 0, {NodeName{"c-0"}})) << "a hook that is run again";
  ASSERT_EQ(journal.runs("43")->size(), 1u);
  ASSERT_TRUE(stager.started("43", 1, {NodeName{"c-1"}}));
  const auto runs = *journal.runs("43");
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[1].run.id(), "43/1.1");
  EXPECT_NE(runs[0].items[1].prefix, runs[1].items[1].prefix);
  EXPECT_EQ(runs[1].items[0].state, ItemState::staged);
  ASSERT_TRUE(stager.stage_in("43", soon()));
  EXPECT_EQ(mover.uploads, 1);
}

TEST_F(Staging, ANodesOrderIsItsInstancesAloneAndRenewedBeforeItsSessionEnds) {
  const JobData job = run_job();
  ASSERT_TRUE(stager.tend_orders(look, soon()));
  const std::string key = "u/release/AROA:i-1/job-43.json";
  ASSERT_TRUE(bucket.objects.contains(key));
  const NodeOrder order = *read_order(bucket.objects[key]);
  EXPECT_EQ(order.job.run, job.run);
  EXPECT_EQ(order.job.items[0].prefix, "u/jobs/1000/43/0.1/out1/");
  EXPECT_THAT(access.issued.back().write, ElementsAre("u/jobs/1000/43/0.1/"));
  ASSERT_TRUE(stager.tend_orders(look, soon()));
  EXPECT_EQ(access.issued.size(), 1u) << "it is young";
  clock.advance(std::chrono::minutes{31});
  ASSERT_TRUE(stager.tend_orders(look, soon()));
  EXPECT_EQ(access.issued.size(), 2u);
  EXPECT_NE(read_order(bucket.objects[key])->session.access_key_id, order.session.access_key_id);
  node_uploads(job, kResults);
  node_commits(job, kResults);
  ASSERT_TRUE(stager.ended("43", 0));
  ASSERT_TRUE(stager.tend_markers(look, soon()));
  ASSERT_TRUE(stager.tend_orders(look, soon()));
  EXPECT_FALSE(bucket.objects.contains(key));
}

TEST_F(Staging, OnlyStepsOfTheStateMachineAreWritten) {
  const JobData job = run_job();
  Item item = job.items[0];
  EXPECT_EQ(journal.advance(job.run, item, ItemState::verified, clock.now()).error().code, kBadStep.id);
  Item late = item;
  ASSERT_TRUE(journal.advance(job.run, item, ItemState::pushed, clock.now()));
  EXPECT_EQ(journal.advance(job.run, late, ItemState::lost, clock.now()).error().code, kBadStep.id)
      << "another process was faster";
  for (const ItemState from :
       {ItemState::wanted, ItemState::pushed, ItemState::committed, ItemState::lost, ItemState::skipped})
    EXPECT_FALSE(may_become(Direction::out, from, ItemState::verified)) << "only what was pulled is verified";
}

}  // namespace
}  // namespace spillway::staging
