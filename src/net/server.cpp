#include "net/server.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

#include "base/text.h"
#include "net/shared_library.h"

namespace spillway::net {
namespace {

constexpr Code kInUse{"SPW-NET-010", "another process listens there",
                      "choose another port, or find its owner: ss -ltnp"};
constexpr Code kCannotListen{"SPW-NET-011", "the address is not of this host, or the port needs root",
                             "check the address and port"};
constexpr Code kBadCertificate{"SPW-NET-012",
                               "the certificate or its key is not PEM, or they do not belong together",
                               "check both with: openssl x509, openssl pkey"};
constexpr Code kNoLibrary{"SPW-NET-013", "libmicrohttpd.so.12 could not be loaded",
                          "apt-get install libmicrohttpd12"};

// libmicrohttpd's functions, looked up as curl's are: programs that serve nothing start without it.
struct Library {
  decltype(&::MHD_start_daemon) start_daemon;
  decltype(&::MHD_stop_daemon) stop_daemon;
  decltype(&::MHD_suspend_connection) suspend_connection;
  decltype(&::MHD_resume_connection) resume_connection;
  decltype(&::MHD_get_connection_info) get_connection_info;
  decltype(&::MHD_get_connection_values) get_connection_values;
  decltype(&::MHD_create_response_from_buffer) create_response_from_buffer;
  decltype(&::MHD_create_response_from_callback) create_response_from_callback;
  decltype(&::MHD_add_response_header) add_response_header;
  decltype(&::MHD_queue_response) queue_response;
  decltype(&::MHD_destroy_response) destroy_response;
};

const Library* load() {
  static const Library* const library = []() -> const Library* {
    static Library found;
    SharedLibrary shared{"libmicrohttpd.so.12"};
    shared.look_up(found.start_daemon, "MHD_start_daemon");
    shared.look_up(found.stop_daemon, "MHD_stop_daemon");
    shared.look_up(found.suspend_connection, "MHD_suspend_connection");
    shared.look_up(found.resume_connection, "MHD_resume_connection");
    shared.look_up(found.get_connection_info, "MHD_get_connection_info");
    shared.look_up(found.get_connection_values, "MHD_get_connection_values");
    shared.look_up(found.create_response_from_buffer, "MHD_create_response_from_buffer");
    shared.look_up(found.create_response_from_callback, "MHD_create_response_from_callback");
    shared.look_up(found.add_response_header, "MHD_add_response_header");
    shared.look_up(found.queue_response, "MHD_queue_response");
    shared.look_up(found.destroy_response, "MHD_destroy_response");
    return shared.complete() ? &found : nullptr;
  }();
  return library;
}

/// One request, from its first line to its answer. Drawn as states:
///   reading ──whole body──► answering (connection suspended, a worker has it) ──resumed──► answered
struct Exchange {
  Incoming request;
  Response response;
  enum { fresh, reading, answering, answered } state = fresh;
  bool too_large = false;
  MHD_Connection* connection = nullptr;
};

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Result<Address> parse_address(const std::string& text, uint16_t port) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  if (getaddrinfo(text.c_str(), std::to_string(port).c_str(), &hints, &found) != 0)
    return Error{Kind::invalid, kCannotListen,
                 fmt::format("cannot listen on {}: not a numeric address", text)};
  Address address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  freeaddrinfo(found);
  return address;
}

Result<Fd> listen_on(const ServerOptions& options) {
  Address address = TRY(parse_address(options.address, options.port));
  Fd fd{socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  int on = 1;
  if (fd.valid()) setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (!fd.valid() || bind(fd.get(), reinterpret_cast<sockaddr*>(&address.storage), address.size) != 0 ||
      listen(fd.get(), 512) != 0) {
    int code = errno;
    std::string what =
        fmt::format("cannot listen on {} port {}: {}", options.address, options.port, strerror(code));
    if (code == EADDRINUSE) return Error{Kind::conflict, kInUse, std::move(what)};
    return Error{Kind::io, kCannotListen, std::move(what)};
  }
  return fd;
}

std::string numeric(const sockaddr* address) {
  char text[NI_MAXHOST] = "";
  socklen_t size = address->sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  getnameinfo(address, size, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
  std::string_view name = text;
  if (name.starts_with("::ffff:")) name.remove_prefix(7);  // IPv4 on a socket of both kinds
  return std::string(name);
}

uint16_t port_of(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return ntohs(address.ss_family == AF_INET ? reinterpret_cast<sockaddr_in*>(&address)->sin_port
                                            : reinterpret_cast<sockaddr_in6*>(&address)->sin6_port);
}

}  // namespace

struct Server::Impl {
  const Library* mhd = nullptr;
  ServerOptions options;
  Handler handler;
  MHD_Daemon* daemon = nullptr;
  uint16_t port = 0;

  std::mutex mutex;
  std::condition_variable work;
  std::deque<Exchange*> waiting;
  bool stopping = false;
  std::vector<std::thread> workers;

  void run_worker() {
    for (;;) {
      Exchange* exchange = nullptr;
      {
        std::unique_lock lock(mutex);
        work.wait(lock, [&] { return stopping || !waiting.empty(); });
        if (waiting.empty()) return;
        exchange = waiting.front();
        waiting.pop_front();
      }
      exchange->response = handler(exchange->request);
      exchange->state = Exchange::answered;
      mhd->resume_connection(exchange->connection);
    }
  }

  void begin(Exchange& exchange, MHD_Connection* connection, const char* method) {
    exchange.connection = connection;
    exchange.request.method = method;
    exchange.request.tls = !options.certificate.empty();
    const MHD_ConnectionInfo* info = mhd->get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info) exchange.request.peer = numeric(info->client_addr);
    mhd->get_connection_values(
        connection, MHD_HEADER_KIND,
        [](void* headers, MHD_ValueKind, const char* name, const char* value) {
          static_cast<Headers*>(headers)->push_back({name, value ? value : ""});
          return MHD_YES;
        },
        &exchange.request.headers);
    const std::string* length = find_header(exchange.request.headers, "content-length");
    exchange.too_large = length && parse_int(*length).value_or(0) > static_cast<int64_t>(options.max_body);
    exchange.state = Exchange::reading;
  }

  MHD_Result send(MHD_Connection* connection, const Exchange& exchange, const Response& response) {
    if (response.status == 0) return MHD_NO;  // cuts the connection
    const std::string* length = find_header(response.headers, "content-length");
    const bool head = exchange.request.method == "HEAD" && length && response.body.empty();
    MHD_Response* out =
        head ? mhd->create_response_from_callback(
                   static_cast<uint64_t>(parse_int(*length).value_or(0)), 4096,
                   [](void*, uint64_t, char*, size_t) -> ssize_t { return MHD_CONTENT_READER_END_OF_STREAM; },
                   nullptr, nullptr)
             : mhd->create_response_from_buffer(response.body.size(), const_cast<char*>(response.body.data()),
                                                MHD_RESPMEM_MUST_COPY);
    if (!out) return MHD_NO;
    for (const auto& [name, value] : response.headers)
      if (!equal_ignoring_case(name, "content-length"))
        mhd->add_response_header(out, name.c_str(), value.c_str());
    MHD_Result queued = mhd->queue_response(connection, static_cast<unsigned>(response.status), out);
    mhd->destroy_response(out);
    return queued;
  }

  MHD_Result receive(MHD_Connection* connection, const char* method, const char* data, size_t* size,
                     Exchange& exchange) {
    static const Response kTooLarge{413, {{"Content-Type", "text/plain"}}, "request body too large\n"};
    if (exchange.state == Exchange::fresh) {
      begin(exchange, connection, method);
      return exchange.too_large ? send(connection, exchange, kTooLarge) : MHD_YES;
    }
    if (exchange.state == Exchange::answered) return send(connection, exchange, exchange.response);
    if (*size != 0) {
      exchange.too_large = exchange.too_large || exchange.request.body.size() + *size > options.max_body;
      if (!exchange.too_large) exchange.request.body.append(data, *size);
      *size = 0;
      return MHD_YES;
    }
    if (exchange.state != Exchange::reading) return MHD_YES;
    if (exchange.too_large) return send(connection, exchange, kTooLarge);
    std::lock_guard lock(mutex);
    if (stopping) return MHD_NO;
    exchange.state = Exchange::answering;
    mhd->suspend_connection(connection);
    waiting.push_back(&exchange);
    work.notify_one();
    return MHD_YES;
  }

  static MHD_Result on_request(void* self, MHD_Connection* connection, const char*, const char* method,
                               const char*, const char* data, size_t* size, void** state) {
    return static_cast<Impl*>(self)->receive(connection, method, data, size, *static_cast<Exchange*>(*state));
  }
  // Called first, with the target as it was sent; what it returns becomes the request's state.
  static void* on_target(void*, const char* target, MHD_Connection*) {
    auto* exchange = new Exchange;
    exchange->request.target = target;
    return exchange;
  }
  static void on_completed(void*, MHD_Connection*, void** state, MHD_RequestTerminationCode) {
    delete static_cast<Exchange*>(*state);
    *state = nullptr;
  }
  static size_t keep_escapes(void*, MHD_Connection*, char* text) { return std::strlen(text); }

  Result<void> start() {
    mhd = load();
    Fd fd{options.listen_fd};
    if (!mhd) return Error{Kind::unavailable, kNoLibrary, "cannot serve HTTP"};
    if (!fd.valid()) fd = TRY(listen_on(options));
    port = port_of(fd.get());
    const bool tls = !options.certificate.empty();
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | (tls ? MHD_USE_TLS : 0);
    std::vector<MHD_OptionItem> more;
    if (tls) {
      more.push_back({MHD_OPTION_HTTPS_MEM_CERT, 0, options.certificate.data()});
      more.push_back({MHD_OPTION_HTTPS_MEM_KEY, 0, options.key.data()});
    }
    more.push_back({MHD_OPTION_END, 0, nullptr});
    daemon =
        mhd->start_daemon(flags, 0, nullptr, nullptr, &on_request, this,      //
                          MHD_OPTION_LISTEN_SOCKET, fd.get(),                 //
                          MHD_OPTION_URI_LOG_CALLBACK, &on_target, this,      //
                          MHD_OPTION_NOTIFY_COMPLETED, &on_completed, this,   //
                          MHD_OPTION_UNESCAPE_CALLBACK, &keep_escapes, this,  //
                          MHD_OPTION_CONNECTION_TIMEOUT, static_cast<unsigned>(options.idle_timeout.count()),
                          MHD_OPTION_CONNECTION_MEMORY_LIMIT, size_t{128} << 10,  //
                          MHD_OPTION_ARRAY, more.data(), MHD_OPTION_END);
    if (!daemon)
      return tls ? Error{Kind::invalid, kBadCertificate, "cannot serve HTTPS"}
                 : Error{Kind::io, kCannotListen, fmt::format("cannot serve on port {}", port)};
    (void)fd.release();  // the daemon closes it
    for (size_t i = 0; i < options.workers; ++i) workers.emplace_back([this] { run_worker(); });
    return {};
  }

  void stop() {
    {
      std::lock_guard lock(mutex);
      stopping = true;
    }
    work.notify_all();
    for (std::thread& worker : workers) worker.join();  // each leaves once nothing waits
    workers.clear();
    if (daemon) mhd->stop_daemon(std::exchange(daemon, nullptr));
  }
};

Server::Server() : impl_(std::make_unique<Impl>()) {}
Server::~Server() {
  stop();
}
void Server::stop() {
  impl_->stop();
}
uint16_t Server::port() const {
  return impl_->port;
}

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Handler handler) {
  std::unique_ptr<Server> server(new Server);
  server->impl_->options = std::move(options);
  server->impl_->handler = std::move(handler);
  TRY(server->impl_->start());
  return server;
}

}  // namespace spillway::net
