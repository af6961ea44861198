#include "dns/tsig.h"

#include <gtest/gtest.h>

#include "dns/fake.h"
#include "dns/session.h"

namespace spillway::dns {
namespace {

Key key(Algorithm algorithm = Algorithm::hmac_sha256) {
  return {"spillway", algorithm, Secret{"0123456789abcdef0123456789abcdef"}};
}

TEST(Tsig, CoversEveryByte) {
  for (const Algorithm algorithm : {Algorithm::hmac_sha256, Algorithm::hmac_sha384, Algorithm::hmac_sha512}) {
    const auto made =
        sign(*write_question({"example.com", Type::soa}), key(algorithm), Tsig{.signed_at = 1'800'000'000})
            .value();
    const Message message = parse(made.bytes).value();
    const Tsig tsig = read_tsig(message).value();
    EXPECT_TRUE(verifies(made.bytes, message, tsig, key(algorithm)));
    EXPECT_FALSE(verifies(made.bytes, message, tsig, key(algorithm), made.mac))
        << "as an answer to something";
    for (size_t at = 0; at < made.bytes.size(); ++at) {
      std::string other = made.bytes;
      other[at] = static_cast<char>(other[at] ^ 1);
      const auto read = parse(other);
      if (!read || read->signature_at == 0) continue;
      const auto its = read_tsig(*read);
      // The id on the wire may be changed on the way (the original stands in the signature), and so may
      // nothing else but the case of a name.
      if (!its || at < 2) continue;
      EXPECT_FALSE(verifies(other, *read, *its, key(algorithm))) << "byte " << at;
    }
  }
}

/// Passes on, and changes what comes back.
class Meddler final : public Exchange {
 public:
  Meddler(Exchange& inner, std::function<void(std::string&)> meddle)
      : inner_(inner), meddle_(std::move(meddle)) {}
  Result<std::vector<std::string>> send(const std::vector<std::string>& messages, Deadline d) override {
    auto answers = inner_.send(messages, d);
    for (std::string& answer : *answers) meddle_(answer);
    return answers;
  }
  std::string peer() const override { return "meddler"; }

 private:
  Exchange& inner_;
  std::function<void(std::string&)> meddle_;
};

class SessionTest : public testing::Test {
 protected:
  void SetUp() override {
    server_.add_zone("example.com");
    server_.add_key(key());
  }
  Result<std::vector<Message>> ask(const std::function<void(std::string&)>& meddle) {
    Meddler meddler{server_, meddle};
    Session session{meddler, clock_, key()};
    return session.ask({*write_question({"example.com", Type::soa})}, Deadline::never());
  }
  ManualClock clock_;
  FakeNameServer server_{clock_};
};

TEST_F(SessionTest, TakesNoAnswerThatOurServerDidNotSign) {
  EXPECT_TRUE(ask([](std::string&) {}));
  const auto changed = ask([](std::string& bytes) { bytes[30] = static_cast<char>(bytes[30] ^ 1); });
  EXPECT_EQ(changed.error().code, "SPW-DNS-019");
  const auto bare = ask([](std::string& bytes) {
    const Message message = *parse(bytes);
    bytes.resize(message.signature_at);
    bytes[11] = 0;
  });
  EXPECT_EQ(bare.error().code, "SPW-DNS-019");
  std::string first;
  ASSERT_TRUE(ask([&](std::string& bytes) { first = bytes; }));
  clock_.advance(std::chrono::seconds{1});
  EXPECT_EQ(ask([&](std::string& bytes) { bytes = first; }).error().code, "SPW-DNS-019") << "a replayed one";
}

TEST_F(SessionTest, FollowsAServerWhoseClockIsOffButOnlyOnItsSignedWord) {
  server_.ahead = std::chrono::hours{1};
  Session session{server_, clock_, key()};
  ASSERT_TRUE(session.ask({*write_question({"example.com", Type::soa})}, Deadline::never()));
  EXPECT_EQ(session.clock_offset(), std::chrono::hours{1});
  const auto forged = ask([](std::string& bytes) { bytes.back() = static_cast<char>(bytes.back() ^ 1); });
  EXPECT_EQ(forged.error().code, "SPW-DNS-019");
}

TEST_F(SessionTest, TellsRefusalsByKind) {
  const struct {
    Rcode rcode;
    Kind kind;
    const char* code;
  } kCases[] = {
      {Rcode::refused, Kind::denied, "SPW-DNS-015"},    {Rcode::notauth, Kind::invalid, "SPW-DNS-016"},
      {Rcode::notzone, Kind::invalid, "SPW-DNS-016"},   {Rcode::servfail, Kind::unavailable, "SPW-DNS-017"},
      {Rcode::yxdomain, Kind::conflict, "SPW-DNS-018"}, {Rcode::nxrrset, Kind::conflict, "SPW-DNS-018"},
      {Rcode::formerr, Kind::internal, "SPW-DNS-020"}};
  for (const auto& each : kCases) {
    const Error error = rcode_error(each.rcode, "update", "ns");
    EXPECT_EQ(error.kind, each.kind) << to_string(each.rcode);
    EXPECT_EQ(error.code, each.code) << to_string(each.rcode);
    EXPECT_EQ(error.peer_code, to_string(each.rcode));
  }
}

}  // namespace
}  // namespace spillway::dns
