#include "emu/test_client.h"

namespace spillway::emu {
namespace {

using S3 = EmuTest;

TEST_F(S3, KeepsWhatWasPut) {
  auto put = caller.s3("PUT", "/slurm-burst-data/a/b", "hello");
  EXPECT_EQ(put.status, 200);
  EXPECT_EQ(*net::find_header(put.headers, "ETag"), "\"5d41402abc4b2a76b9719d911017c592\"");
  EXPECT_EQ(caller.s3("GET", "/slurm-burst-data/a/b").body, "hello");
  auto part = caller.s3("GET", "/slurm-burst-data/a/b", "", {{"Range", "bytes=1-3"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "ell");
}

TEST_F(S3, WritesOnceWhereAsked) {
  net::Headers once = {{"If-None-Match", "*"}};
  EXPECT_EQ(caller.s3("PUT", "/slurm-burst-data/lease", "1", once).status, 200);
  EXPECT_EQ(caller.s3("PUT", "/slurm-burst-data/lease", "2", once).status, 412);
  EXPECT_EQ(caller.s3("GET", "/slurm-burst-data/lease").body, "1");
}

TEST_F(S3, CopiesListsAndDeletes) {
  caller.s3("PUT", "/slurm-burst-data/in/x", "x");
  EXPECT_EQ(caller.s3("PUT", "/slurm-burst-data/out/x", "", {{"x-amz-copy-source", "slurm-burst-data/in/x"}})
                .status,
            200);
  auto listed = caller.s3("GET", "/slurm-burst-data?delimiter=%2F&list-type=2");
  EXPECT_THAT(texts(listed, "Prefix"), ::testing::ElementsAre("", "in/", "out/"));
  EXPECT_EQ(caller.s3("DELETE", "/slurm-burst-data/in/x").status, 204);
  auto gone = caller.s3("GET", "/slurm-burst-data/in/x");
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(text(gone, "Code"), "NoSuchKey");
}

TEST_F(S3, TlsOnlyTakesLoopbackWhereTheEmulatorHasNoCertificate) {
  const std::string policy =
      R"({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*",
          "Resource": "arn:aws:s3:::slurm-burst-data/*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}})";
  settings.loopback_is_secure = true;
  Aws lenient{settings, clock};
  ASSERT_TRUE(lenient.seed(example_seed()));
  for (auto& [one, status] : {std::pair{&aws, 403}, {&lenient, 200}}) {
    Caller there{*one, clock};
    const net::Headers digest{{"Content-MD5", to_base64(md5(policy))}};
    ASSERT_EQ(there.s3("PUT", "/slurm-burst-data?policy=", policy, digest).status, 204);
    EXPECT_EQ(there.s3("PUT", "/slurm-burst-data/k", "1").status, status);
  }
}

struct LocationCase {
  const char *region, *constraint, *code;  // code: "" where the bucket is made
};
const LocationCase kLocations[] = {
    {"us-east-1", "", ""},
    {"us-east-1", "us-east-1", "InvalidLocationConstraint"},
    {"eu-central-1", "eu-central-1", ""},
    {"eu-central-1", "", "IllegalLocationConstraintException"},
    {"eu-central-1", "us-west-2", "IllegalLocationConstraintException"},
};

TEST(S3Location, IsSaidEverywhereButInUsEast1) {
  for (const auto& [region, constraint, code] : kLocations) {
    ManualClock clock;
    Aws aws{{.region = region}, clock};
    ASSERT_TRUE(aws.seed(example_seed()));
    const std::string body = fmt::format(
        "<CreateBucketConfiguration><LocationConstraint>{}</LocationConstraint></CreateBucketConfiguration>",
        constraint);
    EXPECT_EQ(text(Caller{aws, clock}.s3("PUT", "/new", *constraint ? body : ""), "Code"), code)
        << region << " " << constraint;
  }
}

}  // namespace
}  // namespace spillway::emu
