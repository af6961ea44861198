#include "emu/ssm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway::emu {
namespace {

struct PublicCase {
  const char *name, *image;  // image: "" where AWS has no such parameter
};

const PublicCase kPublic[] = {
    {"/aws/service/debian/release/12/latest/amd64", "ami-2"},
    {"/aws/service/debian/release/12/latest/arm64", "ami-3"},
    {"/aws/service/debian/release/11/latest/amd64", "ami-5"},
    {"/aws/service/debian/release/11/latest/arm64", ""},
    {"/aws/service/debian/release/1/latest/amd64", ""},  // not the 12 that begins with it
    {"/aws/service/debian/daily/12/latest/amd64", ""},
    {"/aws/service/debian/release/12/latest", ""},
    {"/aws/service/ubuntu/release/12/latest/amd64", ""},
};

TEST(PublicParameters, NameTheNewestImage) {
  ManualClock clock;
  Account account{Settings{}, clock};
  auto image = [&](const char* id, const char* name, const char* architecture) {
    Image made;
    made.id = id, made.name = name, made.architecture = architecture;
    account.images.emplace(id, made);
  };
  image("ami-1", "debian-12-amd64-20250101", "x86_64");
  image("ami-2", "debian-12-amd64-20260101", "x86_64");
  image("ami-3", "debian-12-arm64-20240101", "arm64");
  image("ami-4", "ubuntu-12-amd64-20270101", "x86_64");
  image("ami-5", "debian-11-amd64-20230101", "x86_64");
  for (const auto& [name, wanted] : kPublic) {
    const auto found = public_parameter(account, name);
    EXPECT_EQ(found ? found->value : "", wanted) << name;
  }
}

}  // namespace
}  // namespace spillway::emu
