#include "emu/cidr.h"

#include <gtest/gtest.h>

namespace spillway::emu {
namespace {

TEST(CidrText, IsReadAndItsHostBitsCleared) {
  struct Case {
    const char *text, *network;  // "": refused
  };
  const Case kCases[] = {
      {"10.0.0.0/16", "10.0.0.0/16"},
      {"10.0.5.9/16", "10.0.0.0/16"},
      {"0.0.0.0/0", "0.0.0.0/0"},
      {"255.255.255.255/32", "255.255.255.255/32"},
      {"10.0.0.0", ""},
      {"10.0.0.0/33", ""},
      {"10.0.0/16", ""},
      {"10.0.0.0/", ""},
      {"10.0.0.0/-1", ""},
      {"::/0", ""},
      {"", ""},
  };
  for (const Case& c : kCases) {
    auto cidr = Cidr::parse(c.text);
    EXPECT_EQ(cidr ? cidr->text() : "", c.network) << c.text;
  }
}

TEST(CidrText, ContainmentAndOverlap) {
  struct Case {
    const char *a, *b;
    bool contains, overlaps;
  };
  const Case kCases[] = {
      {"10.0.0.0/16", "10.0.1.0/24", true, true},   {"10.0.1.0/24", "10.0.0.0/16", false, true},
      {"10.0.0.0/24", "10.0.1.0/24", false, false}, {"10.0.0.0/24", "10.0.0.0/24", true, true},
      {"0.0.0.0/0", "255.0.0.0/8", true, true},     {"128.0.0.0/1", "10.0.0.0/8", false, false},
  };
  for (const Case& c : kCases) {
    const Cidr a = *Cidr::parse(c.a), b = *Cidr::parse(c.b);
    EXPECT_EQ(a.contains(b), c.contains) << c.a << " " << c.b;
    EXPECT_EQ(a.overlaps(b), c.overlaps) << c.a << " " << c.b;
    EXPECT_EQ(b.overlaps(a), c.overlaps) << c.a << " " << c.b;
  }
}

}  // namespace
}  // namespace spillway::emu
