#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <map>

#include "aws/credential_sources.h"
#include "aws/encode.h"
#include "aws/errors.h"
#include "aws/stack.h"
#include "base/file.h"

namespace spillway::aws {
namespace {

using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;

Deadline soon() {
  return Deadline::after(std::chrono::seconds{5});
}

// A metadata service, a container's and STS, each as its manual says; what nobody serves refuses the
// connection.
class Services final : public net::Transport {
 public:
  Result<net::Response> send(const net::Request& request, Deadline) override {
    const Url url = split_url(request.url);
    if (url.authority == "169.254.169.254" && imds) return metadata(request, url.path);
    if (url.authority == "169.254.170.2")
      return net::Response{200, {}, keys("CONTAINERKEY", url.path == "/v2/creds")};
    if (url.authority.starts_with("sts.")) return sts(request);
    if (url.authority == "portal.sso.eu-west-1.amazonaws.com") return portal(request, url);
    return Error{Kind::unavailable, "connection refused"};
  }

  bool imds = false;
  std::string role = "slurm-head";
  int roles_assumed = 0, metadata_reads = 0;
  std::string last_caller, last_form;
  std::string expiration = "2026-11-22T23:00:00Z";

 private:
  std::string keys(const std::string& id, bool known) const {
    return known ? Json::object({{"AccessKeyId", id},
                                 {"SecretAccessKey", "s"},
                                 {"Token", "t"},
                                 {"Expiration", expiration}})
                       .dump()
                 : "{}";
  }
  net::Response metadata(const net::Request& request, const std::string& path) {
    if (request.method == "PUT") return {path == "/latest/api/token" ? 200 : 404, {}, "TOKEN"};
    const std::string* token = net::find_header(request.headers, "X-aws-ec2-metadata-token");
    if (!token || *token != "TOKEN") return {401, {}, ""};
    const std::string roles = "/latest/meta-data/iam/security-credentials/";
    if (path == roles && !role.empty()) return {200, {}, role + "\n"};
    if (path == roles + role && !role.empty())
      return ++metadata_reads, net::Response{200, {}, keys("IMDSKEY", true)};
    return {404, {}, ""};
  }
  static net::Response portal(const net::Request& request, const Url& url) {
    const std::string* token = net::find_header(request.headers, "x-amz-sso_bearer_token");
    if (!token || *token != "BEARER") return {401, {}, "{}"};
    if (url.path + "?" + url.query != "/federation/credentials?role_name=Admin&account_id=123")
      return {404, {}, "{}"};
    return {200,
            {},
            R"({"roleCredentials":{"accessKeyId":"SSOKEY","secretAccessKey":"s","sessionToken":"t",)"
            R"("expiration":1795388400000}})"};
  }
  net::Response sts(const net::Request& request) {
    const std::string* authorization = net::find_header(request.headers, "Authorization");
    last_caller = authorization ? authorization->substr(authorization->find('=') + 1, 9) : "";
    last_form = percent_decode(request.body);
    const bool web = last_form.find("Action=AssumeRoleWithWebIdentity") != std::string::npos;
    const std::string action = web ? "AssumeRoleWithWebIdentity" : "AssumeRole";
    return {200,
            {},
            fmt::format(
                "<{0}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{0}Result><Credentials>"
                "<AccessKeyId>ROLEKEY{1}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t"
                "</SessionToken><Expiration>{2}</Expiration></Credentials></{0}Result></{0}Response>",
                action, ++roles_assumed, expiration)};
  }
};

class Process final : public Runner {
 public:
  Result<Finished> run(const Program& program, Deadline) override { return last = program, answer; }
  Program last;
  Finished answer;
};

struct CredentialsTest : ::testing::Test {
  Services services;
  Process process;
  ManualClock clock{*parse_iso8601("2026-11-22T22:00:00Z")};
  std::map<std::string, std::string> variables;

  Surroundings around() {
    return {.environment = [this](const std::string& name) -> std::optional<std::string> {
              const auto found = variables.find(name);
              if (found == variables.end()) return std::nullopt;
              return found->second;
            },
            .transport = services,
            .runner = process,
            .clock = clock,
            .region = "us-east-1"};
  }
  CredentialChain chain(std::string_view config, std::string_view keys, const std::string& profile = "") {
    const SharedConfig files = *SharedConfig::parse(config, keys);
    return CredentialChain(usual_sources(
                               around(), [files]() -> Result<SharedConfig> { return files; },
                               profile.empty() ? "default" : profile, !profile.empty()),
                           clock);
  }
  std::string key(std::string_view config, std::string_view keys = "", const std::string& profile = "") {
    auto provider = chain(config, keys, profile);
    const auto found = provider.get(soon());
    return found ? found->access_key_id : found.error().what;
  }
};

constexpr std::string_view kKeys =
    "[default]\naws_access_key_id = FILEKEY\naws_secret_access_key = s # mine\n"
    "[hpc]\naws_access_key_id=HPCKEY\naws_secret_access_key=s\n";

TEST_F(CredentialsTest, TheEnvironmentComesFirstUnlessAProfileIsNamed) {
  variables = {{"AWS_ACCESS_KEY_ID", "ENVKEY"}, {"AWS_SECRET_ACCESS_KEY", "s"}};
  EXPECT_EQ(key("", kKeys), "ENVKEY");
  EXPECT_EQ(key("", kKeys, "hpc"), "HPCKEY");
  variables.erase("AWS_SECRET_ACCESS_KEY");
  EXPECT_THAT(key("", kKeys), HasSubstr("AWS_SECRET_ACCESS_KEY is not"));
}

TEST_F(CredentialsTest, TheCredentialsFileBeatsTheConfigFile) {
  EXPECT_EQ(key("[default]\naws_access_key_id=CONFIGKEY\naws_secret_access_key=s\n", kKeys), "FILEKEY");
  EXPECT_EQ(key("[default]\naws_access_key_id=CONFIGKEY\naws_secret_access_key=s\n"), "CONFIGKEY");
}

TEST_F(CredentialsTest, ARoleIsAssumedWithTheSourceProfilesKeys) {
  const char* config =
      "[profile burst]\nrole_arn = arn:aws:iam::1:role/b\nsource_profile = hpc\nexternal_id = ex\n"
      "role_session_name = me\nduration_seconds = 1800\n";
  EXPECT_EQ(key(config, kKeys, "burst"), "ROLEKEY1");
  EXPECT_THAT(services.last_caller, testing::StartsWith("HPCKEY"));
  for (const char* part : {"Action=AssumeRole&", "RoleArn=arn:aws:iam::1:role/b", "ExternalId=ex",
                           "RoleSessionName=me", "DurationSeconds=1800"})
    EXPECT_THAT(services.last_form, HasSubstr(part));
}

TEST_F(CredentialsTest, RolesInACircleAndRolesWithMfaAreErrors) {
  EXPECT_THAT(
      key("[profile a]\nrole_arn=x\nsource_profile=b\n[profile b]\nrole_arn=y\nsource_profile=a\n", "", "a"),
      HasSubstr("back to itself"));
  EXPECT_THAT(key("[profile a]\nrole_arn=x\nmfa_serial=y\nsource_profile=hpc\n", kKeys, "a"),
              HasSubstr("MFA"));
  EXPECT_THAT(key("[profile a]\nrole_arn=x\n", kKeys, "a"), HasSubstr("source_profile"));
}

TEST_F(CredentialsTest, ASingleSignOnRoleIsAskedForWithTheLoginsToken) {
  const std::string home = fmt::format("{}spillway-sso-{}", testing::TempDir(), ::getpid());
  std::filesystem::create_directories(home + "/.aws/sso/cache");
  // The file is named by the SHA-1 of the session's name, which is FIPS 180's own example.
  const std::string file = home + "/.aws/sso/cache/a9993e364706816aba3e25717850c26c9cd0d89d.json";
  const auto token = [&](const char* text) { ASSERT_TRUE(write_file_atomically(file, text)); };
  variables["HOME"] = home;
  const char* config =
      "[profile s]\nsso_session = abc\nsso_account_id = 123\nsso_role_name = Admin\n"
      "[sso-session abc]\nsso_region = eu-west-1\nsso_start_url = https://x.awsapps.com/start\n";
  EXPECT_THAT(key(config, "", "s"), HasSubstr("no single sign-on token"));
  token(R"({"accessToken":"BEARER","expiresAt":"2026-11-22T23:00:00Z"})");
  EXPECT_EQ(key(config, "", "s"), "SSOKEY");
  token(R"({"accessToken":"OTHER","expiresAt":"2026-11-22T23:00:00Z"})");
  EXPECT_THAT(key(config, "", "s"), HasSubstr("not accepted"));
  token(R"({"accessToken":"BEARER","expiresAt":"2026-11-22T21:59:59Z"})");
  EXPECT_THAT(key(config, "", "s"), HasSubstr("has ended"));
  std::filesystem::remove_all(home);
}

TEST_F(CredentialsTest, AProcessRunsByItsArguments) {
  process.answer.out = R"({"Version": 1, "AccessKeyId": "PROCKEY", "SecretAccessKey": "s"})";
  const char* config = "[profile p]\ncredential_process = /opt/get keys --user \"a b\" c\\ d 'e\"f'\n";
  EXPECT_EQ(key(config, "", "p"), "PROCKEY");
  EXPECT_THAT(process.last.argv, ElementsAre("/opt/get", "keys", "--user", "a b", "c d", "e\"f"));
  process.answer = {.exit_code = 3, .err = "no ticket\n"};
  EXPECT_THAT(key(config, "", "p"), HasSubstr("exits with 3: no ticket"));
  EXPECT_THAT(key("[profile p]\ncredential_process = get keys\n", "", "p"), HasSubstr("absolute path"));
}

TEST_F(CredentialsTest, AWebIdentityNeedsNoKeys) {
  variables = {{"AWS_WEB_IDENTITY_TOKEN_FILE", SPILLWAY_SOURCE_DIR "/NOTICE"}, {"AWS_ROLE_ARN", "arn:r"}};
  EXPECT_EQ(key(""), "ROLEKEY1");
  EXPECT_EQ(services.last_caller, "") << "the call is not signed";
  EXPECT_THAT(services.last_form, HasSubstr("WebIdentityToken=Spillway"));
}

TEST_F(CredentialsTest, ContainersAndInstancesComeLast) {
  services.imds = true;
  EXPECT_EQ(key(""), "IMDSKEY");
  variables = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/creds"}};
  EXPECT_EQ(key(""), "CONTAINERKEY");
  variables = {{"AWS_EC2_METADATA_DISABLED", "true"}};
  EXPECT_EQ(key(""), "no AWS credentials found");
}

TEST_F(CredentialsTest, ContainersAreNotAskedInTheClearAcrossANetwork) {
  for (const char* url :
       {"http://10.1.2.3/creds", "http://169.254.170.2.example.com/creds", "ftp://localhost/creds"}) {
    variables = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", url}};
    EXPECT_THAT(key(""), HasSubstr("plain http")) << url;
  }
}

TEST_F(CredentialsTest, NothingAnywhereHasACodeOfItsOwn) {
  auto provider = chain("", "");
  EXPECT_EQ(provider.get(soon()).error().code, "SPW-AWS-007");
  services.imds = true;
  services.role.clear();
  EXPECT_EQ(provider.get(soon()).error().code, "SPW-AWS-007") << "an instance without a role";
}

TEST_F(CredentialsTest, TheyAreRenewedBeforeTheyEnd) {
  services.imds = true;
  auto provider = chain("", "");
  ASSERT_TRUE(provider.get(soon()));
  clock.advance(minutes{44});
  ASSERT_TRUE(provider.get(soon()));
  EXPECT_EQ(services.metadata_reads, 1);
  clock.advance(minutes{2});
  services.expiration = "2026-11-23T05:00:00Z";
  ASSERT_TRUE(provider.get(soon()));
  EXPECT_EQ(services.metadata_reads, 2);
}

TEST_F(CredentialsTest, AFailedRenewalIsSurvivedUntilTheEnd) {
  services.imds = true;
  auto provider = chain("", "");
  ASSERT_TRUE(provider.get(soon()));
  services.imds = false;
  clock.advance(minutes{59});
  EXPECT_TRUE(provider.get(soon()));
  clock.advance(minutes{1});
  EXPECT_FALSE(provider.get(soon()));
}

TEST(SharedConfig, NamesTheLineThatItCannotRead) {
  for (const auto& [text, line] : std::map<std::string, std::string>{{"[default]\nregion\n", "line 2"},
                                                                     {"x = 1\n", "line 1"},
                                                                     {"[default\n", "line 1"},
                                                                     {"[a]\n x = 1\n", "line 2"}}) {
    const auto config = SharedConfig::parse(text, "");
    ASSERT_FALSE(config) << text;
    EXPECT_THAT(config.error().what, HasSubstr(line));
  }
}

TEST(Endpoints, AnOwnVariableBeatsTheCommonOneBeatsTheFile) {
  const auto config = *SharedConfig::parse(
      "[profile p]\nservices = lab\nendpoint_url = http://file\n[services lab]\nec2 =\n  endpoint_url = "
      "http://file-ec2\n",
      "");
  std::map<std::string, std::string> variables;
  const Environment environment = [&](const std::string& name) -> std::optional<std::string> {
    if (!variables.contains(name)) return std::nullopt;
    return variables.at(name);
  };
  const auto url = [&](const char* service) {
    const auto model = *builtin_model(service);
    return endpoint_for(*model, "eu-west-1",
                        load_endpoints(environment, config, *config.profile("p"), {"ec2", "s3"}))
        .url;
  };
  EXPECT_EQ(url("ec2"), "http://file-ec2");
  EXPECT_EQ(url("s3"), "http://file");
  variables["AWS_ENDPOINT_URL"] = "http://env";
  EXPECT_EQ(url("ec2"), "http://env");
  variables["AWS_ENDPOINT_URL_EC2"] = "http://env-ec2/";
  EXPECT_EQ(url("ec2"), "http://env-ec2");
  EXPECT_EQ(url("s3"), "http://env");
  variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true";
  EXPECT_EQ(url("ec2"), "https://ec2.eu-west-1.amazonaws.com");
}

TEST(Endpoints, ABucketIsInTheHostNameOnlyWhereItsCertificateHolds) {
  const auto s3 = *builtin_model("s3");
  const auto at = [&](const char* bucket, bool custom) {
    const Endpoint endpoint =
        custom ? Endpoint{"http://127.0.0.1:9/x", "us-east-1", true} : endpoint_for(*s3, "us-east-1", {});
    return address(*s3, endpoint, {.path = fmt::format("/{}/a/b", bucket), .query = "q=1"});
  };
  EXPECT_EQ(at("data", false), "https://data.s3.us-east-1.amazonaws.com/a/b?q=1");
  EXPECT_EQ(at("dotted.data", false), "https://s3.us-east-1.amazonaws.com/dotted.data/a/b?q=1");
  EXPECT_EQ(at("data", true), "http://127.0.0.1:9/x/data/a/b?q=1");
}

TEST(Stack, TakesRegionAndProfileFromWhereAwsToolsDo) {
  std::map<std::string, std::string> variables = {{"AWS_CONFIG_FILE", "/nonexistent"},
                                                  {"HOME", "/nonexistent"}};
  Overrides overrides;
  overrides.environment = [&](const std::string& name) -> std::optional<std::string> {
    if (!variables.contains(name)) return std::nullopt;
    return variables.at(name);
  };
  EXPECT_EQ(make_stack("", "", overrides).error().code, "SPW-AWS-010");
  variables["AWS_REGION"] = "eu-central-1";
  EXPECT_EQ((*make_stack("", "", overrides))->region(), "eu-central-1");
  EXPECT_EQ((*make_stack("", "us-west-2", overrides))->region(), "us-west-2");
  EXPECT_EQ(make_stack("none", "", overrides).error().kind, Kind::credentials);
}

}  // namespace
}  // namespace spillway::aws
