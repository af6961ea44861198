#include "slurm/hostlist.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "base/subprocess.h"
#include "base/text.h"

namespace spillway::slurm {
namespace {

using testing::HasSubstr;

std::string joined(const std::vector<NodeName>& names) {
  std::string out;
  for (const NodeName& name : names) out += (out.empty() ? "" : " ") + name.value;
  return out;
}
std::vector<NodeName> names_in(std::string_view text) {
  std::vector<NodeName> names;
  for (const auto name : split(text, ' ')) names.emplace_back(std::string(name));
  return names;
}

struct ExpandCase {
  const char* hostlist;
  const char* names;
};
const ExpandCase kExpand[] = {
    {"c5-0", "c5-0"},
    {"c5-[0-2,5]", "c5-0 c5-1 c5-2 c5-5"},
    {"c5-[08-10]", "c5-08 c5-09 c5-10"},  // the width is part of the name
    {"c5-[8-10]", "c5-8 c5-9 c5-10"},
    {"c[09-10,100-101]", "c09 c10 c100 c101"},
    {"c[098-102]", "c098 c099 c100 c101 c102"},
    {"c[001-2]", "c001 c002"},
    {"c[1-03]", "c1 c2 c3"},  // the first number's width counts
    {"r[1-2]n[1-2]", "r1n1 r1n2 r2n1 r2n2"},
    {"r[1-2]-n[7,9],x", "r1-n7 r1-n9 r2-n7 r2-n9 x"},
    {"b,a,b", "b a b"},  // neither sorted nor without repetition
    {"[1-3]", "1 2 3"},
    {",a,,b,", "a b"},
    {"c[1,01,2,02]", "c1 c01 c2 c02"},
    {"node.example.com,a_b", "node.example.com a_b"},
    {"n[999999999999999998-999999999999999999]", "n999999999999999998 n999999999999999999"},
};

TEST(Hostlist, ExpandsAsScontrolDoes) {
  for (const auto& [hostlist, names] : kExpand) {
    const auto got = expand(hostlist);
    ASSERT_TRUE(got) << hostlist << ": " << got.error().what;
    EXPECT_EQ(joined(*got), names) << hostlist;
  }
  EXPECT_TRUE(expand("")->empty());
}

TEST(Hostlist, RefusesWhatIsNone) {
  for (const char* hostlist : {"a[1-3",   "a]",      "a[]",      "a[3-1]",  "a[1-]",
                               "a[-1]",   "a[1,]",   "a[1-2-3]", "a[[1]]",  "a[x]",
                               "a[1-2]b", "a b",     "a\nb",     "a[1 -2]", "a;rm",
                               "$(x)",    "a'b",     "a\"b",     "a|b",     "a=b",
                               "../x",    "a[1-2][", "a[0x1]",   "é",       "a[1234567890123456789]",
                               "a[+1]"}) {
    const auto got = expand(hostlist);
    ASSERT_FALSE(got) << hostlist;
    EXPECT_EQ(got.error().kind, Kind::invalid) << hostlist;
    EXPECT_EQ(got.error().code, "SPW-SLURM-001") << hostlist;
    EXPECT_FALSE(got.error().fix.empty());
  }
  EXPECT_THAT(expand("ab[3-1]").error().what, HasSubstr("character 6"));
  EXPECT_EQ(expand(std::string_view("a\0b", 3)).error().code, "SPW-SLURM-001");
  EXPECT_EQ(expand(std::string(300, 'a')).error().code, "SPW-SLURM-001");
}

TEST(Hostlist, RefusesMoreNamesThanAClusterHasBeforeMakingThem) {
  for (const char* hostlist : {"n[0-100000]", "n[0-18000000000000000]", "n[0-999]m[0-999]", "n[0-99999],x",
                               "a[0-9]b[0-9]c[0-9]d[0-9]e[0-9]f[0-9]", "n[0-60000,0-60000]"}) {
    const auto got = expand(hostlist);
    ASSERT_FALSE(got) << hostlist;
    EXPECT_EQ(got.error().code, "SPW-SLURM-002") << hostlist;
  }
  EXPECT_EQ(expand("n[0-99999]")->size(), kMaxHosts);
  EXPECT_EQ(expand(std::string(kMaxHostlistBytes + 1, ',')).error().code, "SPW-SLURM-002");
}

struct FoldCase {
  const char* names;
  const char* hostlist;
};
const FoldCase kFold[] = {
    {"c5-0", "c5-0"},
    {"c5-2 c5-0 c5-1 c5-5", "c5-[0-2,5]"},
    {"c5-10 c5-9 c5-8", "c5-[8-10]"},
    {"c08 c09 c10", "c[08-10]"},
    {"c99 c100 c98", "c[98-100]"},
    {"c099 c100", "c[099-100]"},
    {"c09 c10 c100 c101", "c[09-10,100-101]"},
    {"c1 c01 c2 c02", "c[1-2,01-02]"},
    {"c0 c00", "c[0,00]"},
    {"c1 c2 c03", "c[1-2,03]"},
    {"b a", "a,b"},
    {"r1n1 r1n2 r2n1", "r1n[1-2],r2n1"},
    {"c2x c1x", "c1x,c2x"},
    {"cx c c2 c1", "c,c[1-2],cx"},
    {"cloud-c5-1 cloud-g-1 cloud-c5-0", "cloud-c5-[0-1],cloud-g-1"},
};

TEST(Hostlist, FoldsASetShort) {
  for (const auto& [names, hostlist] : kFold) EXPECT_EQ(fold(names_in(names)), hostlist) << names;
  EXPECT_EQ(fold(names_in("n1 n1000000000000000")), "n[1,1000000000000000]");  // scontrol loses n1 here
  EXPECT_EQ(fold({}), "");
  EXPECT_EQ(fold(names_in("c3 c3")), "c3");
}

TEST(Hostlist, WhatIsFoldedExpandsToTheSameSetSorted) {
  std::mt19937 random{7};
  for (int round = 0; round < 300; ++round) {
    std::vector<NodeName> names;
    for (int i = 0; i < 60; ++i)
      names.emplace_back(
          fmt::format("{}{:0{}}", random() % 2 ? "c5-" : "c", random() % 130, 1 + random() % 4));
    auto sorted = names;
    sort_names(sorted);
    EXPECT_EQ(expand(fold(names)).value(), sorted);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    std::sort(sorted.begin(), sorted.end());
    EXPECT_EQ(names, sorted);
  }
}

TEST(Hostlist, SortsByNumber) {
  auto names = names_in("c5-10 c5-2 b c5-2 c5-1");
  sort_names(names);
  EXPECT_EQ(joined(names), "b c5-1 c5-2 c5-10");
}

TEST(Hostlist, ComesInChunks) {
  const auto parts = chunks(*expand("c[0-9]"), 4);
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(fold(parts[0]), "c[0-3]");
  EXPECT_EQ(fold(parts[2]), "c[8-9]");
  EXPECT_TRUE(chunks({}, 4).empty());
}

/// The same tables answered by Debian's scontrol, which expands and folds without a controller.
class Scontrol : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(std::filesystem::exists("/usr/bin/scontrol"))
        << "slurm-client is among the packages of ./check";
    conf_ = std::filesystem::temp_directory_path() / fmt::format("spillway-hostlist-{}.conf", getpid());
    std::ofstream(conf_) << "ClusterName=t\nSlurmctldHost=localhost\nAuthType=auth/none\nNodeName=c1\n";
  }
  void TearDown() override { std::filesystem::remove(conf_); }

  std::string show(const std::string& what, const std::string& argument) {
    PosixRunner runner;
    const auto ran = runner.run({.argv = {"/usr/bin/scontrol", "show", what, argument},
                                 .env = {"LC_ALL=C", "SLURM_CONF=" + conf_.string()}},
                                Deadline::after(std::chrono::seconds{20}));
    if (!ran || ran->exit_code != 0) return "refused";
    std::string out(trim(ran->out));
    std::replace(out.begin(), out.end(), '\n', ' ');
    return out;
  }
  std::filesystem::path conf_;
};

TEST_F(Scontrol, ExpandsTheTableAsWeDo) {
  for (const auto& [hostlist, names] : kExpand) EXPECT_EQ(show("hostnames", hostlist), names) << hostlist;
}

TEST_F(Scontrol, FoldsTheTableAsWeDo) {
  for (const auto& [names, hostlist] : kFold) {
    std::string list = names;
    std::replace(list.begin(), list.end(), ' ', ',');
    EXPECT_EQ(joined(*expand(show("hostlistsorted", list))), joined(*expand(hostlist))) << names;
  }
}

}  // namespace
}  // namespace spillway::slurm
