#include "slurm/node_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway::slurm {
namespace {

struct StateCase {
  const char* text;
  const char* means;  // the words of 22.05
  const char* is;     // which predicates hold
};

std::string predicates(const NodeState& state) {
  std::string out;
  const auto say = [&](bool yes, std::string_view word) {
    if (yes) out += (out.empty() ? "" : " ") + std::string(word);
  };
  say(state.is_powered_down(), "off");
  say(state.is_powering_up(), "rising");
  say(state.is_powering_down(), "falling");
  say(state.is_registered(), "registered");
  say(state.is_up(), "up");
  say(state.is_allocated(), "allocated");
  say(state.is_down(), "down");
  say(state.is_draining(), "draining");
  return out;
}

const StateCase kCases[] = {
    // A cloud node's life in 20.02 and 20.11.
    {"IDLE+CLOUD+POWER", "IDLE+CLOUD+POWERED_DOWN", "off"},
    {"ALLOCATED#+CLOUD", "ALLOCATED+CLOUD+POWERING_UP", "rising allocated"},
    {"MIXED#+CLOUD", "MIXED+CLOUD+POWERING_UP", "rising allocated"},
    {"IDLE#+CLOUD", "IDLE+CLOUD+POWERING_UP", "rising"},
    {"ALLOCATED+CLOUD", "ALLOCATED+CLOUD", "registered up allocated"},
    {"IDLE+CLOUD+POWERING_DOWN", "IDLE+CLOUD+POWERING_DOWN", "falling"},
    {"IDLE%+CLOUD", "IDLE+CLOUD+POWERING_DOWN", "falling"},
    {"DOWN*+CLOUD+POWER", "DOWN+CLOUD+NOT_RESPONDING+POWERED_DOWN", "off down"},
    {"DOWN#+CLOUD", "DOWN+CLOUD+POWERING_UP", "rising down"},
    {"IDLE*+CLOUD", "IDLE+CLOUD+NOT_RESPONDING", ""},
    {"DOWN~+CLOUD+DRAIN", "DOWN+CLOUD+DRAIN+POWERED_DOWN", "off down draining"},
    // In 21.08 and later.
    {"IDLE+CLOUD+POWERED_DOWN", "IDLE+CLOUD+POWERED_DOWN", "off"},
    {"MIXED+CLOUD+NOT_RESPONDING+POWERING_UP", "MIXED+CLOUD+NOT_RESPONDING+POWERING_UP", "rising allocated"},
    {"MIXED+CLOUD", "MIXED+CLOUD", "registered up allocated"},
    {"IDLE+CLOUD+POWER_DOWN", "IDLE+CLOUD+POWER_DOWN", "falling registered"},
    {"IDLE+CLOUD+POWERING_DOWN", "IDLE+CLOUD+POWERING_DOWN", "falling"},
    {"IDLE+CLOUD+POWERED_DOWN+POWERING_DOWN", "IDLE+CLOUD+POWERED_DOWN+POWERING_DOWN", "falling"},
    {"IDLE+CLOUD+NOT_RESPONDING+POWERING_DOWN", "IDLE+CLOUD+NOT_RESPONDING+POWERING_DOWN", "falling"},
    {"DOWN+CLOUD+NOT_RESPONDING", "DOWN+CLOUD+NOT_RESPONDING", "down"},
    {"DOWN+CLOUD+POWERED_DOWN", "DOWN+CLOUD+POWERED_DOWN", "off down"},
    {"IDLE+CLOUD+POWERED_DOWN+POWER_UP", "IDLE+CLOUD+POWERED_DOWN+POWER_UP", "rising"},
    {"IDLE+COMPLETING+CLOUD", "IDLE+CLOUD+COMPLETING", "registered up allocated"},
    {"IDLE+CLOUD+DRAIN", "IDLE+CLOUD+DRAIN", "registered draining"},
    {"IDLE+CLOUD+INVALID_REG", "IDLE+CLOUD+INVALID_REG", "registered"},
    {"IDLE+PLANNED", "IDLE+PLANNED", "registered up"},
    {"IDLE+MAINTENANCE+RESERVED", "IDLE+MAINTENANCE+RESERVED", "registered up"},
    {"IDLE+REBOOT_ISSUED", "IDLE+REBOOT_ISSUED", "registered"},
    {"IDLE+DYNAMIC_NORM", "IDLE+DYNAMIC_NORM", "registered up"},
    {"UNKNOWN+CLOUD", "UNKNOWN+CLOUD", ""},
    {"UNKNOWN+INVALID_REG", "UNKNOWN+INVALID_REG", ""},
    {"FUTURE", "FUTURE", ""},
    {"ERROR", "ERROR", "down"},
    {"DOWN+FAIL", "DOWN+FAIL", "down"},
    {"IDLE+BLOCKED+EXTERNAL", "IDLE+BLOCKED+EXTERNAL", "registered up"},
    // sinfo's.
    {"idle~", "IDLE+POWERED_DOWN", "off"},
    {"mix#", "MIXED+POWERING_UP", "rising allocated"},
    {"alloc+", "ALLOCATED+COMPLETING", "registered up allocated"},
    {"idle!", "IDLE+POWER_DOWN", "falling registered"},
    {"down$", "DOWN+MAINTENANCE", "down"},
    {"idle@", "IDLE+REBOOT_REQUESTED", "registered up"},
    {"idle^", "IDLE+REBOOT_ISSUED", "registered"},
    {"idle-", "IDLE+PLANNED", "registered up"},
    {"drng*", "ALLOCATED+DRAIN+NOT_RESPONDING", "allocated draining"},
    {"drained~", "IDLE+DRAIN+POWERED_DOWN", "off draining"},
    {"inval", "UNKNOWN+INVALID_REG", ""},
};

TEST(NodeState, ReadsTheWordsOfEveryVersion) {
  for (const auto& [text, means, is] : kCases) {
    const auto state = parse_node_state(text);
    ASSERT_TRUE(state) << text << ": " << state.error().what;
    EXPECT_EQ(to_string(*state), means) << text;
    EXPECT_EQ(predicates(*state), is) << text;
    EXPECT_TRUE(state->unknown.empty()) << text;
  }
}

TEST(NodeState, KeepsWordsThatItDoesNotKnow) {
  const auto state = parse_node_state("IDLE+CLOUD+SLEEPWALKING");
  ASSERT_TRUE(state);
  EXPECT_THAT(state->unknown, testing::ElementsAre("SLEEPWALKING"));
  EXPECT_EQ(state->base, NodeState::Base::idle);
  EXPECT_EQ(to_string(*state), "IDLE+CLOUD+SLEEPWALKING");

  const auto newer = parse_node_state("HIBERNATING");
  ASSERT_TRUE(newer);
  EXPECT_EQ(newer->base, NodeState::Base::unknown);
  EXPECT_FALSE(newer->is_up());
}

TEST(NodeState, RefusesWhatIsNoState) {
  for (const char* text :
       {"", "+", "IDLE++CLOUD", "IDLE CLOUD", "IDLE+", "*", "IDLE+CLOUD\n", "IDLE=1", "+IDLE"}) {
    const auto state = parse_node_state(text);
    if (std::string_view(text) == "IDLE+") {  // sinfo's mark of completing jobs
      EXPECT_TRUE(state && state->has(NodeState::kCompleting));
      continue;
    }
    ASSERT_FALSE(state) << text;
    EXPECT_EQ(state.error().code, "SPW-SLURM-003") << text;
  }
}

TEST(NodeState, WhatItPrintsReadsBack) {
  for (const auto& [text, means, is] : kCases)
    EXPECT_EQ(*parse_node_state(means), *parse_node_state(text)) << text;
}

}  // namespace
}  // namespace spillway::slurm
