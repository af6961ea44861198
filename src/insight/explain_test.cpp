#include "insight/explain.h"

#include <gmock/gmock.h>

#include "insight/explain_gather.h"
#include "slurm/fake.h"

namespace spillway::insight {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

Time at(int second) {
  return *parse_iso8601("2026-11-23T08:00:00Z") + seconds{second};
}
NodeName node(int i) {
  return NodeName{fmt::format("cloud-c5-{}", i)};
}
const GroupName kGroup{"cloud-c5"};

/// A job that wants two cloud nodes, told step by step.
struct Told {
  Evidence evidence{.job = {12, std::nullopt}, .now = at(60), .gates = Json::array()};

  Told() {
    evidence.queued = slurm::Job{.id = 12,
                                 .array_id = 12,
                                 .state = "CONFIGURING",
                                 .nodes = {node(0), node(1)},
                                 .partition = "cloud",
                                 .node_count = 2,
                                 .cpus = 8,
                                 .submit = at(0),
                                 .start = at(1)};
    for (int i = 0; i < 2; ++i) {
      event(2, "resume", i, "", 12);
      evidence.records.nodes[node(i)] = {
          .name = node(i), .wanted = fleet::Wanted::up, .epoch = 1, .since = at(2), .job = 12};
      evidence.nodes[node(i)] = {
          .name = node(i), .state = *slurm::parse_node_state("ALLOCATED+CLOUD+NOT_RESPONDING+POWERING_UP")};
    }
  }
  void event(int second, const char* what, int i, std::string detail = "", int64_t job = 0,
             const char* intent = "") {
    evidence.events.push_back({.at = at(second),
                               .event = what,
                               .node = i < 0 ? NodeName{} : node(i),
                               .intent = IntentId{intent},
                               .job = job,
                               .detail = std::move(detail)});
  }
  void machine_event(int second, const char* what, int i, const std::string& id, std::string detail = "") {
    evidence.events.push_back({.at = at(second),
                               .event = what,
                               .node = i < 0 ? NodeName{} : node(i),
                               .instance = InstanceId{id},
                               .intent = IntentId{"in-1"},
                               .detail = std::move(detail)});
  }
  /// Launched, bound and addressed.
  void boot() {
    for (int i = 0; i < 2; ++i) event(3, "launch", i, "", 12, "in-1");
    for (int i = 0; i < 2; ++i) {
      const std::string id = fmt::format("i-{}", i), address = fmt::format("172.31.16.{}", 4 + i);
      machine_event(5, "launched", -1, id, "c5.xlarge");
      machine_event(5, "bound", i, id);
      machine_event(7, "addressed", i, id, address);
      evidence.records.machines[InstanceId{id}] = {.id = InstanceId{id},
                                                   .intent = IntentId{"in-1"},
                                                   .group = kGroup,
                                                   .node = node(i),
                                                   .epoch = 1,
                                                   .address = IpAddress{address},
                                                   .launched_at = at(5),
                                                   .addressed_at = at(7)};
      aws::Instance& instance = evidence.cloud[InstanceId{id}];
      instance = {.id = InstanceId{id}, .state = "running", .type = "c5.xlarge", .zone = "us-east-1a"};
      instance.lifecycle = "on-demand", instance.launched = at(4);
    }
  }
  void run() {
    for (int i = 0; i < 2; ++i) {
      machine_event(30, "joined", i, fmt::format("i-{}", i));
      evidence.records.machines[InstanceId{fmt::format("i-{}", i)}].joined_at = at(30);
      evidence.nodes[node(i)].state = *slurm::parse_node_state("ALLOCATED+CLOUD");
    }
    evidence.queued->state = "RUNNING";
  }
  void fail(int i, std::string reason) {
    fleet::NodeRecord& record = evidence.records.nodes[node(i)];
    record.wanted = fleet::Wanted::failed;
    record.reason = std::move(reason);
    record.hold_until = at(240);
  }
  void end(const char* state, int code) {
    evidence.runs = {{.id = 12,
                      .job_id = "12",
                      .state = state,
                      .exit_code = code,
                      .nodes = {node(0), node(1)},
                      .partition = "cloud",
                      .cpus = 8,
                      .submit = at(0),
                      .start = at(1),
                      .end = at(50)}};
    evidence.queued.reset();
  }
  Next next() const { return tell(evidence).next; }
};

TEST(Explain, TellsOneTimelineOfSlurmTheJournalAndEC2) {
  Told told;
  told.boot();
  told.run();
  EXPECT_EQ(to_text(told.evidence, tell(told.evidence)),
            "job 12  RUNNING\n"
            " 2026-11-23T08:00:00Z  slurm    submitted  to cloud, 2 nodes, 8 CPUs\n"
            " 2026-11-23T08:00:01Z  slurm    allocated  cloud-c5-[0-1]\n"
            " 2026-11-23T08:00:02Z  journal  resume  cloud-c5-[0-1]\n"
            " 2026-11-23T08:00:03Z  journal  launch  cloud-c5-[0-1]\n"
            " 2026-11-23T08:00:04Z  ec2      launch time  i-0 i-1  c5.xlarge in us-east-1a, on-demand\n"
            " 2026-11-23T08:00:05Z  journal  launched  i-0 i-1  c5.xlarge\n"
            " 2026-11-23T08:00:05Z  journal  bound  cloud-c5-[0-1]  i-0 i-1\n"
            " 2026-11-23T08:00:07Z  journal  addressed  cloud-c5-0  i-0  172.31.16.4\n"
            " 2026-11-23T08:00:07Z  journal  addressed  cloud-c5-1  i-1  172.31.16.5\n"
            " 2026-11-23T08:00:30Z  journal  joined  cloud-c5-[0-1]  i-0 i-1\n"
            " now  cloud-c5-0 up  ALLOCATED+CLOUD  i-0  running\n"
            " now  cloud-c5-1 up  ALLOCATED+CLOUD  i-1  running\n"
            " next  nothing: the job is running\n");
}

TEST(Explain, TheSameForProgramsHasASchema) {
  Told told;
  told.evidence.unseen["EC2"] = "the connection was refused";
  told.evidence.gates = Json::array({Json::object({{"gate", "tunnel"},
                                                   {"reason", "the tunnel's far end does not answer"},
                                                   {"since", "2026-11-23T07:59:00.000Z"}})});
  const Json json = to_json(told.evidence, tell(told.evidence));
  EXPECT_EQ(
      json,
      *Json::parse(
          R"({"schema":"spillway.job-explain/v1","job":"12","at":"2026-11-23T08:01:00.000Z","state":"CONFIGURING",)"
          R"("timeline":[{"at":"2026-11-23T08:00:00.000Z","source":"slurm","event":"submitted","nodes":[],"instances":[],)"
          R"("detail":"to cloud, 2 nodes, 8 CPUs"},)"
          R"({"at":"2026-11-23T08:00:01.000Z","source":"slurm","event":"allocated","nodes":["cloud-c5-0","cloud-c5-1"],)"
          R"("instances":[],"detail":""},)"
          R"({"at":"2026-11-23T08:00:02.000Z","source":"journal","event":"resume","nodes":["cloud-c5-0","cloud-c5-1"],)"
          R"("instances":[],"detail":""}],)"
          R"("nodes":[{"node":"cloud-c5-0","state":"launching","slurm":"ALLOCATED+CLOUD+NOT_RESPONDING+POWERING_UP",)"
          R"("instance":"","ec2":"","reason":""},)"
          R"({"node":"cloud-c5-1","state":"launching","slurm":"ALLOCATED+CLOUD+NOT_RESPONDING+POWERING_UP",)"
          R"("instance":"","ec2":"","reason":""}],)"
          R"("unseen":[{"what":"EC2","why":"the connection was refused"}],)"
          R"("next":{"what":"nothing is launched since 2026-11-23T07:59:00.000Z: the tunnel's far end does not answer",)"
          R"("run":"spillway vpn check"}})"));
}

TEST(Explain, SaysWhatTheJobWaitsFor) {
  struct Case {
    const char* what;
    std::function<void(Told&)> happens;
    const char *next, *run;
  };
  const Case kCases[] = {
      {"about to be launched", [](Told&) {}, "cloud-c5-0 is about to be launched",
       "systemctl status spillwayd"},
      {"no capacity",
       [](Told& t) {
         t.evidence.records.pools["p"] = {.pool = "/us-east-1 on-demand c5.xlarge subnet-a",
                                          .strikes = 1,
                                          .until = at(180),
                                          .reason = "InsufficientInstanceCapacity"};
         t.evidence.records.pools["p2"] = {
             .pool = "p2", .strikes = 1, .until = at(30), .reason = "over by now"};
         t.fail(0, "InsufficientInstanceCapacity: none in us-east-1a");
       },
       "waiting for capacity: p rests until 2026-11-23T08:03:00Z (InsufficientInstanceCapacity); cloud-c5-0 "
       "failed: "
       "InsufficientInstanceCapacity: none in us-east-1a; it rests until 2026-11-23T08:04:00Z",
       "spillway node reset cloud-c5-0, to try at once"},
      {"parked",
       [](Told& t) {
         t.fail(0, "cloud-c5 is parked");
         t.evidence.records.groups[kGroup] = {
             .group = kGroup, .parked_until = at(600), .reason = "InvalidLaunchTemplateName: gone"};
       },
       "cloud-c5 is parked until 2026-11-23T08:10:00Z: InvalidLaunchTemplateName: gone",
       "spillway node reset cloud-c5-0, after the cause is gone"},
      {"refused",
       [](Told& t) {
         t.evidence.records.launches[IntentId{"in-1"}] = {.intent = IntentId{"in-1"},
                                                          .group = kGroup,
                                                          .nodes = {{node(0), 1, 12, 0}},
                                                          .tries = 2,
                                                          .not_before = at(64),
                                                          .error = "CreateFleet: InternalError"};
       },
       "the launch of cloud-c5-0 did not work: CreateFleet: InternalError; next try 2026-11-23T08:01:04Z",
       "spillway doctor aws"},
      {"booting", [](Told& t) { t.boot(); },
       "cloud-c5-0 boots as i-0 at 172.31.16.4 since 2026-11-23T08:00:05Z; its slurmd has not registered",
       "aws ec2 get-console-output --instance-id i-0"},
      {"all there",
       [](Told& t) {
         t.boot(), t.run();
         t.evidence.queued->state = "CONFIGURING";
       },
       "every node is there", ""},
      {"taken back",
       [](Told& t) {
         t.boot(), t.run();
         t.evidence.records.machines[InstanceId{"i-1"}].interrupted_at = at(120);
       },
       "EC2 takes cloud-c5-1 (i-1) back at 2026-11-23T08:02:00Z", ""},
      {"not chosen",
       [](Told& t) {
         t.evidence.queued->state = "PENDING";
         t.evidence.queued->nodes.clear();
         t.evidence.events.clear();
       },
       "Slurm has not chosen nodes for it", "squeue -j 12 -o '%i %T %r'"},
      {"done", [](Told& t) { t.end("COMPLETED", 0); }, "nothing: the job completed", ""},
      {"its own fault", [](Told& t) { t.end("FAILED", 3); },
       "the job itself ended as FAILED (exit code 3, signal 0)", "sacct -j 12"},
      {"lost with a node", [](Told& t) { t.end("NODE_FAIL", 0); }, "the job was lost with a node",
       "scontrol show job 12"},
  };
  for (const Case& each : kCases) {
    Told told;
    each.happens(told);
    const Next next = told.next();
    EXPECT_THAT(next.what, HasSubstr(each.next)) << each.what;
    EXPECT_THAT(next.run, HasSubstr(each.run)) << each.what;
    EXPECT_EQ(next.run.empty(), std::string_view(each.run).empty()) << each.what;
  }
}

TEST(Explain, AGateThatIsClosedDoesNotConcernAJobWhoseMachinesBoot) {
  Told told;
  told.boot();
  told.evidence.gates =
      Json::array({Json::object({{"gate", "budget"}, {"reason", "spent"}, {"since", "x"}})});
  EXPECT_THAT(told.next().what, HasSubstr("boots as i-0"));
}

TEST(Explain, LeavesOutWhatTheNodesDidForOthers) {
  Told told;
  told.event(-100, "resume", 0, "", 11);
  told.event(-90, "failed", 0, "of job 11", 11);
  told.event(-80, "parked", -1, "cloud-c5: of yesterday");
  told.boot();
  told.event(20, "parked", -1, "gpu-p4: another group");
  told.event(20, "parked", -1, "cloud-c5: ten in a row");
  told.event(21, "gate-closed", -1, "5000 USD are spent");
  told.event(25, "shortfall", -1, "of another launch", 0, "in-2");
  told.run();
  told.end("COMPLETED", 0);
  told.machine_event(55, "suspend", 0, "");
  told.machine_event(56, "terminated", 0, "i-0", "suspended");
  told.event(57, "resume", 0, "", 13);
  told.event(58, "failed", 0, "of job 13", 13);
  std::stable_sort(told.evidence.events.begin(), told.evidence.events.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  const std::string text = to_text(told.evidence, tell(told.evidence));
  for (const char* other : {"of job 11", "of job 13", "of yesterday", "another group", "of another launch"})
    EXPECT_THAT(text, testing::Not(HasSubstr(other)));
  for (const char* own : {"ten in a row", "5000 USD are spent", "terminated  cloud-c5-0  i-0  suspended"})
    EXPECT_THAT(text, HasSubstr(own));
}

TEST(Explain, AJobThatSlurmForgotIsToldFromTheJournalAlone) {
  Told told;
  told.boot();
  told.run();
  told.evidence.queued.reset();
  told.evidence.nodes.clear();
  told.evidence.unseen["slurmdbd"] = "Connection refused";
  EXPECT_TRUE(is_known(told.evidence));
  const std::string text = to_text(told.evidence, tell(told.evidence));
  EXPECT_THAT(text, HasSubstr("job 12  unknown\n"));
  EXPECT_THAT(text, HasSubstr("joined  cloud-c5-[0-1]"));
  EXPECT_THAT(text, HasSubstr("‼ slurmdbd was not seen: Connection refused"));
  EXPECT_THAT(text, HasSubstr("run   sacct -j 12, when slurmdbd answers"));
  told.evidence.job.id = 99;
  EXPECT_FALSE(is_known(told.evidence));
}

TEST(Explain, JobsAreNamedAsUsersNameThem) {
  EXPECT_EQ(parse_job_name("4711")->id, 4711);
  EXPECT_EQ(parse_job_name("4711_3")->index, 3);
  for (const char* bad : {"", "0", "-1", "x", "12_", "12_x", "_3", "12;rm"})
    EXPECT_FALSE(parse_job_name(bad)) << bad;
}

TEST(ExplainGather, AsksEveryoneAndGoesOnWithoutThoseWhoAreSilent) {
  ManualClock clock{at(0)};
  slurm::FakeController slurm{clock, {node(0), node(1)}};
  const int64_t job = slurm.submit({node(0), node(1)});
  Witnesses witnesses{.slurm = &slurm};
  const auto soon = Deadline::after(seconds{5});
  Evidence evidence = gather(witnesses, {job, std::nullopt}, clock.now(), soon);
  ASSERT_TRUE(evidence.queued);
  EXPECT_EQ(evidence.queued->state, "CONFIGURING");
  EXPECT_EQ(evidence.nodes.size(), 2u);
  EXPECT_TRUE(evidence.unseen.empty());
  slurm.be_silent(true);
  evidence = gather(witnesses, {job, std::nullopt}, clock.now(), soon);
  EXPECT_FALSE(evidence.queued);
  EXPECT_TRUE(evidence.unseen.contains("slurmctld"));
}

}  // namespace
}  // namespace spillway::insight
