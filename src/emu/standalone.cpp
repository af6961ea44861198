#include "emu/standalone.h"

#include <signal.h>

#include "base/file.h"
#include "base/text.h"
#include "emu/aws.h"
#include "net/server.h"

namespace spillway::emu {
namespace {

constexpr Code kBadAddress{"SPW-EMU-001", "the address is not HOST:PORT with a numeric host",
                           "write it as 127.0.0.1:4566 or [::1]:4566"};
constexpr Code kBadFaults{"SPW-EMU-002", "the rules are not as the manual of lab aws shows",
                          "correct the rule named"};
constexpr Code kBadSeed{"SPW-EMU-003", "the seed is not as the manual of lab aws shows",
                        "correct the member named"};
constexpr Code kBadState{"SPW-EMU-004", "state.json was not written by this emulator, or was damaged",
                         "move it away to begin anew"};
constexpr size_t kMaxState = size_t{1} << 30;  // bytes
constexpr auto kSaveEvery = std::chrono::seconds{10};

struct Listen {
  std::string host;
  uint16_t port = 0;
};

Result<Listen> parse_listen(const std::string& text) {
  size_t colon = text.rfind(':');
  auto port = colon == std::string::npos ? std::nullopt : parse_int(std::string_view(text).substr(colon + 1));
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (!port || *port < 0 || *port > 65535 || host.empty())
    return Error{Kind::invalid, kBadAddress, fmt::format("cannot listen on '{}'", text)};
  return Listen{host, static_cast<uint16_t>(*port)};
}

Result<Json> read_json(const std::filesystem::path& path, const Code& code) {
  auto json = Json::parse(TRY(read_file(path, kMaxState)));
  if (!json) return Error{Kind::invalid, code, fmt::format("{}: {}", path.string(), json.error().what)};
  return json;
}

/// The same failure under our code, with the file named.
Result<void> told(Result<void> result, const Code& code, const std::filesystem::path& path) {
  if (result) return {};
  return Error{Kind::invalid, code, fmt::format("{}: {}", path.string(), result.error().what)};
}

/// Fills the account from the kept state, or else from the seed.
Result<void> fill(Aws& aws, const StandaloneOptions& options) {
  if (!options.state.empty()) {
    const auto file = options.state / "state.json";
    std::error_code ignored;
    std::filesystem::create_directories(options.state, ignored);
    if (std::filesystem::exists(file, ignored))
      return told(aws.restore(TRY(read_json(file, kBadState))), kBadState, file);
  }
  if (options.seed.empty()) return aws.seed(example_seed());
  return told(aws.seed(TRY(read_json(options.seed, kBadSeed))), kBadSeed, options.seed);
}

class Keeper {  // writes the state when it has changed
 public:
  Keeper(const Aws& aws, std::filesystem::path folder) : aws_(aws), folder_(std::move(folder)) {}
  Result<void> save() {
    if (folder_.empty()) return {};
    std::string state = aws_.snapshot().dump();
    if (state == saved_) return {};
    TRY(write_file_atomically(folder_ / "state.json", state, 0600));  // it holds secrets, even if simulated
    saved_ = std::move(state);
    return {};
  }

 private:
  const Aws& aws_;
  std::filesystem::path folder_;
  std::string saved_;
};

net::ServerOptions server_options(const Listen& listen) {
  net::ServerOptions options;
  options.address = listen.host;
  options.port = listen.port;
  options.max_body = size_t{1} << 30;
  return options;
}

std::string url_of(const Listen& listen, uint16_t port) {
  return listen.host.find(':') == std::string::npos ? fmt::format("http://{}:{}", listen.host, port)
                                                    : fmt::format("http://[{}]:{}", listen.host, port);
}

void introduce(const StandaloneOptions& options, const std::string& url, const std::string& metadata) {
  std::string text = fmt::format("SIMULATED AWS: nothing is billed\nendpoint {}\n", url);
  if (!metadata.empty()) text += fmt::format("metadata {}\n", metadata);
  if (options.seed.empty())
    text +=
        "AWS_ACCESS_KEY_ID=AKIASPILLWAYEXAMPLE1\n"
        "AWS_SECRET_ACCESS_KEY=spillway-example-secret-key-0000000000001\n"
        "AWS_DEFAULT_REGION=us-east-1\n";
  if (options.print) return options.print(text);
  fmt::print("{}", text);
  std::fflush(stdout);
}

struct BlockedSignals {  // so that no thread is interrupted, and the loop below can wait for them
  BlockedSignals() {
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, &before);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }
  sigset_t set, before;
};

}  // namespace

Result<int> serve(const StandaloneOptions& options) {
  const Listen listen = TRY(parse_listen(options.listen));
  const Listen metadata = options.metadata.empty() ? Listen{} : TRY(parse_listen(options.metadata));
  SystemClock clock;
  Settings settings;
  settings.latency = options.latency;
  settings.boot_delay = options.boot_delay;
  settings.shutdown_delay = options.shutdown_delay;
  settings.loopback_is_secure = true;  // it has no certificate, and buckets take TLS only
  Aws aws{settings, clock};
  TRY(fill(aws, options));
  if (!options.faults.empty())
    TRY(told(aws.set_faults(TRY(read_json(options.faults, kBadFaults))), kBadFaults, options.faults));
  BlockedSignals signals;
  auto server = TRY(net::Server::start(server_options(listen),
                                       [&](const net::Incoming& request) { return aws.handle(request); }));
  std::unique_ptr<net::Server> metadata_server;
  if (!options.metadata.empty())
    metadata_server = TRY(net::Server::start(server_options(metadata), [&](const net::Incoming& request) {
      return aws.handle_metadata(request);
    }));
  introduce(options, url_of(listen, server->port()),
            metadata_server ? url_of(metadata, metadata_server->port()) : "");
  Keeper keeper(aws, options.state);
  TRY(keeper.save());  // a folder that cannot be written is told at once
  for (Time last = clock.now();;) {
    const timespec second{1, 0};
    if (sigtimedwait(&signals.set, nullptr, &second) > 0) break;
    aws.advance();
    if (clock.now() - last < kSaveEvery) continue;
    last = clock.now();
    TRY(keeper.save());
  }
  server->stop();
  if (metadata_server) metadata_server->stop();
  TRY(keeper.save());
  return 0;
}

}  // namespace spillway::emu
