#include "vpn/prober.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>

#include "base/file.h"
#include "base/text.h"

namespace spillway::vpn {
namespace {

/// The number that ends right before `words`: "3 received".
std::optional<int64_t> number_before(std::string_view text, std::string_view words) {
  const size_t at = text.find(words);
  if (at == std::string_view::npos) return std::nullopt;
  size_t from = at;
  while (from > 0 && text[from - 1] >= '0' && text[from - 1] <= '9') --from;
  return parse_int(text.substr(from, at - from));
}

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;  // 0: the text is no address
};

Address address_of(const IpAddress& text, int port) {
  Address out;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
  if (inet_pton(AF_INET, text.value.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(static_cast<uint16_t>(port));
    out.size = sizeof *v4;
  } else if (inet_pton(AF_INET6, text.value.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(static_cast<uint16_t>(port));
    out.size = sizeof *v6;
  }
  return out;
}

}  // namespace

Result<PingAnswer> parse_ping(std::string_view text) {
  const auto sent = number_before(text, " packets transmitted");
  const auto received = number_before(text, " received");
  if (!sent || !received || *sent < 0 || *received < 0 || *received > *sent || *sent > 1'000'000)
    return Error{Kind::invalid, fmt::format("ping printed no summary: {}", in_quotes(text))};
  PingAnswer answer{static_cast<int>(*sent), static_cast<int>(*received), {}};
  constexpr std::string_view kTimes = "min/avg/max/mdev = ";
  if (const size_t at = text.find(kTimes); at != std::string_view::npos) {
    const auto parts = split(text.substr(at + kTimes.size()), '/');
    const std::string average(parts.size() > 1 ? parts[1] : "");
    char* end = nullptr;
    const double value = std::strtod(average.c_str(), &end);
    if (!average.empty() && *end == '\0' && value >= 0) answer.average_ms = value;
  }
  return answer;
}

Result<PingAnswer> NetProber::ping(const PingOrder& order, Deadline deadline) {
  const double each = static_cast<double>(order.each.count()) / 1e6;
  Program program{.argv = {ping_, "-n", "-q", "-c", std::to_string(order.count), "-i",
                           fmt::format("{:.3f}", each), "-W", "1", "-s", std::to_string(order.payload)}};
  if (order.whole) program.argv.insert(program.argv.end(), {"-M", "do"});
  if (!order.from.empty()) program.argv.insert(program.argv.end(), {"-I", order.from});
  program.argv.insert(program.argv.end(), {"--", order.to.value});
  const Finished finished = TRY(runner_.run(program, deadline));
  if (auto answer = parse_ping(finished.out)) return answer;
  return Error{Kind::invalid, fmt::format("ping {}: {}", order.to, trim(finished.err).substr(0, 300))};
}

bool NetProber::connect(const Knock& at, Deadline deadline) {
  const Address to = address_of(at.to, at.port);
  if (to.size == 0) return false;
  const Fd fd{socket(to.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!fd.valid()) return false;
  if (!at.from.empty()) {
    const Address from = address_of(at.from, 0);
    if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&from.storage), from.size) != 0) return false;
  }
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to.storage), to.size) == 0) return true;
  if (errno == ECONNREFUSED) return true;
  if (errno != EINPROGRESS) return false;
  pollfd waiting{fd.get(), POLLOUT, 0};
  int failed = 0;
  socklen_t length = sizeof failed;
  if (poll(&waiting, 1, static_cast<int>(deadline.remaining().count())) != 1 ||
      getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &failed, &length) != 0)
    return false;
  return failed == 0 || failed == ECONNREFUSED;
}

}  // namespace spillway::vpn
