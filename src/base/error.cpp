#include "base/error.h"

namespace spillway {
namespace {

struct KindFacts {
  std::string_view word, code, why, fix;
  int exit;
};

// In the order of Kind.
constexpr KindFacts kFacts[] = {
    {"invalid", "SPW-GEN-001", "the input or configuration is wrong", "correct it and run the command again",
     2},
    {"denied", "SPW-GEN-002", "this user or role may not do that", "run as a user or role that may", 1},
    {"credentials", "SPW-GEN-003", "no usable AWS credentials",
     "check the profile: aws sts get-caller-identity", 7},
    {"not_found", "SPW-GEN-004", "there is no such thing", "check the name", 1},
    {"conflict", "SPW-GEN-005", "it exists already or is in use", "look at what holds it, then repeat", 1},
    {"throttled", "SPW-GEN-006", "the service asks for fewer requests", "wait and repeat", 1},
    {"unavailable", "SPW-GEN-007", "the service did not answer as it should",
     "check the network and the service, then repeat", 1},
    {"no_capacity", "SPW-GEN-008", "the cloud has no such machine now",
     "wait, or allow more instance types and zones", 1},
    {"timeout", "SPW-GEN-009", "it took longer than allowed", "repeat with a larger --timeout", 6},
    {"io", "SPW-GEN-010", "the operating system refused", "check space, permissions and the path", 1},
    {"refused", "SPW-GEN-011", "budget or policy forbids it", "ask whoever owns the budget", 5},
    {"partial", "SPW-GEN-012", "only a part could be done", "repeat: what is done is not done twice", 8},
    {"interrupted", "SPW-GEN-013", "interrupted", "repeat to go on", 130},
    {"internal", "SPW-GEN-014", "a defect in Spillway or an answer that makes no sense",
     "report it with the log", 1},
};
const KindFacts& facts(Kind kind) {
  return kFacts[static_cast<int>(kind)];
}

}  // namespace

std::string_view to_string(Kind kind) {
  return facts(kind).word;
}

std::string to_string(const Error& error) {
  const KindFacts& usual = facts(error.kind);
  const std::string_view why = error.why.empty() ? usual.why : std::string_view(error.why);
  const std::string_view fix = error.fix.empty() ? usual.fix : std::string_view(error.fix);
  return fmt::format("error[{}]: {}\n  why  {}\n  fix  {}",
                     error.code.empty() ? usual.code : std::string_view(error.code), error.what, why, fix);
}

int exit_code(const Error& error) {
  return facts(error.kind).exit;
}

}  // namespace spillway
