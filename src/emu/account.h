#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "emu/aws.h"
#include "emu/fault.h"
#include "emu/vpc.h"

// What the emulated account holds. Plain data: the operations in ec2_*.cpp, s3_*.cpp and so on work on it.
namespace spillway::emu {

struct Image {
  std::string id, name, architecture = "x86_64", root_device = "/dev/xvda";
  Tags tags;
  std::string owner, owner_alias;  // "": this account; an alias such as amazon
  // Of an image that CreateImage made:
  std::string description, snapshot;
  Time created;
  Time available_at;  // until then it is pending
  int64_t gib = 8;
  bool encrypted = false;
};

struct Snapshot {
  std::string id, volume, description;
  int64_t gib = 8;
  bool encrypted = false;
  Time started;
  Tags tags;
};

/// What a launch asks for on one device; what is unset comes from the image.
struct BlockDevice {
  std::string device, type, kms_key, snapshot;
  std::optional<int64_t> gib;
  std::optional<bool> encrypted, delete_on_termination;
};

/// A text that many share, as the instances of one launch do.
class SharedText {
 public:
  SharedText() = default;
  SharedText(std::string text)  // NOLINT(google-explicit-constructor): it stands for the text
      : text_(text.empty() ? nullptr : std::make_shared<const std::string>(std::move(text))) {}
  const std::string& str() const {
    static const std::string kNothing;
    return text_ ? *text_ : kNothing;
  }
  operator const std::string&() const { return str(); }  // NOLINT(google-explicit-constructor)
  bool empty() const { return !text_; }

 private:
  std::shared_ptr<const std::string> text_;
};

/// What a launch asks for: the data of a launch template version, and the same after overrides.
struct LaunchData {
  std::string image_id, type, subnet_id, key_name;
  SharedText user_data;  // decoded
  std::string profile;   // name of the instance profile
  std::vector<std::string> security_groups;
  std::string shutdown_behavior;  // "", "stop" or "terminate"
  std::string market;             // "" or "spot"
  std::string http_tokens, http_endpoint, metadata_tags;
  std::optional<int64_t> hop_limit;
  std::string placement_group, zone;
  std::map<std::string, Tags> tags;  // by resource type
  std::vector<std::string> group_names;
  std::string private_ip;
  std::optional<bool> public_ip;       // unset: as the subnet says
  std::optional<bool> interface_goes;  // with its instance; unset: it does
  int64_t interfaces = 0;              // how many were given, in place of what follows
  bool places_itself = false;          // subnet, address or groups were given for the instance itself
  std::optional<bool> protected_from_termination, monitored;
  std::vector<BlockDevice> block_devices;
  std::map<std::string, std::string> given;  // all of it as it came, for those who ask back
};

struct TemplateVersion {
  int64_t number = 0;
  std::string description;
  Time created;
  LaunchData data;
};

struct LaunchTemplate {
  std::string id, name;
  Time created;
  int64_t default_version = 1;
  Tags tags;
  std::map<int64_t, TemplateVersion> versions;
  int64_t next_version = 1;
};

enum class State {
  pending = 0,
  running = 16,
  shutting_down = 32,
  terminated = 48,
  stopping = 64,
  stopped = 80
};
std::string_view to_string(State state);

struct Instance {
  InstanceId id;
  State state = State::pending;
  Time launched;
  std::optional<Time> due;  // when the state moves on
  LaunchData launch;
  std::string zone, vpc_id, private_ip, mac, reservation_id, fleet_id, template_id;
  int64_t template_version = 0;
  int64_t launch_index = 0;
  std::string client_token, reason_code, reason;
  Tags tags;
  std::vector<std::string> volumes;
  bool protected_from_termination = false;
  bool started = false;       // Machines::start was called for it
  bool never_boots = false;   // a fault: it runs, but nothing starts in it
  bool dies_pending = false;  // a fault: from pending to terminated
  std::string console;        // what its machine wrote to the serial console
  // What those see who see late:
  State state_before = State::pending;
  Time changed{};  // when the state did
  Tags tags_before;
  Time tagged{};                             // when the tags changed
  std::optional<Time> rebalance, reclaimed;  // since when and for when the metadata announce it
};

struct Fleet {
  std::string id, state = "active";
  Time created;
  std::string client_token, capacity_type;
  int64_t target = 0;
  std::vector<std::string> instances;
  Tags tags;
};

/// What a ClientToken was first used for: a digest of the request, and the answer to repeat.
struct Remembered {
  std::string digest, body;
  std::vector<std::string> instances;  // whose states the repeated answer shows anew
  std::string reservation_id;
  Time at;
};

struct Policy {
  std::string name;
  Json document;
};

struct Principal {  // a user or a role
  std::string name, unique_id;
  bool is_role = false;
  bool everything = false;  // a user without any policy in the seed is an administrator
  std::vector<Policy> policies;
  Json trust;
  std::string path = "/", description;
  int64_t max_session = 3600;  // seconds; of a role
  Time created;
  Tags tags;
};

struct AccessKey {
  std::string id, secret, token;  // token: of temporary credentials
  std::string principal;          // name of the user or role
  bool is_role = false;
  std::string session;  // role session name; the instance id for an instance's role
  std::optional<Time> expires;
  Json session_policy;  // null, or what AssumeRole narrowed the session to
  Time issued{};
};

struct InstanceProfile {
  std::string name, id, role;  // role: "" while none was added
  std::string path = "/";
  Time created;
  Tags tags;
};

struct Object {
  std::shared_ptr<const std::string> content;
  std::string etag, content_type;
  Time modified;
  std::map<std::string, std::string> metadata;        // x-amz-meta-…, without the prefix
  std::string checksum = "x-amz-checksum-crc64nvme";  // the header of the one that it was put with
  std::string version = "null";                       // "null": put while the bucket was not versioned
  bool delete_marker = false;                         // then there is no content
};

/// What S3 keeps out: all of it in a bucket that nobody changed, as since April 2023.
struct PublicAccessBlock {
  bool public_acls = true, ignore_public_acls = true, public_policy = true, restrict_public = true;
};

struct Encryption {  // of new objects
  std::string algorithm = "AES256", key;
  bool bucket_key = false;
};

/// A multipart upload that was neither completed nor aborted.
struct Upload {
  std::string key;
  Time begun;
  Object object;  // what it will be, without content
  std::map<int64_t, Object> parts;
};

struct Bucket {
  std::string name, region;
  Time created;
  std::map<std::string, Object> objects;  // the current versions
  /// Per key what is not in `objects`, the oldest first. Its last is the current version where it is a delete
  /// marker and `objects` lacks the key.
  std::map<std::string, std::vector<Object>> history;
  std::string versioning;  // "" (never), "Enabled" or "Suspended"
  std::optional<PublicAccessBlock> public_access = PublicAccessBlock{};
  Encryption encryption;
  std::string ownership = "BucketOwnerEnforced";  // "": no controls
  std::string lifecycle;                          // the content of the configuration element; "": none
  Json policy;
  Tags tags;
  std::map<std::string, Upload> uploads;  // by upload id
};

struct Parameter {
  std::string name, type, value;
  int64_t version = 1;
  Time modified;
  std::string description, key_id;  // key_id: of a SecureString
  std::string modified_by;          // an ARN
  Tags tags;
};

struct MetadataToken {
  std::string instance;
  Time expires;
};

/// Something to tell Machines, once no lock is held.
struct MachineEvent {
  bool start = false;
  Machine machine;
};

struct Account {
  Account(Settings s, Clock& c) : settings(std::move(s)), clock(c) {}

  const Settings settings;
  Clock& clock;

  std::map<std::string, Vpc, std::less<>> vpcs;
  std::map<std::string, Subnet, std::less<>> subnets;
  std::map<std::string, SecurityGroup, std::less<>> security_groups;
  std::map<std::string, SecurityGroupRule, std::less<>> security_group_rules;
  std::map<std::string, InternetGateway, std::less<>> internet_gateways;
  std::map<std::string, RouteTable, std::less<>> route_tables;
  std::map<std::string, VpcEndpoint, std::less<>> vpc_endpoints;
  std::map<std::string, Address, std::less<>> addresses;
  std::map<std::string, DhcpOptions, std::less<>> dhcp_options;
  std::map<std::string, Interface, std::less<>> interfaces;
  std::map<std::string, Volume, std::less<>> volumes;
  std::map<std::string, Image, std::less<>> images;
  std::map<std::string, Snapshot, std::less<>> snapshots;
  std::map<std::string, LaunchTemplate, std::less<>> templates;
  std::map<std::string, Instance, std::less<>> instances;
  std::map<std::string, std::string, std::less<>> instance_by_ip;
  std::set<std::pair<Time, std::string>> due;
  /// What EC2 ends by itself: when and whom, and the reason's code.
  std::map<std::pair<Time, std::string>, std::string> endings;
  std::map<std::string, Fleet, std::less<>> fleets;
  std::map<std::string, Remembered, std::less<>> tokens;  // by operation:token

  std::map<std::string, Principal, std::less<>> users, roles;
  std::map<std::string, InstanceProfile, std::less<>> profiles;
  std::map<std::string, AccessKey, std::less<>> keys;
  std::map<std::string, MetadataToken, std::less<>> metadata_tokens;
  std::map<std::string, Bucket, std::less<>> buckets;
  std::map<std::string, Parameter, std::less<>> parameters;

  std::vector<Fault> faults;
  std::deque<MachineEvent> events;
  uint64_t serial = 0;  // of all identifiers ever given
  uint64_t network_version = 0;

  /// A new identifier: `prefix` and 17 hexadecimal digits, never the same twice in the life of this state.
  std::string make_id(std::string_view prefix);
  Time now() const { return clock.now(); }
};

/// The reason's code of an instance that EC2 takes back.
inline constexpr std::string_view kSpotTermination = "Server.SpotInstanceTermination";

/// Moves states on to the clock's time; what Machines must hear goes to account.events.
void advance(Account& account);
/// Changes the state; what follows from it is the caller's.
void enter(Account& account, Instance& instance, State state);
/// Arranges that the instance's state moves on at `when`.
void schedule(Account& account, Instance& instance, Time when);
/// Begins the end of an instance; true unless it was terminated or on its way already.
bool begin_termination(Account& account, Instance& instance, std::string_view code, std::string_view why);
/// Undoes a launch that nobody has heard of yet.
void forget_instance(Account& account, const std::string& id);

}  // namespace spillway::emu
