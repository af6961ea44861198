#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "dns/exchange.h"
#include "dns/message.h"
#include "dns/tsig.h"

namespace spillway::dns {

/// A working model of a primary name server, for tests of what stands above the seam: it keeps zones, checks
/// prerequisites and signatures, and is held to the real named by contract/exchange_contract.cpp.
class FakeNameServer final : public Exchange {
 public:
  explicit FakeNameServer(const Clock& clock) : clock_(clock) {}

  void add_key(Key key) { keys_.insert_or_assign(key.name, std::move(key)); }
  /// An empty zone whose SOA has this minimum.
  void add_zone(const std::string& zone, uint32_t minimum = 5);
  /// Somebody else writes a record.
  void write(const std::string& name, Type type, std::string data);
  /// Somebody else removes all records of a name.
  void erase(const std::string& name) { zone_of(name)->erase(name); }

  Result<std::vector<std::string>> send(const std::vector<std::string>& messages, Deadline deadline) override;
  std::string peer() const override { return "fake"; }

  /// The data of the records at a name, as text: addresses, names, texts.
  std::vector<std::string> at(const std::string& name, Type type) const;
  /// Every name that has records, the zones' own aside.
  std::vector<std::string> names() const;
  size_t updates() const { return updates_; }

  /// Types that the update policy grants.
  std::set<Type> granted = {Type::a, Type::aaaa, Type::ptr, Type::txt};
  /// Keys that the policy grants nothing.
  std::set<std::string> powerless;
  /// While set, every call fails with it.
  std::optional<Error> fault;
  /// How far this server's clock is ahead of `clock`.
  Duration ahead{0};

 private:
  using Zone = std::map<std::string, std::vector<Record>>;
  std::string answer(const std::string& bytes);
  Message respond(const Message& question, const std::string& key);
  void look_up(const Message& question, Message& answer) const;
  Rcode update(const Message& question, const std::string& key);
  Rcode check(const Zone& zone, const Message& question) const;
  void change(Zone& zone, const Record& record) const;
  const Zone* zone_of(const std::string& name) const;
  Zone* zone_of(const std::string& name) {
    return const_cast<Zone*>(static_cast<const FakeNameServer*>(this)->zone_of(name));
  }

  const Clock& clock_;
  std::map<std::string, Key> keys_;
  std::map<std::string, Zone> zones_;
  size_t updates_ = 0;
};

}  // namespace spillway::dns
