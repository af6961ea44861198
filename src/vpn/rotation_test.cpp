#include "vpn/rotation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "vpn/fake_device.h"
#include "vpn/key_file.h"
#include "vpn/samples.h"

namespace spillway::vpn {
namespace {

using namespace std::chrono_literals;

Deadline soon() {
  return Deadline::after(5s);
}

const std::string kUsual = "/spillway/x/gateway/private-key";

/// The gateway on AWS as it follows what is published: at its next look, not at once.
class FakeFar final : public Publisher {
 public:
  FakeFar(Clock& clock, PeersDocument document, const KeyPair& own)
      : clock_(clock), document_(std::move(document)), keys_{{document_.private_key, own.private_key}} {
    history_.push_back({clock.now() - 1h, document_});
  }
  Result<PeersDocument> peers(Deadline) override { return document_; }
  Result<void> publish(const PeersDocument& document, Deadline) override {
    if (refuse_publish && --*refuse_publish < 0) return Error{Kind::unavailable, "no bucket"};
    document_ = document;
    history_.push_back({clock_.now(), document});
    return {};
  }
  Result<void> store_key(const std::string& parameter, const Secret& key, Deadline) override {
    keys_[parameter] = key;
    return {};
  }
  Result<void> remove_key(const std::string& parameter, Deadline) override {
    keys_.erase(parameter);
    return {};
  }
  Result<void> record_far_key(const PublicKey& key) override {
    if (refuse_record) return Error{Kind::io, "the disk is full"};
    recorded = key;
    return {};
  }
  Result<void> keep_far_key(const KeyPair& pair, Deadline) override {
    if (refuse_keep) return Error{Kind::denied, "may not"};
    keys_[kUsual] = pair.private_key;
    kept = pair.public_key;
    return {};
  }
  /// Whether it answers an initiation of `near` that is meant for `peer`.
  bool answers(const PublicKey& near, const PublicKey& peer) const {
    const PeersDocument* used = nullptr;
    for (const auto& [at, document] : history_)
      if (clock_.now() - at >= 5s || (used == nullptr)) used = &document;
    const auto own = keys_.find(used->private_key);
    return own != keys_.end() && public_key_of(own->second).value() == peer &&
           std::any_of(used->peers.begin(), used->peers.end(),
                       [&](const Peer& p) { return p.public_key == near; });
  }
  const std::map<std::string, Secret>& keys() const { return keys_; }
  const PeersDocument& document() const { return document_; }
  std::optional<int> refuse_publish;  // after so many
  bool refuse_record = false, refuse_keep = false;
  std::optional<PublicKey> recorded, kept;

 private:
  Clock& clock_;
  PeersDocument document_;
  std::map<std::string, Secret> keys_;
  std::vector<std::pair<Time, PeersDocument>> history_;
};

class RotationTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/spillway-rotate-XXXXXX";
    folder_ = mkdtemp(name.data());
    ASSERT_TRUE(store_private_key(file(), near_.private_key));
    VpnSite site = samples::site();
    site.aws_key = far_.public_key;
    peer_ = far_peers(site).value().at(0);
    publisher_.emplace(clock_, peers_document(site, near_.public_key, kUsual).value(), far_);
    device_.far_answers = [&](const PublicKey& own, const Peer& peer) {
      return !cut_ && publisher_->answers(own, peer.public_key);
    };
    ASSERT_TRUE(device_.set_private_key(near_.private_key, soon()));
    ASSERT_TRUE(device_.set_peer(peer_, soon()));
    ASSERT_TRUE(device_.exchange());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path file() const { return folder_ / "wg"; }
  RotationTools tools() {
    return {device_, *publisher_, clock_, [this](const std::string& step) { steps_.push_back(step); }};
  }
  PublicKey near_now() { return public_key_of(load_private_key(file()).value()).value(); }

  ManualClock clock_;
  FakeDevice device_{clock_};
  KeyPair near_ = make_key_pair(), far_ = make_key_pair();
  Peer peer_;
  std::optional<FakeFar> publisher_;
  bool cut_ = false;
  std::filesystem::path folder_;
  std::vector<std::string> steps_;
};

TEST_F(RotationTest, ExchangesOurKey) {
  const auto fresh = rotate_near(tools(), peer_, file());
  ASSERT_TRUE(fresh) << fresh.error().what;
  EXPECT_EQ(near_now(), *fresh);
  EXPECT_EQ(device_.show(soon())->public_key, *fresh);
  ASSERT_EQ(publisher_->document().peers.size(), 1u);
  EXPECT_EQ(publisher_->document().peers[0].public_key, *fresh);
  for (const char* ending : {".old", ".next"})
    EXPECT_FALSE(std::filesystem::exists(file().string() + ending)) << ending;
  EXPECT_TRUE(device_.exchange());
}

TEST_F(RotationTest, KeepsOurKeyWhenTheFarSideDoesNotTakeTheNewOne) {
  device_.far_answers = [&](const PublicKey& own, const Peer&) { return own == near_.public_key; };
  const auto fresh = rotate_near(tools(), peer_, file());
  ASSERT_FALSE(fresh);
  EXPECT_EQ(fresh.error().code, "SPW-VPN-012") << fresh.error().what;
  EXPECT_EQ(near_now(), near_.public_key);
  EXPECT_EQ(publisher_->document().peers.size(), 1u);
  EXPECT_EQ(publisher_->document().peers[0].public_key, near_.public_key);
  EXPECT_TRUE(device_.exchange());
}

TEST_F(RotationTest, SaysWhenNeitherKeyWorks) {
  cut_ = true;
  const auto fresh = rotate_near(tools(), peer_, file());
  ASSERT_FALSE(fresh);
  EXPECT_EQ(fresh.error().code, "SPW-VPN-013");
  EXPECT_EQ(near_now(), near_.public_key);
}

TEST_F(RotationTest, ChangesNothingWhenItCannotPublish) {
  publisher_->refuse_publish = 0;
  EXPECT_EQ(rotate_near(tools(), peer_, file()).error().what, "no bucket");
  EXPECT_FALSE(std::filesystem::exists(file().string() + ".next"));
  EXPECT_EQ(near_now(), near_.public_key);
  EXPECT_TRUE(device_.exchange());
}

TEST_F(RotationTest, RefusesToBeginFromAnUnknownKey) {
  ASSERT_TRUE(store_private_key(file(), make_private_key()));
  EXPECT_EQ(rotate_near(tools(), peer_, file()).error().code, "SPW-VPN-020");
}

TEST_F(RotationTest, EndsWhatAnotherRotationOfOursLeftHalfDone) {
  PeersDocument half = publisher_->document();
  half.peers.push_back(half.peers[0]);
  half.peers[1].public_key = samples::kStandbyKey;
  ASSERT_TRUE(publisher_->publish(half, soon()));
  const auto fresh = rotate_near(tools(), peer_, file());
  ASSERT_TRUE(fresh) << fresh.error().what;
  ASSERT_EQ(publisher_->document().peers.size(), 1u);
  EXPECT_EQ(publisher_->document().peers[0].public_key, *fresh);
}

TEST_F(RotationTest, SaysThatOurOldKeyIsStillKnown) {
  publisher_->refuse_publish = 1;  // the second time, when the new key is in use
  EXPECT_EQ(rotate_near(tools(), peer_, file()).error().code, "SPW-VPN-016");
  EXPECT_NE(near_now(), near_.public_key);
  EXPECT_TRUE(device_.exchange());
}

TEST_F(RotationTest, ExchangesTheirKey) {
  const auto fresh = rotate_far(tools(), {peer_, kUsual, kUsual + "-2"});
  ASSERT_TRUE(fresh) << fresh.error().what;
  EXPECT_EQ(publisher_->recorded, *fresh);
  EXPECT_EQ(publisher_->kept, *fresh);
  EXPECT_EQ(publisher_->keys().size(), 1u);
  EXPECT_EQ(publisher_->document().private_key, kUsual);
  const auto state = device_.show(soon()).value();
  ASSERT_EQ(state.peers.size(), 1u);
  EXPECT_EQ(state.peers[0].public_key, *fresh);
  EXPECT_EQ(state.peers[0].allowed_ips, peer_.allowed_ips);
  EXPECT_TRUE(device_.exchange());
}

TEST_F(RotationTest, KeepsTheirKeyWhenTheyDoNotTakeTheNewOne) {
  device_.far_answers = [&](const PublicKey&, const Peer& peer) {
    return peer.public_key == far_.public_key;
  };
  const auto fresh = rotate_far(tools(), {peer_, kUsual, kUsual + "-2"});
  ASSERT_FALSE(fresh);
  EXPECT_EQ(fresh.error().code, "SPW-VPN-012");
  EXPECT_EQ(publisher_->document().private_key, kUsual);
  EXPECT_EQ(publisher_->keys().size(), 1u);
  EXPECT_FALSE(publisher_->recorded);
  ASSERT_EQ(device_.show(soon())->peers.size(), 1u);
  EXPECT_TRUE(device_.exchange());
}

TEST_F(RotationTest, GoesBackWhenTheNewKeyOfTheirsCannotBeRecorded) {
  publisher_->refuse_record = true;
  EXPECT_EQ(rotate_far(tools(), {peer_, kUsual, kUsual + "-2"}).error().code, "SPW-VPN-012");
  EXPECT_EQ(publisher_->document().private_key, kUsual);
  const auto state = device_.show(soon()).value();
  ASSERT_EQ(state.peers.size(), 1u);
  EXPECT_EQ(state.peers[0].public_key, far_.public_key);
  EXPECT_EQ(state.peers[0].allowed_ips, peer_.allowed_ips);
  EXPECT_TRUE(device_.exchange());
}

TEST_F(RotationTest, ATheirKeyThatCouldNotBeKeptWorksAndTheNextRotationEndsIt) {
  publisher_->refuse_keep = true;
  EXPECT_EQ(rotate_far(tools(), {peer_, kUsual, kUsual + "-2"}).error().code, "SPW-VPN-016");
  ASSERT_TRUE(publisher_->recorded);  // what the monitor goes by
  EXPECT_EQ(publisher_->document().private_key, kUsual + "-2");
  EXPECT_TRUE(device_.exchange());
  publisher_->refuse_keep = false;
  peer_.public_key = *publisher_->recorded;
  const auto fresh = rotate_far(tools(), {peer_, kUsual, kUsual + "-3"});
  ASSERT_TRUE(fresh) << fresh.error().what;
  EXPECT_EQ(publisher_->keys().size(), 1u);
  EXPECT_EQ(publisher_->document().private_key, kUsual);
  EXPECT_EQ(device_.show(soon())->peers.size(), 1u);
  EXPECT_TRUE(device_.exchange());
}

}  // namespace
}  // namespace spillway::vpn
