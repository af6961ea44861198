#include "net/curl_transport.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <functional>
#include <mutex>
#include <thread>

#include "base/file.h"
#include "base/text.h"

namespace spillway::net {
namespace {

// A server on loopback, a thread per connection: reads a request, answers with what `handler` says. An empty
// answer means silence until the client goes.
class Server {
 public:
  using Handler = std::function<std::string(const std::string& head, const std::string& body)>;

  explicit Server(Handler handler)
      : handler_(std::move(handler)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(::listen(listener_.get(), 64), 0);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~Server() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    acceptor_.join();
    for (const Fd& connection : connections_) ::shutdown(connection.get(), SHUT_RDWR);
    for (std::thread& worker : workers_) worker.join();
  }
  std::string url(const std::string& target) const {
    return fmt::format("http://127.0.0.1:{}{}", port_, target);
  }
  size_t connections() const { return accepted_; }

 private:
  void accept_all() {
    for (int fd; (fd = ::accept(listener_.get(), nullptr, nullptr)) >= 0;) {
      ++accepted_;
      connections_.emplace_back(fd);
      workers_.emplace_back([this, fd] { serve(fd); });
    }
  }
  void serve(int fd) {
    std::string pending;
    char buffer[65536];
    for (ssize_t got; (got = ::read(fd, buffer, sizeof buffer)) > 0;) {
      pending.append(buffer, got);
      const size_t end = pending.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      const std::string head = pending.substr(0, end + 2);
      size_t length = 0;
      if (const size_t at = to_lower(head).find("content-length:"); at != std::string::npos)
        length = std::stoul(head.substr(at + 15));
      if (pending.size() < end + 4 + length) continue;
      const std::string answer = handler_(head, pending.substr(end + 4, length));
      pending.erase(0, end + 4 + length);
      if (!answer.empty() && ::write(fd, answer.data(), answer.size()) < 0) return;
      if (answer.find("Connection: close") != std::string::npos) ::shutdown(fd, SHUT_RDWR);
    }
  }

  Handler handler_;
  Fd listener_;
  int port_ = 0;
  std::atomic<size_t> accepted_ = 0;
  std::vector<Fd> connections_;
  std::vector<std::thread> workers_;
  std::thread acceptor_;
};

std::string answer(int status, const std::string& body, const std::string& headers = "") {
  return fmt::format("HTTP/1.1 {} Some\r\nContent-Length: {}\r\n{}\r\n{}", status, body.size(), headers,
                     body);
}

std::string echo(const std::string& head, const std::string& body) {
  return answer(200, head + "|" + body);
}

Deadline soon() {
  return Deadline::after(std::chrono::seconds{20});
}

TEST(CurlTransport, SendsWhatItWasGivenAndAddsNothingOfItsOwn) {
  Server server(echo);
  CurlTransport transport;
  const auto got = transport.send(
      {"PUT", server.url("/a/../b%20c?x=1&y"), {{"X-One", "1"}, {"X-Empty", ""}}, "body"}, soon());
  ASSERT_TRUE(got) << to_string(got.error());
  EXPECT_THAT(got->body, testing::StartsWith("PUT /a/../b%20c?x=1&y HTTP/1.1\r\n"));
  EXPECT_THAT(got->body, testing::HasSubstr("X-One: 1\r\n"));
  EXPECT_THAT(got->body, testing::HasSubstr("X-Empty:\r\n"));
  EXPECT_THAT(got->body, testing::EndsWith("|body"));
  EXPECT_THAT(to_lower(got->body), testing::Not(testing::HasSubstr("content-type")));
  EXPECT_THAT(to_lower(got->body), testing::Not(testing::HasSubstr("expect")));
}

TEST(CurlTransport, GivesStatusHeadersAndBinaryBodies) {
  const std::string bytes("\0\1\xff", 3);
  Server server([&](auto&, auto&) { return answer(418, bytes, "ETag:  \"x\" \r\nX-Two: a:b\r\n"); });
  CurlTransport transport;
  const auto got = transport.send({"GET", server.url("/")}, soon());
  ASSERT_TRUE(got);
  EXPECT_EQ(got->status, 418);
  EXPECT_EQ(got->body, bytes);
  EXPECT_EQ(*find_header(got->headers, "etag"), "\"x\"");
  EXPECT_EQ(*find_header(got->headers, "x-two"), "a:b");
}

TEST(CurlTransport, KeepsItsConnection) {
  Server server(echo);
  CurlTransport transport;
  for (const char* method : {"GET", "POST", "DELETE", "PUT"})
    ASSERT_TRUE(transport.send({method, server.url("/")}, soon())) << method;
  EXPECT_EQ(server.connections(), 1u);
}

TEST(CurlTransport, HasSeveralRequestsInFlightAndAnswersInTheirOrder) {
  std::barrier all(8);  // nobody is answered before all eight have arrived
  Server server([&](auto& head, auto&) {
    all.arrive_and_wait();
    return answer(200, head.substr(5, 1));
  });
  CurlTransport transport;
  std::vector<Request> requests;
  for (int i = 0; i < 8; ++i) requests.push_back({"GET", server.url(fmt::format("/{}", i))});
  const auto answers = transport.send_all(requests, soon());
  ASSERT_EQ(answers.size(), 8u);
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(answers[i]) << to_string(answers[i].error());
    EXPECT_EQ(answers[i]->body, std::to_string(i));
  }
}

TEST(CurlTransport, KeepsToTheLimitOfRequestsInFlight) {
  std::atomic<int> now = 0, most = 0;
  Server server([&](auto&, auto&) {
    const int seen = ++now;
    for (int before = most; seen > before && !most.compare_exchange_weak(before, seen);) {
    }
    --now;
    return answer(200, "");
  });
  CurlTransport transport({.max_in_flight = 3});
  for (const auto& got : transport.send_all(std::vector<Request>(20, {"GET", server.url("/")}), soon()))
    EXPECT_TRUE(got);
  EXPECT_LE(server.connections(), 3u);
  EXPECT_LE(most, 3);
}

TEST(CurlTransport, GivesUpAtTheDeadlineOnlyOnWhatIsSilent) {
  Server server([&](auto& head, auto&) { return head.starts_with("GET /silent") ? "" : answer(200, "ok"); });
  CurlTransport transport;
  const auto answers = transport.send_all({{"GET", server.url("/silent")}, {"GET", server.url("/")}},
                                          Deadline::after(std::chrono::milliseconds{300}));
  ASSERT_FALSE(answers[0]);
  EXPECT_EQ(answers[0].error().kind, Kind::timeout);
  EXPECT_TRUE(answers[1]);
  EXPECT_EQ(transport.send({"GET", server.url("/")}, Deadline::after(Duration{0})).error().kind,
            Kind::timeout);
}

TEST(CurlTransport, GivesUpASilentPeerLongBeforeTheDeadline) {
  Server server([&](auto&, auto&) { return std::string(); });
  const Deadline late = Deadline::after(std::chrono::seconds{50});
  const auto answer =
      CurlTransport({.silence = std::chrono::seconds{1}}).send({"GET", server.url("/")}, late);
  EXPECT_EQ(answer.error().kind, Kind::timeout);
  EXPECT_FALSE(late.expired());
}

TEST(CurlTransport, HeadHasNoBodyToWaitFor) {
  Server server([](auto&, auto&) { return std::string("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"); });
  CurlTransport transport;
  const auto got = transport.send({"HEAD", server.url("/")}, soon());
  ASSERT_TRUE(got) << to_string(got.error());
  EXPECT_EQ(*find_header(got->headers, "Content-Length"), "5000");
}

TEST(CurlTransport, ACutOrAbsentServerIsUnavailable) {
  Server server([](auto&, auto&) {
    return std::string("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nhalf");
  });
  CurlTransport transport;
  EXPECT_EQ(transport.send({"GET", server.url("/")}, soon()).error().code, "SPW-NET-001");
  EXPECT_EQ(transport.send({"GET", "http://127.0.0.1:1/"}, soon()).error().kind, Kind::unavailable);
  EXPECT_EQ(transport.send({"GET", "http://127.0.0.1:1/"}, soon()).error().code, "SPW-NET-001");
  EXPECT_EQ(transport.send({"GET", "file:///etc/passwd"}, soon()).error().kind, Kind::unavailable);
}

TEST(CurlTransport, AnAnswerBeyondTheLimitFails) {
  Server server([](auto&, auto&) { return answer(200, std::string(5000, 'x')); });
  EXPECT_EQ(CurlTransport({.max_body = 4999}).send({"GET", server.url("/")}, soon()).error().code,
            "SPW-NET-004");
  EXPECT_TRUE(CurlTransport({.max_body = 5000}).send({"GET", server.url("/")}, soon()));
}

TEST(CurlTransport, ServesSeveralThreads) {
  Server server(echo);
  CurlTransport transport;
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        for (int n = 0; n < 5; ++n)
          good += transport.send({"POST", server.url("/"), {}, "x"}, soon()).has_value();
      });
  }
  EXPECT_EQ(good, 20);
}

}  // namespace
}  // namespace spillway::net
