#include "vpn/pulse.h"

#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/crypto.h"

namespace spillway::vpn {
namespace {

constexpr size_t kHeader = 8;

/// RFC 1071; the kernel computes it for datagram and ICMPv6 sockets, which ignore ours.
uint16_t checksum(const std::array<uint8_t, kHeader>& packet) {
  uint32_t sum = 0;
  for (size_t i = 0; i < kHeader; i += 2) sum += static_cast<uint32_t>(packet[i] << 8 | packet[i + 1]);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

bool connect_to(const Fd& socket, const std::string& address, bool v6) {
  sockaddr_in to4{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {}, .sin_zero = {}};
  sockaddr_in6 to6{};
  to6.sin6_family = AF_INET6;
  if (v6)
    return inet_pton(AF_INET6, address.c_str(), &to6.sin6_addr) == 1 &&
           connect(socket.get(), reinterpret_cast<sockaddr*>(&to6), sizeof to6) == 0;
  return inet_pton(AF_INET, address.c_str(), &to4.sin_addr) == 1 &&
         connect(socket.get(), reinterpret_cast<sockaddr*>(&to4), sizeof to4) == 0;
}

}  // namespace

Result<EchoPulse> EchoPulse::open(const IpAddress& to) {
  const bool v6 = to.value.find(':') != std::string::npos;
  const int family = v6 ? AF_INET6 : AF_INET, protocol = v6 ? int{IPPROTO_ICMPV6} : int{IPPROTO_ICMP};
  constexpr int kFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;
  bool raw = false;
  Fd socket{::socket(family, SOCK_DGRAM | kFlags, protocol)};
  if (!socket.valid()) {
    raw = true;
    socket = Fd{::socket(family, SOCK_RAW | kFlags, protocol)};
  }
  if (!socket.valid()) return system_error("open an ICMP socket to", to.value, errno);
  if (!connect_to(socket, to.value, v6)) return system_error("send ICMP to", to.value, errno);
  const std::string id = random_bytes(2);
  return EchoPulse{std::move(socket), raw, v6,
                   static_cast<uint16_t>(static_cast<uint8_t>(id[0]) << 8 | static_cast<uint8_t>(id[1]))};
}

void EchoPulse::send(uint16_t number) {
  std::array<uint8_t, kHeader> packet{v6_ ? uint8_t{ICMP6_ECHO_REQUEST} : uint8_t{ICMP_ECHO},
                                      0,
                                      0,
                                      0,
                                      static_cast<uint8_t>(id_ >> 8),
                                      static_cast<uint8_t>(id_),
                                      static_cast<uint8_t>(number >> 8),
                                      static_cast<uint8_t>(number)};
  const uint16_t sum = checksum(packet);
  packet[2] = static_cast<uint8_t>(sum >> 8);
  packet[3] = static_cast<uint8_t>(sum);
  // While the peer has no key or no route, the kernel refuses: a packet that is not answered.
  (void)::send(socket_.get(), packet.data(), packet.size(), MSG_NOSIGNAL);
}

std::vector<uint16_t> EchoPulse::answers() {
  std::vector<uint16_t> out;
  std::array<uint8_t, 2048> buffer;
  for (;;) {
    const ssize_t got = recv(socket_.get(), buffer.data(), buffer.size(), 0);
    // An ICMP error comes back as an errno of the socket once, and must not end the reading.
    if (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK) continue;
    if (got < 0) return out;
    // Raw IPv4 sockets hand out the IP header as well, and everybody's answers.
    const size_t skip = raw_ && !v6_ ? static_cast<size_t>(buffer[0] & 0x0f) * 4 : 0;
    if (static_cast<size_t>(got) < skip + kHeader) continue;
    const uint8_t* icmp = buffer.data() + skip;
    const uint8_t wanted = v6_ ? uint8_t{ICMP6_ECHO_REPLY} : uint8_t{ICMP_ECHOREPLY};
    const auto id = static_cast<uint16_t>(icmp[4] << 8 | icmp[5]);
    if (icmp[0] == wanted && (!raw_ || id == id_))
      out.push_back(static_cast<uint16_t>(icmp[6] << 8 | icmp[7]));
  }
}

}  // namespace spillway::vpn
