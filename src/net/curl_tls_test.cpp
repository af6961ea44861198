#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "base/file.h"
#include "net/curl_transport.h"
#include "net/server.h"
#include "net/socket_exchange.h"

namespace spillway::net {
namespace {

struct Identity {
  std::string certificate, key;  // PEM
};

std::string text_of(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  std::string text(data, size);
  BIO_free(memory);
  return text;
}

// A certificate that vouches for itself and holds for 127.0.0.1 only.
Identity make_identity() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1,
                             0);
  X509_set_issuer_name(certificate, name);
  X509_set_pubkey(certificate, key);
  for (const auto& [kind, value] : {std::pair{NID_subject_alt_name, "IP:127.0.0.1"},
                                    std::pair{NID_basic_constraints, "critical,CA:TRUE"}}) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  X509_sign(certificate, key, EVP_sha256());
  BIO *certificate_text = BIO_new(BIO_s_mem()), *key_text = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(certificate_text, certificate);
  PEM_write_bio_PrivateKey(key_text, key, nullptr, nullptr, 0, nullptr, nullptr);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return {text_of(certificate_text), text_of(key_text)};
}

struct CurlTls : ::testing::Test {
  void SetUp() override {
    auto started = Server::start({.certificate = identity.certificate, .key = identity.key},
                                 [](const Incoming& request) {
                                   return Response{200, {}, request.tls ? "tls" : "plain"};
                                 });
    ASSERT_TRUE(started) << to_string(started.error());
    server = *std::move(started);
    ASSERT_TRUE(write_file_atomically(trusted, identity.certificate));
    ASSERT_TRUE(write_file_atomically(other, make_identity().certificate));
  }
  void TearDown() override {
    ::unlink(trusted.c_str());
    ::unlink(other.c_str());
  }
  Result<Response> get(const std::string& host, const std::string& ca_file) {
    return CurlTransport({.ca_file = ca_file})
        .send({"GET", fmt::format("https://{}:{}/", host, server->port())},
              Deadline::after(std::chrono::seconds{20}));
  }

  Result<Exchanged> exchange(const std::string& host, const std::string& ca_file) {
    return SocketExchange({.ca_file = ca_file})
        .send({"GET", fmt::format("https://{}:{}/", host, server->port())}, {},
              Deadline::after(std::chrono::seconds{20}));
  }

  Identity identity = make_identity();
  std::string trusted = fmt::format("{}spillway-tls-{}.pem", testing::TempDir(), ::getpid());
  std::string other = trusted + ".other";
  std::unique_ptr<Server> server;
};

TEST_F(CurlTls, TalksToWhomTheCaFileVouchesFor) {
  const auto got = get("127.0.0.1", trusted);
  ASSERT_TRUE(got) << to_string(got.error());
  EXPECT_EQ(got->body, "tls");
}

TEST_F(CurlTls, RefusesWhomNobodyVouchesFor) {
  for (const std::string& file : {std::string(), other, std::string("/nonexistent.pem")}) {
    const auto got = get("127.0.0.1", file);
    ASSERT_FALSE(got) << file;
    EXPECT_EQ(got.error().code, "SPW-NET-002") << got.error().what;
  }
}

TEST_F(CurlTls, RefusesACertificateForAnotherName) {
  const auto got = get("localhost", trusted);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, "SPW-NET-002") << got.error().what;
}

TEST_F(CurlTls, SocketsVerifyAsCurlDoes) {
  const auto got = exchange("127.0.0.1", trusted);
  ASSERT_TRUE(got) << to_string(got.error());
  EXPECT_EQ(got->response.body, "tls");
  for (const std::string& file : {std::string(), other, std::string("/nonexistent.pem")}) {
    const auto refused = exchange("127.0.0.1", file);
    ASSERT_FALSE(refused) << file;
    EXPECT_EQ(refused.error().code, "SPW-NET-002") << refused.error().what;
  }
  EXPECT_EQ(exchange("localhost", trusted).error().code, "SPW-NET-002");
}

}  // namespace
}  // namespace spillway::net
