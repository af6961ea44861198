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

}  // namespace
}  // namespace spillway::emu
