#include "emu/standalone.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <regex>
#include <thread>

#include "base/file.h"
#include "emu/test_client.h"
#include "net/curl_transport.h"

namespace spillway::emu {
namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/spillway-emu-XXXXXX";
    path = mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

/// Runs serve() on a thread of its own; `act` gets the endpoint; then SIGTERM, as an operator would end it.
Result<int> run(StandaloneOptions options, const std::function<void(const std::string& endpoint)>& act) {
  std::promise<std::string> printed;
  options.print = [&](const std::string& text) { printed.set_value(text); };
  sigset_t term;  // the thread that waits takes it, no other may
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &term, nullptr);
  std::future<Result<int>> served = std::async(std::launch::async, [&] { return serve(options); });
  std::smatch url;
  std::string text = printed.get_future().get();
  EXPECT_TRUE(std::regex_search(text, url, std::regex("endpoint (http://\\S+)")));
  EXPECT_NE(text.find("SIMULATED AWS: nothing is billed"), std::string::npos);
  act(url[1]);
  kill(getpid(), SIGTERM);
  auto result = served.get();
  pthread_sigmask(SIG_UNBLOCK, &term, nullptr);
  return result;
}

/// The answer to a signed request over the network.
net::Response ask(const std::string& endpoint, const std::string& method, const std::string& target,
                  const std::string& body = "") {
  SystemClock clock;
  Aws unused{{}, clock};
  net::Incoming made = Caller{unused, clock}.sign({method, target, {}, body, ""}, "s3");
  net::CurlTransport transport;
  auto answer = transport.send({method, endpoint + target, made.headers, body},
                               Deadline::after(std::chrono::seconds{10}));
  EXPECT_TRUE(answer) << answer.error().what;
  return answer ? *answer : net::Response{};
}

TEST(Standalone, KeepsItsStateFromRunToRun) {
  Folder folder;
  StandaloneOptions options;
  options.state = folder.path / "kept";
  auto first = run(options, [](const std::string& endpoint) {
    EXPECT_EQ(ask(endpoint, "PUT", "/slurm-burst-data/k", "still here").status, 200);
  });
  EXPECT_EQ(first.value_or(-1), 0);
  auto second = run(options, [](const std::string& endpoint) {
    EXPECT_EQ(ask(endpoint, "GET", "/slurm-burst-data/k").body, "still here");
  });
  EXPECT_EQ(second.value_or(-1), 0);
}

TEST(Standalone, TellsWhatIsWrongBeforeItServes) {
  Folder folder;
  auto refusal = [&](StandaloneOptions options) {
    options.print = [](const std::string&) { ADD_FAILURE() << "it serves"; };
    auto served = serve(options);
    return served ? "" : served.error().code + ": " + served.error().what;
  };
  StandaloneOptions options;
  options.listen = "4566";
  EXPECT_EQ(refusal(options), "SPW-EMU-001: cannot listen on '4566'");
  options.listen = "127.0.0.1:0";
  options.faults = folder.path / "faults.json";
  std::ofstream(options.faults) << R"([{"effect": "eror"}])";
  EXPECT_THAT(refusal(options), ::testing::HasSubstr("SPW-EMU-002"));
  EXPECT_THAT(refusal(options), ::testing::HasSubstr("[0].effect: unknown effect 'eror'"));
  options.faults.clear();
  options.state = folder.path;
  std::ofstream(folder.path / "state.json") << "{";
  EXPECT_THAT(refusal(options), ::testing::HasSubstr("SPW-EMU-004"));
}

}  // namespace
}  // namespace spillway::emu
