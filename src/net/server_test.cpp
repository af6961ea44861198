#include "net/server.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "net/curl_transport.h"

namespace spillway::net {
namespace {

Deadline soon() {
  return Deadline::after(std::chrono::seconds{10});
}

struct Served {
  explicit Served(Handler handler, ServerOptions options = {}) {
    auto started = Server::start(std::move(options), std::move(handler));
    EXPECT_TRUE(started) << started.error().what;
    if (started) server = *std::move(started);
  }
  std::string url(const std::string& target) const {
    return "http://127.0.0.1:" + std::to_string(server->port()) + target;
  }
  std::unique_ptr<Server> server;
  CurlTransport client;
};

Response echo(const Incoming& request) {
  return {
      200, {{"X-Method", request.method}, {"X-Peer", request.peer}}, request.target + "\n" + request.body};
}

TEST(Server, HandsOverTheTargetAsSent) {
  Served served(echo);
  auto answer = served.client.send({"POST", served.url("/a%2Fb/%7e?x=%20+&y"), {}, "body"}, soon());
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_EQ(answer->body, "/a%2Fb/%7e?x=%20+&y\nbody");
  EXPECT_EQ(*find_header(answer->headers, "x-peer"), "127.0.0.1");
}

TEST(Server, AnswersHeadWithTheLengthOfGet) {
  Served served([](const Incoming&) { return Response{200, {{"Content-Length", "12345"}}, ""}; });
  auto answer = served.client.send({"HEAD", served.url("/"), {}, ""}, soon());
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_EQ(*find_header(answer->headers, "content-length"), "12345");
}

TEST(Server, BoundsTheBody) {
  ServerOptions options;
  options.max_body = 1000;
  Served served(echo, options);
  auto fits = served.client.send({"PUT", served.url("/"), {}, std::string(1000, 'x')}, soon());
  ASSERT_TRUE(fits) << fits.error().what;
  EXPECT_EQ(fits->status, 200);
  auto large = served.client.send({"PUT", served.url("/"), {}, std::string(1001, 'x')}, soon());
  ASSERT_TRUE(large) << large.error().what;
  EXPECT_EQ(large->status, 413);
}

TEST(Server, CutsTheConnectionAtStatusZero) {
  Served served([](const Incoming&) { return Response{}; });
  EXPECT_FALSE(served.client.send({"GET", served.url("/"), {}, ""}, soon()));
}

TEST(Server, SaysThatAPortIsTaken) {
  Served served(echo);
  ServerOptions same;
  same.port = served.server->port();
  auto second = Server::start(same, echo);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "SPW-NET-010");
  EXPECT_EQ(second.error().kind, Kind::conflict);
}

TEST(Server, RefusesANonsenseCertificate) {
  ServerOptions options;
  options.certificate = options.key = "no PEM";
  auto started = Server::start(options, echo);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, "SPW-NET-012");
}

TEST(Server, AnswersSeveralSideBySide) {
  std::mutex mutex;
  std::condition_variable changed;
  int inside = 0;
  Served served([&](const Incoming&) {  // each waits until four are here: one by one they would never go on
    std::unique_lock lock(mutex);
    ++inside;
    changed.notify_all();
    bool met = changed.wait_for(lock, std::chrono::seconds{10}, [&] { return inside >= 4; });
    return Response{met ? 200 : 500, {}, ""};
  });
  std::vector<Request> requests(4, Request{"GET", served.url("/"), {}, ""});
  for (const auto& answer : served.client.send_all(requests, soon())) {
    ASSERT_TRUE(answer) << answer.error().what;
    EXPECT_EQ(answer->status, 200);
  }
}

}  // namespace
}  // namespace spillway::net
