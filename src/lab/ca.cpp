#include "lab/ca.h"

#include "base/file.h"
#include "lab/errors.h"

namespace spillway::lab {
namespace {

// One level of a name each: a wildcard covers no dot.
constexpr const char* kNames =
    "subjectAltName=DNS:*.amazonaws.com,DNS:*.us-east-1.amazonaws.com,DNS:*.s3.us-east-1.amazonaws.com,"
    "DNS:*.s3.amazonaws.com,DNS:localhost,IP:127.0.0.1";

Result<void> openssl(Runner& runner, std::vector<std::string> arguments) {
  Program program{{"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                   "ec_paramgen_curve:prime256v1", "-nodes", "-sha256", "-days", "30"}};
  program.argv.insert(program.argv.end(), arguments.begin(), arguments.end());
  const Finished done = TRY(runner.run(program, Deadline::after(std::chrono::seconds(20))));
  if (done.exit_code != 0) return Error{Kind::io, kService, "openssl req: " + done.err};
  return {};
}

}  // namespace

Result<Authority> make_authority(Runner& runner, const std::string& folder) {
  const std::string ca = folder + "/ca.pem", ca_key = folder + "/ca.key";
  const std::string certificate = folder + "/aws.pem", key = folder + "/aws.key";
  TRY(openssl(runner, {"-keyout", ca_key, "-out", ca, "-subj", "/CN=Spillway lab CA (simulated AWS)",
                       "-addext", "keyUsage=critical,keyCertSign,cRLSign"}));
  TRY(openssl(runner, {"-keyout", key, "-out", certificate, "-subj", "/CN=amazonaws.com", "-CA", ca, "-CAkey",
                       ca_key, "-addext", "basicConstraints=critical,CA:FALSE", "-addext", kNames}));
  return Authority{TRY(read_file(ca)), TRY(read_file(certificate)), TRY(read_file(key))};
}

}  // namespace spillway::lab
