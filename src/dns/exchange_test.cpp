#include "dns/exchange.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <functional>
#include <thread>

#include "base/file.h"
#include "dns/message.h"

namespace spillway::dns {
namespace {

using namespace std::chrono_literals;

/// A server that does one thing with each connection it gets.
class OddServer {
 public:
  explicit OddServer(std::vector<std::function<void(const Fd&)>> talks) : talks_(std::move(talks)) {
    listener_ = Fd{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_.get(), 8), 0);
    getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    name_ = fmt::format("127.0.0.1:{}", ntohs(address.sin_port));
    thread_ = std::thread([this] {
      for (const auto& talk : talks_) {
        const Fd fd{accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
        if (!fd.valid()) return;
        talk(fd);
      }
    });
  }
  ~OddServer() {
    shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  const std::string& name() const { return name_; }

 private:
  std::vector<std::function<void(const Fd&)>> talks_;
  Fd listener_;
  std::string name_;
  std::thread thread_;
};

/// Reads one message off the connection; empty when there is none.
std::string read_one(const Fd& fd) {
  std::array<unsigned char, 2> length;
  if (recv(fd.get(), length.data(), 2, MSG_WAITALL) != 2) return {};
  std::string message(static_cast<size_t>(length[0]) << 8 | length[1], '\0');
  recv(fd.get(), message.data(), message.size(), MSG_WAITALL);
  return message;
}
void write_one(const Fd& fd, const std::string& message) {
  std::string framed;
  put16(framed, static_cast<uint16_t>(message.size()));
  framed += message;
  for (const char byte : framed) send(fd.get(), &byte, 1, MSG_NOSIGNAL);  // answers come in any pieces
}
void until_it_hangs_up(const Fd& fd) {
  while (!read_one(fd).empty()) {
  }
}

std::vector<std::string> questions(int count) {
  std::vector<std::string> all;
  for (int i = 0; i < count; ++i) all.push_back(*write(Message{.id = static_cast<uint16_t>(i)}));
  return all;
}
Result<std::vector<std::string>> ask(const OddServer& server, int count, Duration patience = 20s) {
  TcpExchange exchange{server.name()};
  return exchange.send(questions(count), Deadline::after(patience));
}

TEST(TcpExchange, PutsAnswersInTheOrderOfTheirQuestions) {
  OddServer server({[](const Fd& fd) {
    std::vector<std::string> got;
    for (int i = 0; i < 3; ++i) got.push_back(read_one(fd));
    for (const int i : {2, 0, 1}) write_one(fd, got[static_cast<size_t>(i)]);
  }});
  EXPECT_EQ(ask(server, 3).value(), questions(3));
}

TEST(TcpExchange, KeepsManyUnderWayWithoutEverBlocking) {
  OddServer server({[](const Fd& fd) {
    for (std::string message; !(message = read_one(fd)).empty();) write_one(fd, message);
  }});
  EXPECT_EQ(ask(server, 500).value(), questions(500));
}

TEST(TcpExchange, AsksOnceMoreWhatAHangUpLeftOpen) {
  OddServer server({[](const Fd& fd) { write_one(fd, read_one(fd)); },
                    [](const Fd& fd) {
                      EXPECT_EQ(read_one(fd), questions(2)[1]);
                      write_one(fd, questions(2)[1]);
                    }});
  EXPECT_EQ(ask(server, 2).value(), questions(2));
}

TEST(TcpExchange, GivesUpOnAServerThatAlwaysHangsUp) {
  OddServer server({[](const Fd&) {}, [](const Fd&) {}});
  const auto answers = ask(server, 1);
  EXPECT_EQ(answers.error().kind, Kind::unavailable);
  EXPECT_EQ(answers.error().code, "SPW-DNS-010");
}

TEST(TcpExchange, ASilentServerCostsTheDeadline) {
  OddServer server({until_it_hangs_up});
  EXPECT_EQ(ask(server, 1, 50ms).error().code, "SPW-DNS-011");
}

TEST(TcpExchange, TakesNoAnswerToWhatWasNotAsked) {
  for (const std::string& answer : {*write(Message{.id = 77}), std::string("short")}) {
    OddServer server({[&](const Fd& fd) {
      read_one(fd);
      write_one(fd, answer);
      until_it_hangs_up(fd);
    }});
    EXPECT_EQ(ask(server, 1).error().code, "SPW-DNS-001");
  }
}

TEST(TcpExchange, NobodyListening) {
  std::string name;
  {
    OddServer gone({});
    name = gone.name();
  }
  TcpExchange exchange{name};
  EXPECT_EQ(exchange.send(questions(1), Deadline::after(5s)).error().code, "SPW-DNS-010");
  TcpExchange nameless{"no-such-host.invalid:53"};
  EXPECT_EQ(nameless.send(questions(1), Deadline::after(5s)).error().code, "SPW-DNS-010");
}

}  // namespace
}  // namespace spillway::dns
