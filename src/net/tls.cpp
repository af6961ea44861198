#include "net/tls.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "net/shared_library.h"

namespace spillway::net {
namespace {

constexpr Code kBadCertificate{"SPW-NET-002",
                               "the server's certificate is not signed by an authority known here",
                               "name its authority's file in AWS_CA_BUNDLE, or correct the endpoint"};
constexpr Code kNoLibrary{"SPW-NET-022", "libssl.so.3 could not be loaded", "apt-get install libssl3"};

// libssl's functions; libcrypto is linked for its digests anyway.
struct Library {
  decltype(&::TLS_client_method) client_method;
  decltype(&::SSL_CTX_new) ctx_new;
  decltype(&::SSL_CTX_free) ctx_free;
  decltype(&::SSL_CTX_set_verify) ctx_set_verify;
  decltype(&::SSL_CTX_set_default_verify_paths) ctx_default_paths;
  decltype(&::SSL_CTX_load_verify_locations) ctx_load;
  decltype(&::SSL_CTX_ctrl) ctx_ctrl;
  decltype(&::SSL_new) make;
  decltype(&::SSL_free) free;
  decltype(&::SSL_set_fd) set_fd;
  decltype(&::SSL_ctrl) ctrl;
  decltype(&::SSL_get0_param) get_param;
  decltype(&::SSL_connect) connect;
  decltype(&::SSL_read) read;
  decltype(&::SSL_write) write;
  decltype(&::SSL_get_error) get_error;
  decltype(&::SSL_get_verify_result) verify_result;
};

const Library* load() {
  static const Library* const library = []() -> const Library* {
    static Library found;
    SharedLibrary shared{"libssl.so.3"};
    shared.look_up(found.client_method, "TLS_client_method");
    shared.look_up(found.ctx_new, "SSL_CTX_new");
    shared.look_up(found.ctx_free, "SSL_CTX_free");
    shared.look_up(found.ctx_set_verify, "SSL_CTX_set_verify");
    shared.look_up(found.ctx_default_paths, "SSL_CTX_set_default_verify_paths");
    shared.look_up(found.ctx_load, "SSL_CTX_load_verify_locations");
    shared.look_up(found.ctx_ctrl, "SSL_CTX_ctrl");
    shared.look_up(found.make, "SSL_new");
    shared.look_up(found.free, "SSL_free");
    shared.look_up(found.set_fd, "SSL_set_fd");
    shared.look_up(found.ctrl, "SSL_ctrl");
    shared.look_up(found.get_param, "SSL_get0_param");
    shared.look_up(found.connect, "SSL_connect");
    shared.look_up(found.read, "SSL_read");
    shared.look_up(found.write, "SSL_write");
    shared.look_up(found.get_error, "SSL_get_error");
    shared.look_up(found.verify_result, "SSL_get_verify_result");
    return shared.complete() ? &found : nullptr;
  }();
  return library;
}

struct Context final : TlsContext {
  SSL_CTX* ctx = nullptr;
  ~Context() override {
    if (ctx) load()->ctx_free(ctx);
  }
};

struct Session final : TlsSession {
  std::shared_ptr<TlsContext> context;  // outlives what it made
  SSL* ssl = nullptr;
  ~Session() override {
    if (ssl) load()->free(ssl);
  }

  ssize_t result(int got) const {
    if (got > 0) return got;
    const int why = load()->get_error(ssl, got);
    if (why == SSL_ERROR_ZERO_RETURN) return 0;
    errno = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
    return -1;
  }
  ssize_t read(char* into, size_t most) override {
    return result(load()->read(ssl, into, static_cast<int>(std::min<size_t>(most, INT_MAX))));
  }
  ssize_t write(std::string_view data) override {
    return result(load()->write(ssl, data.data(), static_cast<int>(std::min<size_t>(data.size(), INT_MAX))));
  }
};

bool is_numeric(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1 || inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::make(const std::string& ca_file) {
  const Library* ssl = load();
  if (!ssl) return Error{Kind::unavailable, kNoLibrary, "cannot use TLS"};
  auto context = std::make_shared<Context>();
  context->ctx = ssl->ctx_new(ssl->client_method());
  ssl->ctx_set_verify(context->ctx, SSL_VERIFY_PEER, nullptr);
  ssl->ctx_ctrl(context->ctx, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, nullptr);
  const int loaded = ca_file.empty() ? ssl->ctx_default_paths(context->ctx)
                                     : ssl->ctx_load(context->ctx, ca_file.c_str(), nullptr);
  if (loaded != 1) return Error{Kind::invalid, kBadCertificate, "cannot read certificates from " + ca_file};
  return std::shared_ptr<TlsContext>(std::move(context));
}

Result<std::unique_ptr<TlsSession>> TlsSession::start(const std::shared_ptr<TlsContext>& context, int socket,
                                                      const std::string& host) {
  const Library& ssl = *load();
  auto session = std::make_unique<Session>();
  session->context = context;
  session->ssl = ssl.make(static_cast<Context&>(*context).ctx);
  ssl.set_fd(session->ssl, socket);
  X509_VERIFY_PARAM* expected = ssl.get_param(session->ssl);
  if (is_numeric(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str());
  } else {
    X509_VERIFY_PARAM_set1_host(expected, host.c_str(), 0);
    ssl.ctrl(session->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(host.c_str()));
  }
  if (ssl.connect(session->ssl) == 1) return std::unique_ptr<TlsSession>(std::move(session));
  if (const long bad = ssl.verify_result(session->ssl); bad != X509_V_OK)
    return Error{Kind::unavailable, kBadCertificate,
                 fmt::format("{}: {}", host, X509_verify_cert_error_string(bad))};
  return Error{Kind::unavailable, fmt::format("{}: no TLS with it", host)};
}

}  // namespace spillway::net
