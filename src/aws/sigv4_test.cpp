#include "aws/sigv4.h"

#include <gtest/gtest.h>

#include <ostream>

#include "aws/encode.h"

namespace spillway::aws {
namespace {

const Credentials kKeys{
    .access_key_id = "AKID", .secret_access_key = Secret("SECRET"), .session_token = Secret("TOK")};

SigningContext s3() {
  return signing_context("s3", "us-east-1", *parse_iso8601("2026-11-22T22:00:00Z"));
}

// Signatures by botocore 1.29.27 (S3SigV4Auth and S3SigV4QueryAuth, 900 s) for the same keys and time.
struct UrlCase {
  std::string url, by_header, by_query;
};
void PrintTo(const UrlCase& one, std::ostream* out) {
  *out << one.url;
}
const UrlCase kUrls[] = {
    // S3 takes dots in a path for a key's own.
    {"https://b.s3.us-east-1.amazonaws.com/a%20b/../c?x=1&y=a%2Bb",
     "92c4ebbca2d7b2e0579b0f4b965b4b9a174a0498187d0c407885e4b8a1fb218d",
     "c89d2c738d5a04ec57bc62065c4e6279008847fb26020119660461b09a7cd99a"},
    // HTTP clients leave a scheme's own port out of Host, so the signature must as well.
    {"https://b.s3.us-east-1.amazonaws.com:443/k",
     "4db7ab63241e0d78962edab87d3ec1a6b84c5a7047dd72984d563a0bfbd99d5b",
     "d89c4d44fd161c37070b1cd2bc02e3b8da28b1ad51f6ea952d6f2612df598d0d"},
    {"http://127.0.0.1:80/b/k", "7b11ec1eed730c8769064e269253996e6e68f67d9aae72375a6f41d8ebf322ce",
     "d5186d782b80df137d5476843dfedd9b1698506f7970d3732b046cd04e7efb01"},
    {"http://127.0.0.1:4566/b/k", "1536c880e63fa2a0361539bb341dda98be217cbdede5728283811c7407794657",
     "510688b2120089d0aabc3bbba6a62b4fee371b95e30dfc4ee8edd8637875f19e"},
};

class SignatureOfUrl : public testing::TestWithParam<UrlCase> {};
INSTANTIATE_TEST_SUITE_P(SigV4, SignatureOfUrl, testing::ValuesIn(kUrls));

TEST_P(SignatureOfUrl, InTheHeaderIsBotocores) {
  const Signature made = sign({.url = GetParam().url}, kKeys, s3());
  EXPECT_EQ(made.signature, GetParam().by_header) << made.canonical_request;
}

// Who is given such a URL may send any body: S3 wants UNSIGNED-PAYLOAD in place of a hash.
TEST_P(SignatureOfUrl, InTheQueryIsBotocores) {
  const Signature made = presign({.url = GetParam().url}, kKeys, s3(), std::chrono::seconds{900});
  EXPECT_EQ(made.signature, GetParam().by_query) << made.canonical_request;
}

TEST(SigV4, OtherServicesResolveDotsAndEncodeOnceMore) {
  const SigningContext context =
      signing_context("execute-api", "us-east-1", *parse_iso8601("2026-11-22T22:00:00Z"));
  const Signature made = sign({.url = "https://h/a/./b/../c%20d//e"}, kKeys, context);
  EXPECT_TRUE(made.canonical_request.starts_with("GET\n/a/c%2520d/e\n")) << made.canonical_request;
}

TEST(SigV4, ATokenAddedAfterSigningIsSentButNotSigned) {
  SigningContext context = s3();
  context.token_after_signing = true;
  const Signature made = sign({.url = "https://h/"}, kKeys, context);
  EXPECT_EQ(made.canonical_request.find("x-amz-security-token"), std::string::npos);
  const std::string* token = net::find_header(made.request.headers, "X-Amz-Security-Token");
  ASSERT_TRUE(token);
  EXPECT_EQ(*token, "TOK");
}

TEST(SigV4, HeadersThatHopsMayChangeAreNotSigned) {
  const net::Request plain{.url = "https://h/"};
  net::Request changed = plain;
  changed.headers = {{"User-Agent", "x"}, {"Connection", "close"}, {"X-Amzn-Trace-Id", "1"}};
  EXPECT_EQ(sign(plain, kKeys, s3()).signature, sign(changed, kKeys, s3()).signature);
  changed.headers = {{"Content-Type", "text/plain"}};
  EXPECT_NE(sign(plain, kKeys, s3()).signature, sign(changed, kKeys, s3()).signature);
}

TEST(SigV4, TheBodyIsBoundToTheSignature) {
  const net::Request one{.method = "PUT", .url = "https://h/k", .body = "one"};
  const net::Request two{.method = "PUT", .url = "https://h/k", .body = "two"};
  EXPECT_NE(sign(one, kKeys, s3()).signature, sign(two, kKeys, s3()).signature);
}

}  // namespace
}  // namespace spillway::aws
