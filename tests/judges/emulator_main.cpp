// The emulator for judges that know nothing of our sources: argv[1] is a JSON document
//   {"seed": {…}, "faults": […], "boot_ms": 0, "shutdown_ms": 0, "latency_ms": 0, "region": "us-east-1",
//    "certificate": PEM, "key": PEM}
// Without "seed" it is the example seed. Prints {"api": PORT, "metadata": PORT} on one line, then serves
// until its standard input ends, so that it cannot outlive its judge.
#include <unistd.h>

#include <cstdio>

#include "emu/aws.h"
#include "net/server.h"

namespace {

using namespace spillway;

Result<int> serve(const std::string& text) {
  const Json options = TRY(Json::parse(text));
  SystemClock clock;
  emu::Settings settings;
  settings.boot_delay = std::chrono::milliseconds{options["boot_ms"].as_int()};
  settings.shutdown_delay = std::chrono::milliseconds{options["shutdown_ms"].as_int()};
  settings.latency = std::chrono::milliseconds{options["latency_ms"].as_int()};
  if (options.contains("region")) settings.region = options["region"].as_string();
  emu::Aws aws(settings, clock);
  TRY(aws.seed(options.contains("seed") ? options["seed"] : emu::example_seed()));
  if (options.contains("faults")) TRY(aws.set_faults(options["faults"]));
  net::ServerOptions front;
  front.certificate = options["certificate"].as_string();
  front.key = options["key"].as_string();
  const auto api = TRY(net::Server::start(std::move(front),
                                          [&](const net::Incoming& request) { return aws.handle(request); }));
  const auto metadata =
      TRY(net::Server::start({}, [&](const net::Incoming& request) { return aws.handle_metadata(request); }));
  std::puts(Json::object({{"api", int{api->port()}}, {"metadata", int{metadata->port()}}}).dump().c_str());
  std::fflush(stdout);
  char unused[64];
  while (read(STDIN_FILENO, unused, sizeof unused) > 0) {
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto served = serve(argc > 1 ? argv[1] : "{}");
  if (served) return *served;
  std::fprintf(stderr, "%s\n", to_string(served.error()).c_str());
  return exit_code(served.error());
}
