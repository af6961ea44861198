#include "net/socket_exchange.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <thread>

#include "net/server.h"

namespace spillway::net {
namespace {

Deadline soon() {
  return Deadline::after(std::chrono::seconds{10});
}

/// Answers with fixed bytes, whatever is asked: one connection after the other, `answers` of them in all.
class Canned {
 public:
  explicit Canned(std::vector<std::string> answers) : answers_(std::move(answers)) {
    listener_ = Fd{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
    listen(listener_.get(), 8);
    socklen_t size = sizeof address;
    getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~Canned() { thread_.join(); }
  std::string url() const { return fmt::format("http://127.0.0.1:{}/x", port_); }

 private:
  void serve() {
    for (const std::string& answer : answers_) {
      const Fd fd{accept(listener_.get(), nullptr, nullptr)};
      char piece[4096];
      (void)!recv(fd.get(), piece, sizeof piece, 0);
      (void)!send(fd.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  }
  const std::vector<std::string> answers_;
  Fd listener_;
  uint16_t port_ = 0;
  std::thread thread_;
};

Result<Exchanged> get(const std::string& url, std::span<char> room = {}) {
  return SocketExchange().send({"GET", url}, {{}, room}, soon());
}

TEST(SocketExchange, CarriesBodiesBothWaysOverOneConnection) {
  auto server = *Server::start({}, [](const Incoming& in) {
    return Response{200, {}, in.method + in.target + in.body};
  });
  SocketExchange exchange;
  const std::string url = fmt::format("http://127.0.0.1:{}/a%2Fb?c=d", server->port());
  for (const size_t size : {0U, 5U, 70'000U, 3'000'000U}) {
    const std::string body(size, 'x');
    std::string room(size + 100, '\0');
    const auto got = exchange.send({"PUT", url}, {body, room}, soon());
    ASSERT_TRUE(got) << got.error().what;
    EXPECT_EQ(room.substr(0, got->placed), "PUT/a%2Fb?c=d" + body);
  }
}

TEST(SocketExchange, PutsOnlyGoodAnswersIntoTheRoom) {
  auto server = *Server::start({}, [](const Incoming&) { return Response{404, {}, "why"}; });
  std::string room(100, '-');
  const auto got = get(fmt::format("http://127.0.0.1:{}/", server->port()), room);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->response.body, "why");
  EXPECT_EQ(room, std::string(100, '-'));
}

TEST(SocketExchange, ReadsChunksAndAnswersWithoutALength) {
  Canned server(
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: "
       "chunked\r\n\r\n4\r\nabcd\r\n3;x=y\r\nefg\r\n0\r\nT: 1\r\n\r\n",
       "HTTP/1.0 200 OK\r\n\r\nuntil the end"});
  EXPECT_EQ(get(server.url())->response.body, "abcdefg");
  std::string room(100, '\0');
  const auto got = get(server.url(), room);
  ASSERT_TRUE(got);
  EXPECT_EQ(room.substr(0, got->placed), "until the end");
}

TEST(SocketExchange, SaysWhatIsWrongWithAnAnswer) {
  Canned server({"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "nonsense\r\n\r\n", "",
                 "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
                 "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"});
  std::string room(100, '\0');
  EXPECT_EQ(get(server.url(), room).error().kind, Kind::unavailable) << "shorter than it said";
  EXPECT_EQ(get(server.url(), room).error().kind, Kind::unavailable) << "no HTTP";
  EXPECT_EQ(get(server.url(), room).error().kind, Kind::unavailable) << "cut";
  EXPECT_EQ(get(server.url(), room).error().code, "SPW-NET-004") << "larger than its room";
  EXPECT_FALSE(get(server.url(), room));
  EXPECT_EQ(get("http://127.0.0.1:1/").error().code, "SPW-NET-020");
  EXPECT_EQ(get("ftp://x/").error().kind, Kind::invalid);
}

TEST(SocketExchange, TellsARefusalInTheMiddleOfABody) {
  Canned server({"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\nConnection: close\r\n\r\nno!!"});
  const std::string body(1000, 'x');
  const auto got = SocketExchange().send({"PUT", server.url()}, {body, {}}, soon());
  ASSERT_TRUE(got) << got.error().what;
  EXPECT_EQ(got->response.status, 403);
}

TEST(SocketExchange, TriesAgainWhenAKeptConnectionWasClosed) {
  Canned server(
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2"});
  SocketExchange exchange;
  for (const char* want : {"1", "2"}) {
    const auto got = exchange.send({"GET", server.url()}, {}, soon());
    ASSERT_TRUE(got) << got.error().what;
    EXPECT_EQ(got->response.body, want);
  }
}

TEST(SocketExchange, RefusesAfterAnInterruption) {
  SocketExchange exchange;
  exchange.interrupt();
  auto server = *Server::start({}, [](const Incoming&) { return Response{200, {}, ""}; });
  EXPECT_EQ(
      exchange.send({"GET", fmt::format("http://127.0.0.1:{}/", server->port())}, {}, soon()).error().kind,
      Kind::interrupted);
}

TEST(Target, IsReadFromUrls) {
  const auto one = *target_of("https://host.test:443/a?b");
  EXPECT_EQ(one.origin, (Origin{true, "host.test", 443}));
  EXPECT_EQ(one.authority, "host.test");
  EXPECT_EQ(one.path_and_query, "/a?b");
  const auto six = *target_of("http://[::1]:8080");
  EXPECT_EQ(six.origin, (Origin{false, "::1", 8080}));
  EXPECT_EQ(six.authority, "[::1]:8080");
  EXPECT_EQ(six.path_and_query, "/");
  for (const char* bad : {"", "host/", "http://", "http://h:0/", "http://h:x/", "http://h:99999/"})
    EXPECT_FALSE(target_of(bad)) << bad;
}

}  // namespace
}  // namespace spillway::net
