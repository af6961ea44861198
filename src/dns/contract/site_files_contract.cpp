// named-checkconf and named-checkzone judge what is generated, and the node's script runs against a real
// named.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/subprocess.h"
#include "base/text.h"
#include "dns/contract/primary.h"
#include "dns/site_files.h"
#include "net/server.h"

namespace spillway::dns {
namespace {

using testing::ElementsAre;

class SiteFilesContract : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directory(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& name, const std::string& text, unsigned mode = 0644) {
    EXPECT_TRUE(write_file_atomically(folder_ / name, text, mode));
    return folder_ / name;
  }
  void judge(std::vector<std::string> argv) {
    const auto done = runner_.run({.argv = std::move(argv)}, Deadline::after(std::chrono::seconds{20}));
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_EQ(done->exit_code, 0) << done->out << done->err;
  }
  SiteNames site() {
    return {.dns = {.zone = kZone, .reverse_zone = kReverse, .server = "192.168.10.10", .tsig = "file:/x"},
            .key_file = folder_ / "key",
            .folder = folder_,
            .site_zones = "",
            .onprem_networks = {"192.168.0.0/16"},
            .cloud_networks = {"172.31.0.0/16", "fd00::/8"}};
  }
  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / ("spillway-" + make_uuid());
  PosixRunner runner_;
};

TEST_F(SiteFilesContract, NamedTakesThem) {
  write("key", key_text(random_key("spillway")));
  for (const char* zone : {kZone, kReverse}) {
    const auto file =
        write(fmt::format("{}.zone", zone), render_zone(zone, "dns.on-premises.example", 60).value());
    judge({"/usr/bin/named-checkzone", "-i", "none", zone, file});
  }
  judge({"/usr/bin/named-checkconf", "-z", write("onprem.conf", render_onprem_views(site()).value())});
  judge(
      {"/usr/bin/named-checkconf",
       write(
           "cloud.conf",
           render_cloud_resolver(site(), {.listen = "172.31.0.10", .clients = {"172.31.0.0/16"}}).value())});
}

/// The metadata service of one instance.
net::Handler metadata(const std::string& instance, const std::string& address) {
  return [=](const net::Incoming& request) -> net::Response {
    if (request.method == "PUT") return {200, {}, "token"};
    const auto token = net::find_header(request.headers, "X-aws-ec2-metadata-token");
    if (!token || *token != "token") return {401, {}, ""};
    const std::string& path = request.target;
    if (path.ends_with("/instance-id")) return {200, {}, instance};
    if (path.ends_with("/local-ipv4")) return {200, {}, address};
    if (path.ends_with("/tags/instance/Name")) return {200, {}, "c5-0"};
    return {404, {}, ""};
  };
}

TEST_F(SiteFilesContract, ANodeRegistersItselfAndLeavesOthersAlone) {
  const auto primary = real_primary();
  SystemClock clock;
  Session session{*primary->exchange, clock, primary->key};
  const auto at = [&](const std::string& name, Type type) {
    std::vector<std::string> found;
    const auto answer =
        session.ask({*write_question({name, type})}, Deadline::after(std::chrono::seconds{10}));
    for (const Record& record : answer->at(0).answers)
      found.push_back(type == Type::ptr ? *read_name(record.data)
                      : type == Type::a ? read_address(record.data)->value
                                        : *read_text(record.data));
    return found;
  };
  const auto run = [&](const std::string& instance, const std::string& address, const char* verb) {
    auto server = net::Server::start({}, metadata(instance, address)).value();
    SiteNames names = site();
    names.dns.server = primary->named->server();
    names.key_file = write("key", key_text(primary->key), 0400);
    std::string text = render_register_script(names, "0e9c").value();
    const std::string imds = "http://169.254.169.254";
    text.replace(text.find(imds), imds.size(), fmt::format("http://127.0.0.1:{}", server->port()));
    const auto done = runner_.run({.argv = {"/bin/sh", write("script", text), verb}},
                                  Deadline::after(std::chrono::seconds{30}));
    EXPECT_TRUE(done);
    return done ? done->exit_code : -1;
  };
  EXPECT_EQ(run("i-01", "172.31.0.4", "start"), 0);
  EXPECT_EQ(run("i-01", "172.31.0.4", "start"), 0);
  EXPECT_THAT(at("c5-0.example.com", Type::a), ElementsAre("172.31.0.4"));
  EXPECT_THAT(at("c5-0.example.com", Type::txt), ElementsAre("spillway 0e9c i-01"));
  EXPECT_THAT(at("4.0.31.172.in-addr.arpa", Type::ptr), ElementsAre("c5-0.example.com"));
  EXPECT_EQ(run("i-02", "172.31.0.5", "start"), 0) << "the last machine could not clean up";
  EXPECT_EQ(run("i-01", "172.31.0.4", "stop"), 0);
  EXPECT_THAT(at("c5-0.example.com", Type::a), ElementsAre("172.31.0.5")) << "and does so late";
  EXPECT_EQ(run("i-02", "172.31.0.5", "stop"), 0);
  EXPECT_TRUE(at("c5-0.example.com", Type::a).empty());
  EXPECT_TRUE(at("5.0.31.172.in-addr.arpa", Type::ptr).empty());

  Update update = *Update::of(kZone);
  ASSERT_TRUE(update.add("c5-0.example.com", Type::a, 60, *address_data(IpAddress{"10.9.9.9"})));
  ASSERT_TRUE(session.ask({update.bytes()}, Deadline::after(std::chrono::seconds{10})));
  EXPECT_NE(run("i-03", "172.31.0.6", "start"), 0);
  EXPECT_THAT(at("c5-0.example.com", Type::a), ElementsAre("10.9.9.9"));
}

}  // namespace
}  // namespace spillway::dns
