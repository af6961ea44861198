#include "vpn/endpoint.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <array>
#include <memory>

#include "base/text.h"
#include "vpn/codes.h"

namespace spillway::vpn {
namespace {

constexpr std::string_view kHostLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

bool is_v6(const std::string& host) {
  std::array<unsigned char, 16> bytes{};
  return inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

}  // namespace

Result<Endpoint> Endpoint::parse(std::string_view text) {
  const size_t colon = text.rfind(':');
  const auto bad = [&] {
    return Error{Kind::invalid, kBadValue, fmt::format("not host:port: {}", in_quotes(text))};
  };
  if (colon == std::string_view::npos) return bad();
  const std::string_view digits = text.substr(colon + 1);
  const auto port = parse_int(digits);
  if (digits.find_first_not_of("0123456789") != std::string_view::npos || !port || *port < 1 || *port > 65535)
    return bad();
  std::string host(text.substr(0, colon));
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const bool good = bracketed ? host.find('\0') == std::string::npos && is_v6(host)
                              : !host.empty() && host.size() <= 253 && host.front() != '-' &&
                                    host.find_first_not_of(kHostLetters) == std::string::npos;
  if (!good) return bad();
  return Endpoint{std::move(host), static_cast<int>(*port)};
}

bool Endpoint::numeric() const {
  std::array<unsigned char, 16> bytes{};
  return is_v6(host) || inet_pton(AF_INET, host.c_str(), bytes.data()) == 1;
}

std::string Endpoint::to_string() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

Result<Endpoint> resolve(const Endpoint& endpoint) {
  if (endpoint.numeric()) return endpoint;
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(endpoint.host.c_str(), nullptr, &hints, &found);
  if (failed != 0)
    return Error{failed == EAI_NONAME ? Kind::not_found : Kind::unavailable, kNoName,
                 fmt::format("cannot resolve {}: {}", endpoint.host, gai_strerror(failed))};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned{found, freeaddrinfo};
  std::array<char, NI_MAXHOST> text{};
  if (getnameinfo(found->ai_addr, found->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) !=
      0)
    return Error{Kind::internal, fmt::format("cannot write the address of {}", endpoint.host)};
  return Endpoint{text.data(), endpoint.port};
}

}  // namespace spillway::vpn
