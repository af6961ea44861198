#include <gtest/gtest.h>

#include <filesystem>

#include "base/crypto.h"
#include "base/file.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/subprocess.h"
#include "base/text.h"
#include "base/time.h"

namespace spillway {
namespace {

using namespace std::chrono_literals;

TEST(Error, PrintsCodeWhyAndFix) {
  constexpr Code kCode{"SPW-TST-001", "the usual cause", "the next command"};
  const Error error = Error{Kind::denied, kCode, "cannot launch"}.because("role lacks it").during("resume");
  EXPECT_EQ(to_string(error),
            "error[SPW-TST-001]: resume: cannot launch\n  why  role lacks it\n  fix  the next command");
  EXPECT_EQ(exit_code(Error{Kind::invalid, ""}), 2);
  EXPECT_EQ(exit_code(Error{Kind::credentials, ""}), 7);
  EXPECT_EQ(exit_code(Error{Kind::timeout, ""}), 6);
}

Result<int> half(int n) {
  if (n % 2) return Error{Kind::invalid, "odd"};
  return n / 2;
}
Result<int> quarter(int n) {
  return TRY(half(TRY(half(n))));
}

TEST(Result, TryPassesValuesAndErrors) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(6).error().what, "odd");
}

TEST(Time, RoundTripsIso8601) {
  for (const char* text :
       {"2026-11-22T21:54:03.120Z", "1970-01-01T00:00:00.000Z", "2024-02-29T23:59:59.999Z"})
    EXPECT_EQ(to_iso8601(*parse_iso8601(text)), text);
  EXPECT_EQ(to_iso8601_seconds(*parse_iso8601("2026-11-22T23:54:03+02:00")), "2026-11-22T21:54:03Z");
  for (const char* text : {"", "2026-11-22", "2026-13-22T21:54:03Z", "2023-02-29T00:00:00Z",
                           "2026-11-22T21:54:03", "2026-11-22T21:54:03Zx"})
    EXPECT_FALSE(parse_iso8601(text)) << text;
}

TEST(Json, KeepsOrderAndRoundTrips) {
  const char* text = R"({"z": 1, "a": [true, null, -2.5, "\u00fc\n"], "m": {}})";
  const Json json = *Json::parse(text);
  EXPECT_EQ(json.members()[0].first, "z");
  EXPECT_EQ(json["a"].at(3).as_string(), "ü\n");
  EXPECT_EQ(*Json::parse(json.dump(2)), json);
  EXPECT_TRUE(json["none"]["deeper"].is_null());
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const char* text : {"", "{", "{\"a\":1,}", "[1 2]", "{\"a\":1,\"a\":2}", "nul", "\"\xff\"", "1e999"})
    EXPECT_FALSE(Json::parse(text)) << text;
  EXPECT_FALSE(Json::parse(std::string(200, '[') + std::string(200, ']')));
  EXPECT_NE(Json::parse("{\n \"a\": x}").error().what.find("line 2"), std::string::npos);
}

TEST(Json, WritesBrokenTextAsReplacement) {
  EXPECT_EQ(Json("\xff").dump(), "\"\xEF\xBF\xBD\"");
}

TEST(Crypto, MatchesPublishedValues) {  // FIPS 180-4, RFC 4231 case 2, RFC 4648
  EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(md5("")), "d41d8cd98f00b204e9800998ecf8427e");
  for (const char* text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"})
    EXPECT_EQ(*from_base64(to_base64(text)), text);
  EXPECT_EQ(to_base64("foob"), "Zm9vYg==");
  EXPECT_FALSE(from_base64("Zm9vYg="));
  EXPECT_NE(make_uuid(), make_uuid());
  EXPECT_EQ(make_uuid().size(), 36u);
}

TEST(Secret, NeverPrints) {
  EXPECT_EQ(fmt::format("{}", Secret{"hunter2"}), "***");
}

TEST(File, WritesAtomicallyAndReads) {
  const auto folder = std::filesystem::temp_directory_path() / make_uuid();
  std::filesystem::create_directory(folder);
  ASSERT_TRUE(write_file_atomically(folder / "a", "one"));
  ASSERT_TRUE(write_file_atomically(folder / "a", "two", 0600));
  EXPECT_EQ(*read_file(folder / "a"), "two");
  EXPECT_EQ(read_file(folder / "a", 2).error().kind, Kind::invalid);
  EXPECT_EQ(read_file(folder / "b").error().kind, Kind::not_found);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
  std::filesystem::remove_all(folder);
}

TEST(Subprocess, RunsWithoutShellOrPath) {
  PosixRunner runner;
  const Deadline deadline = Deadline::after(20s);
  EXPECT_EQ(runner.run({.argv = {"/bin/echo", "$HOME;ls"}}, deadline)->out, "$HOME;ls\n");
  EXPECT_EQ(runner.run({.argv = {"/bin/cat"}, .input = std::string(1 << 20, 'x')}, deadline)->out.size(),
            size_t{1} << 20);
  EXPECT_EQ(runner.run({.argv = {"/bin/sh", "-c", "echo e >&2; exit 3"}}, deadline)->exit_code, 3);
  EXPECT_EQ(runner.run({.argv = {"/bin/sh", "-c", "kill -9 $$"}}, deadline)->exit_code, 137);
  EXPECT_EQ(runner.run({.argv = {"/nowhere/x"}}, deadline).error().kind, Kind::not_found);
  EXPECT_EQ(runner.run({.argv = {"echo"}}, deadline).error().kind, Kind::invalid);
  EXPECT_EQ(runner.run({.argv = {"/bin/sleep", "60"}}, Deadline::after(10ms)).error().kind, Kind::timeout);
  EXPECT_EQ(runner.run({.argv = {"/usr/bin/yes"}, .max_output = 1000}, deadline).error().kind, Kind::io);
}

TEST(Text, SplitsTrimsAndSuggests) {
  EXPECT_EQ(split("a,,b", ',').size(), 3u);
  EXPECT_EQ(trim("  x y \n"), "x y");
  EXPECT_EQ(nearest("MaxNode", {"MaxNodes", "Region"}), "MaxNodes");
  EXPECT_EQ(nearest("zebra", {"MaxNodes", "Region"}), std::nullopt);
  EXPECT_EQ(parse_int("12x"), std::nullopt);
}

}  // namespace
}  // namespace spillway
