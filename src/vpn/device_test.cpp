#include "vpn/device.h"

#include <gtest/gtest.h>

namespace spillway::vpn {
namespace {

constexpr std::string_view kDump =
    "PRIVATE\tPUBLIC=\t51820\toff\n"
    "PEER1=\t(none)\t203.0.113.64:51820\t10.200.0.2/32,172.31.0.0/16\t1700000000\t1234\t5678\t25\n"
    "PEER2=\t(none)\t(none)\t(none)\t0\t0\t0\toff\n";

TEST(Dump, IsReadWithoutThePrivateKey) {
  const Interface seen = *parse_dump("wg0", kDump);
  EXPECT_EQ(seen.public_key, "PUBLIC=");
  EXPECT_EQ(seen.listen_port, 51820);
  ASSERT_EQ(seen.peers.size(), 2u);
  EXPECT_EQ(seen.peers[0].endpoint, "203.0.113.64:51820");
  EXPECT_EQ(seen.peers[0].handshake, Time{std::chrono::seconds{1700000000}});
  EXPECT_EQ(seen.peers[0].received, 1234);
  EXPECT_EQ(seen.peers[0].keepalive_s, 25);
  EXPECT_EQ(seen.peers[1].endpoint, "");
  EXPECT_FALSE(seen.peers[1].handshake);
}

TEST(Dump, WhatIsNoneIsRefused) {
  for (const char* text : {"", "\n", "a\tb\tc", "P\tQ\tx\toff\n", "P\tQ\t1\toff\nshort\tline\n",
                           "P\tQ\t1\toff\nK\t(none)\t(none)\t(none)\tx\t0\t0\toff\n",
                           "P\tQ\t1\toff\nK\t(none)\t(none)\t(none)\t51111111600000000\t0\t0\toff\n"})
    EXPECT_EQ(parse_dump("wg0", text).error().code, "SPW-VPN-008") << text;
}

}  // namespace
}  // namespace spillway::vpn
