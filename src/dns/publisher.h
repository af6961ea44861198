#pragma once
#include <string>
#include <vector>

#include "dns/dns_config.h"
#include "dns/owned_zone.h"

namespace spillway::dns {

/// Where a node's names lead, and for whom they were made.
struct Binding {
  NodeName node;
  std::vector<IpAddress> addresses;
  InstanceId instance;
  bool operator==(const Binding&) const = default;
};

/// Zones and owner of the records.
struct Names {
  std::string zone;          // "example.com"
  std::string reverse_zone;  // "31.172.in-addr.arpa"; empty: no PTR records
  ClusterId cluster;
  uint32_t ttl_s = 60;
};

/// Errors: those of check(config).
Result<Names> names_of(const DnsConfig& config, const ClusterId& cluster);

/// A name that is not ours to write.
struct Foreign {
  NodeName node;
  std::string name;
  bool operator==(const Foreign&) const = default;
};
/// SPW-DNS-018, naming each; `foreign` must not be empty.
Error to_error(const std::vector<Foreign>& foreign);

/// Keeps the nodes' records: A or AAAA under the node's name, PTR under its address, and at each of these
/// names a TXT record "spillway <cluster> <instance>", which says whose they are.
///
/// Every change has a prerequisite in its own message: the name is not in use, or the TXT is the one that
/// was seen. So a foreign record is never touched, two writers never undo each other, and every function may
/// be repeated, or cut at any point. A message holds hundreds of nodes and is all or nothing: first all nodes
/// are tried as new; those of a refused message are looked up, tried again as what they are, and halved until
/// the culprits stand alone.
///
/// Names are written before the way back and removed after it, so that every PTR of ours can be found from
/// the names of nodes, although servers refuse zone transfers.
///
/// Errors of all functions: unavailable, timeout, denied, invalid (SPW-DNS-010 to -020).
class Publisher {
 public:
  Publisher(Exchange& exchange, const Clock& clock, Key key, Names names)
      : session_(exchange, clock, std::move(key)), names_(std::move(names)) {}

  /// Makes these records, in place of ours for other instances. What was foreign is left alone and returned;
  /// everything else was done.
  Result<std::vector<Foreign>> publish(const std::vector<Binding>& bindings, Deadline deadline);
  /// Removes these records where they still are those of that instance; others are left alone.
  Result<void> withdraw(const std::vector<Binding>& bindings, Deadline deadline);
  /// What of ours stands under these nodes' names.
  Result<std::vector<Binding>> list_ours(const std::vector<NodeName>& nodes, Deadline deadline);
  /// Withdraws what list_ours finds and `expected` does not have, by node and instance; returns it.
  Result<std::vector<Binding>> sweep(const std::vector<NodeName>& nodes, const std::vector<Binding>& expected,
                                     Deadline deadline);
  /// Whether all this would work: server, key, zones, policy. Changes nothing. Returns what the zone's SOA
  /// says.
  Result<Soa> probe(Deadline deadline);

  /// How far the server's clock is ahead of ours, when that had to be taken into account.
  std::chrono::seconds clock_offset() const { return session_.clock_offset(); }
  const Names& names() const { return names_; }
  std::string server() const { return session_.peer(); }

 private:
  using Changes = std::vector<Change>;
  Result<Changes> forward(const std::vector<Binding>& bindings, Change::Action action) const;
  Result<Changes> backward(const std::vector<Binding>& bindings, Change::Action action) const;
  OwnedZone zone(const std::string& name);
  Result<std::string> owner_data(const InstanceId& instance) const;
  Result<void> remove_old_ways_back(const Changes& changes, Deadline deadline);
  Result<std::vector<Binding>> with_addresses(std::vector<Binding> found, Deadline deadline);
  Result<Soa> probe_zone(const std::string& zone, Type type, Deadline deadline);

  Session session_;
  Names names_;
};

/// The full name of a node, lower case. Errors: invalid (SPW-DNS-002).
Result<std::string> name_of(const NodeName& node, const std::string& zone);
/// The name of an address' way back: 4.0.31.172.in-addr.arpa. Errors: invalid (SPW-DNS-003).
Result<std::string> reverse_name(const IpAddress& address);

}  // namespace spillway::dns
