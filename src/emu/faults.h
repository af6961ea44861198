#pragma once
#include "emu/call.h"

// What the rules for misbehaving do, asked by those whom they concern. Who asks counts as an occasion, unless
// it says "whether".
namespace spillway::emu {

/// Reads a document of rules. Errors: invalid, with the path of the member.
Result<std::vector<Fault>> read_faults(const Json& rules);
/// Puts rules behind those that are there; their time begins now.
void install(Account& account, std::vector<Fault> faults);
/// Takes away the rules of this name, all of them where it is "". How many there were.
size_t remove_faults(Account& account, std::string_view name);
/// The rules in force, each {"rule": as it came, "acted": how often}.
Json faults_of(const Account& account);
/// Begins and ends rules whose time has come. Part of advance().
void attend_faults(Account& account);

/// What EC2 says, and with which status, where a rule gives a code only.
std::string usual_message(const std::string& code, std::string_view type = "", std::string_view zone = "");
int usual_status(const std::string& code);

/// Where a launch happens, for the rules that match on it.
struct LaunchSite {
  std::string operation, type, subnet, zone, purchase;
  int64_t least = 1, most = 1;  // instances wanted
};
/// What the rules do to instances that are launched there.
struct LaunchTrouble {
  int64_t capacity = INT64_MAX;  // how many there may be
  ApiError shortage;             // why there are no more
  bool never_boots = false, dies_pending = false;
};
/// Errors: the code of an error rule with type, subnet, zone or purchase; that of a capacity rule when fewer
/// than the least are left.
Answer<LaunchTrouble> launch_trouble(Account& account, const LaunchSite& site);

/// What the rules do to a whole request, whatever it launches.
struct RequestTrouble {
  std::optional<ApiError> error;
  bool drop_before = false, drop_after = false;
  Duration delay{};
};
/// `params`: of the query protocols.
RequestTrouble request_trouble(Account& account, std::string_view operation, std::string_view service = "ec2",
                               const Params& params = {});

/// Whether a list is to answer with an empty page that is not the last.
bool gives_empty_page(Account& account, std::string_view operation);

/// How far the service's clock is off.
Duration clock_offset(const Account& account);
/// Whether the services take the key for one whose time is over.
bool is_expired_by_rule(const Account& account, const AccessKey& key);
/// What the metadata service answers in place of the truth: 0 cuts the connection.
std::optional<int> metadata_silence(Account& account, const Instance& instance, std::string_view path);

/// What becomes of an accepted termination: nothing, but it may happen by itself after `after`.
struct DelayedEnd {
  std::optional<Duration> after;
};
std::optional<DelayedEnd> delayed_end(Account& account, const Instance& instance);
/// How long an instance stays shutting-down in place of the usual time; nothing inside: until the rule ends.
std::optional<std::optional<Duration>> stuck_for(Account& account, const Instance& instance);
/// Whether things of the kind "volumes" or "interfaces" outlive the instance that they were to go with.
bool leaves_behind(Account& account, const Instance& instance, std::string_view what);
/// Gives the instance the notices that rules have for it; for one that has just become running.
void give_notices(Account& account, Instance& instance);

/// Whether the rule's time has come, and it is not used up.
bool in_force(const Account& account, const Fault& fault);
/// Whether the instance is one of those that the rule is about.
bool fits(const Fault& fault, const Instance& instance);
/// in_force(), and it is about requests of this name.
bool concerns(const Account& account, const Fault& fault, std::string_view operation);
/// Counts an occasion on which the rule matches; whether it acts. What acts is used up by one.
bool strikes(Fault& fault);
/// Whether a rule that is not counted acts on this thing: always the same answer.
bool always_strikes(const Fault& fault, std::string_view id);

}  // namespace spillway::emu
