#include "vpn/rotation.h"

#include <algorithm>

#include "vpn/codes.h"
#include "vpn/key_file.h"

namespace spillway::vpn {
namespace {

using std::chrono::seconds;

Deadline soon() {
  return Deadline::after(seconds{20});
}

/// Waits until the peer shook hands from now on, renewing its session again and again.
Result<bool> handshake(const RotationTools& tools, const Peer& peer, Duration patience) {
  const Time from = tools.clock.now(), until = from + patience;
  std::optional<Time> renewed;
  while (tools.clock.now() < until) {
    const Time now = tools.clock.now();
    if (!renewed || now - *renewed >= tools.settings.renew_every) {
      TRY(tools.device.renew_peer(peer, soon()));
      renewed = now;
    }
    const InterfaceState state = TRY(tools.device.show(soon()));
    const PeerState* found = state.find(peer.public_key);
    if (found && found->latest_handshake && *found->latest_handshake >= std::chrono::floor<seconds>(from))
      return true;
    tools.clock.sleep_for(tools.settings.look_every);
  }
  return false;
}

/// The outcome of a switch that did not work, after `back` was done: whether the old way works again.
Error undone(const RotationTools& tools, const Peer& old_far, const Result<void>& back, Error cause) {
  const auto works = back ? handshake(tools, old_far, tools.settings.verify_near) : Result<bool>{false};
  if (works && *works)
    return Error{Kind::unavailable, kRolledBack, fmt::format("the key stays as it was: {}", cause.what)};
  return Error{Kind::unavailable, kNotRolledBack,
               fmt::format("the tunnel is down: {}{}", cause.what,
                           back ? "" : fmt::format("; going back: {}", back.error().what))};
}

Error no_handshake(Duration patience) {
  return Error{Kind::timeout, fmt::format("no handshake with the new key in {} s", patience / seconds{1})};
}

Error half_done(const Error& cause) {
  return Error{cause.kind, kHalfDone, fmt::format("the new key is in use, and: {}", cause.what)};
}

void forget(const std::filesystem::path& key_file) {
  std::error_code ignored;
  std::filesystem::remove(key_file, ignored);
}

Peer& entry_of(PeersDocument& document, const PublicKey& key) {
  return *std::find_if(document.peers.begin(), document.peers.end(),
                       [&](const Peer& peer) { return peer.public_key == key; });
}

}  // namespace

Result<PublicKey> rotate_near(const RotationTools& tools, const Peer& far,
                              const std::filesystem::path& key_file) {
  const Secret old_key = TRY(load_private_key(key_file));
  const PublicKey old_public = TRY(public_key_of(old_key));
  const PeersDocument before = TRY(tools.publisher.peers(soon()));
  if (std::none_of(before.peers.begin(), before.peers.end(),
                   [&](const Peer& peer) { return peer.public_key == old_public; }))
    return Error{Kind::conflict, kWrongKey,
                 fmt::format("the gateway on AWS does not know our present key {}", old_public)};
  const KeyPair fresh = make_key_pair();
  const std::filesystem::path next = key_file.string() + ".next", old = key_file.string() + ".old";
  TRY(store_private_key(next, fresh.private_key));
  TRY(store_private_key(old, old_key));

  tools.say(fmt::format("the gateway on AWS is told our new key {}", fresh.public_key));
  PeersDocument overlap = before;
  Peer twin = entry_of(overlap, old_public);
  twin.public_key = fresh.public_key;
  overlap.peers.push_back(twin);
  if (auto told = tools.publisher.publish(overlap, soon()); !told) {
    forget(next);
    forget(old);
    return told.error();
  }
  tools.clock.sleep_for(tools.settings.settle);

  tools.say("this gateway switches to it");
  const auto switched = [&]() -> Result<void> {
    TRY(tools.device.set_private_key(fresh.private_key, soon()));
    if (!TRY(handshake(tools, far, tools.settings.verify_near)))
      return no_handshake(tools.settings.verify_near);
    return store_private_key(key_file, fresh.private_key);
  }();
  if (!switched) {
    tools.say("no handshake: this gateway goes back to the old key");
    auto back = tools.device.set_private_key(old_key, soon());
    Error outcome = undone(tools, far, back, switched.error());
    (void)tools.publisher.publish(before, soon());  // with both keys there the old one works as well
    forget(next);
    if (outcome.code == kRolledBack.id) forget(old);
    return outcome;
  }

  tools.say("the gateway on AWS forgets the old key");
  forget(next);
  PeersDocument after = before;
  // Without those that a rotation left there which was cut.
  std::erase_if(after.peers, [&](const Peer& peer) {
    return peer.allowed_ips == twin.allowed_ips && peer.public_key != old_public;
  });
  entry_of(after, old_public).public_key = fresh.public_key;
  if (auto told = tools.publisher.publish(after, soon()); !told) return half_done(told.error());
  forget(old);
  return fresh.public_key;
}

Result<PublicKey> rotate_far(const RotationTools& tools, const FarRotation& order) {
  const PeersDocument before = TRY(tools.publisher.peers(soon()));
  if (before.private_key == order.trial)
    return Error{Kind::conflict, kBadDocument, fmt::format("{} is in use already", order.trial)};
  const KeyPair fresh = make_key_pair();
  tools.say(fmt::format("a new key {} for the gateway on AWS", fresh.public_key));
  TRY(tools.publisher.store_key(order.trial, fresh.private_key, soon()));

  Peer twin = order.far;
  twin.public_key = fresh.public_key;
  Peer waiting = twin;
  waiting.allowed_ips.clear();  // until it shakes hands, the networks stay with the key in use
  TRY(tools.device.set_peer(waiting, soon()));

  tools.say("the gateway on AWS is told to use it");
  PeersDocument after = before;
  after.private_key = order.trial;
  const auto switched = [&]() -> Result<void> {
    TRY(tools.publisher.publish(after, soon()));
    if (!TRY(handshake(tools, waiting, tools.settings.verify_far)))
      return no_handshake(tools.settings.verify_far);
    TRY(tools.device.set_peer(twin, soon()));
    return tools.publisher.record_far_key(fresh.public_key);
  }();
  if (!switched) {
    tools.say("no handshake: the gateway on AWS is told to keep its old key");
    auto back = tools.publisher.publish(before, soon());
    if (auto removed = tools.device.remove_peer(fresh.public_key, soon()); !removed) back = removed;
    Error outcome = undone(tools, order.far, back, switched.error());
    (void)tools.publisher.remove_key(order.trial, soon());
    return outcome;
  }
  tools.say("this gateway forgets the old key");
  TRY(tools.device.remove_peer(order.far.public_key, soon()));
  after.private_key = order.usual;
  auto kept = tools.publisher.keep_far_key(fresh, soon());
  if (kept) kept = tools.publisher.publish(after, soon());
  if (!kept) return half_done(kept.error());
  // The gateway on AWS may still be about to read what it was told first.
  tools.clock.sleep_for(tools.settings.settle);
  for (const std::string& name : {order.trial, before.private_key})
    if (name != order.usual)
      if (auto removed = tools.publisher.remove_key(name, soon()); !removed)
        return half_done(removed.error());
  return fresh.public_key;
}

}  // namespace spillway::vpn
