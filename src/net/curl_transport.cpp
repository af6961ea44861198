#include "net/curl_transport.h"

#define CURL_DISABLE_TYPECHECK  // its macros would shadow the functions that we look up
#include <curl/curl.h>

#include <algorithm>
#include <deque>
#include <mutex>

#include "base/text.h"
#include "net/shared_library.h"

namespace spillway::net {
namespace {

constexpr Code kNoWay{"SPW-NET-001", "no connection, or it was cut", "check the network, DNS and any proxy"};
constexpr Code kBadCertificate{"SPW-NET-002",
                               "the server's certificate is not signed by an authority known here",
                               "name its authority's file in AWS_CA_BUNDLE, or correct the endpoint"};
constexpr Code kTooLarge{"SPW-NET-004", "the answer is larger than any that is expected there",
                         "check that the endpoint is AWS's"};
constexpr Code kNoLibrary{"SPW-NET-003", "libcurl.so.4 could not be loaded", "apt-get install libcurl4"};

// libcurl's functions. Linking it would cost every start 5 ms for the libraries that it brings.
struct Library {
  decltype(&::curl_global_init) global_init;
  decltype(&::curl_easy_init) easy_init;
  decltype(&::curl_easy_cleanup) easy_cleanup;
  decltype(&::curl_easy_setopt) easy_setopt;
  decltype(&::curl_easy_getinfo) easy_getinfo;
  decltype(&::curl_easy_strerror) easy_strerror;
  decltype(&::curl_slist_append) slist_append;
  decltype(&::curl_slist_free_all) slist_free_all;
  decltype(&::curl_multi_init) multi_init;
  decltype(&::curl_multi_cleanup) multi_cleanup;
  decltype(&::curl_multi_setopt) multi_setopt;
  decltype(&::curl_multi_add_handle) multi_add_handle;
  decltype(&::curl_multi_remove_handle) multi_remove_handle;
  decltype(&::curl_multi_perform) multi_perform;
  decltype(&::curl_multi_poll) multi_poll;
  decltype(&::curl_multi_info_read) multi_info_read;
};

const Library* load() {
  static const Library* const library = []() -> const Library* {
    static Library found;
    SharedLibrary shared{"libcurl.so.4", "libcurl-gnutls.so.4"};
    shared.look_up(found.global_init, "curl_global_init");
    shared.look_up(found.easy_init, "curl_easy_init");
    shared.look_up(found.easy_cleanup, "curl_easy_cleanup");
    shared.look_up(found.easy_setopt, "curl_easy_setopt");
    shared.look_up(found.easy_getinfo, "curl_easy_getinfo");
    shared.look_up(found.easy_strerror, "curl_easy_strerror");
    shared.look_up(found.slist_append, "curl_slist_append");
    shared.look_up(found.slist_free_all, "curl_slist_free_all");
    shared.look_up(found.multi_init, "curl_multi_init");
    shared.look_up(found.multi_cleanup, "curl_multi_cleanup");
    shared.look_up(found.multi_setopt, "curl_multi_setopt");
    shared.look_up(found.multi_add_handle, "curl_multi_add_handle");
    shared.look_up(found.multi_remove_handle, "curl_multi_remove_handle");
    shared.look_up(found.multi_perform, "curl_multi_perform");
    shared.look_up(found.multi_poll, "curl_multi_poll");
    shared.look_up(found.multi_info_read, "curl_multi_info_read");
    return shared.complete() && found.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? &found : nullptr;
  }();
  return library;
}

// One request on its way. Not movable: curl keeps its address.
struct Transfer {
  Transfer(const Library& library, const Request& sent, size_t most)
      : curl(library), request(sent), max_body(most), easy(library.easy_init()) {}
  ~Transfer() {
    curl.slist_free_all(headers);
    if (easy) curl.easy_cleanup(easy);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  const Library& curl;
  const Request& request;
  const size_t max_body;
  CURL* easy;
  curl_slist* headers = nullptr;
  bool too_large = false;
  char error[CURL_ERROR_SIZE] = "";
  Response response;
};

size_t on_body(char* data, size_t size, size_t count, void* self) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  const size_t bytes = size * count;
  if (transfer.response.body.size() + bytes > transfer.max_body) {
    transfer.too_large = true;
    return 0;  // curl then fails the transfer
  }
  transfer.response.body.append(data, bytes);
  return bytes;
}

size_t on_header(char* data, size_t size, size_t count, void* self) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  const std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) transfer.response.headers.clear();  // a 100 Continue came before
  if (const size_t colon = line.find(':'); colon != std::string_view::npos)
    transfer.response.headers.push_back(
        {std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1)))});
  return line.size();
}

void add_header(Transfer& transfer, const std::string& line) {
  transfer.headers = transfer.curl.slist_append(transfer.headers, line.c_str());
}

bool is_link_local(std::string_view url) {
  const size_t host = url.find("://");
  return host != std::string_view::npos && url.substr(host + 3).starts_with("169.254.");
}

void set_headers(Transfer& transfer) {
  for (const Header& header : transfer.request.headers)
    add_header(transfer, header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
  // What curl would add by itself: signed requests carry nothing that they did not state.
  add_header(transfer, "Expect:");
  if (!find_header(transfer.request.headers, "Content-Type")) add_header(transfer, "Content-Type:");
}

void configure(Transfer& transfer, const CurlOptions& options, Deadline deadline) {
  const Request& request = transfer.request;
  const auto set = [&](CURLoption option, auto value) {
    transfer.curl.easy_setopt(transfer.easy, option, value);
  };
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PATH_AS_IS, 1L);  // "a/../b" is a key of S3
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_ERRORBUFFER, transfer.error);
  if (!options.ca_file.empty()) set(CURLOPT_CAINFO, options.ca_file.c_str());
  if (is_link_local(request.url)) set(CURLOPT_PROXY, "");
  const long remaining = std::max<long>(1, deadline.remaining().count());
  const long connect = std::chrono::duration_cast<std::chrono::milliseconds>(options.connect_timeout).count();
  set(CURLOPT_TIMEOUT_MS, remaining);
  set(CURLOPT_CONNECTTIMEOUT_MS, std::min(remaining, connect));
  // A peer that says nothing at all is given up long before a generous deadline.
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.silence.count()));
  if (request.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (request.method != "GET" || !request.body.empty()) {
    if (request.method == "POST" || request.method == "PUT" || !request.body.empty()) {
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      set(CURLOPT_POSTFIELDS, request.body.c_str());
    }
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  set_headers(transfer);
  set(CURLOPT_HTTPHEADER, transfer.headers);
  set(CURLOPT_WRITEFUNCTION, &on_body);
  set(CURLOPT_WRITEDATA, &transfer);
  set(CURLOPT_HEADERFUNCTION, &on_header);
  set(CURLOPT_HEADERDATA, &transfer);
  set(CURLOPT_PRIVATE, &transfer);
}

std::string host_of(std::string_view url) {
  const size_t start = url.find("://");
  const size_t from = start == std::string_view::npos ? 0 : start + 3;
  return std::string(url.substr(from, url.find_first_of("/?", from) - from));
}

Error failure(const Transfer& transfer, CURLcode code) {
  const std::string what = fmt::format("{} {}: {}", transfer.request.method, host_of(transfer.request.url),
                                       *transfer.error ? transfer.error : transfer.curl.easy_strerror(code));
  if (transfer.too_large) return Error{Kind::internal, kTooLarge, what};
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return Error{Kind::timeout, what};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return Error{Kind::unavailable, kBadCertificate, what};
    default:
      return Error{Kind::unavailable, kNoWay, what};
  }
}

Error late(const Request& request) {
  return Error{Kind::timeout, fmt::format("{} {}: no answer in time", request.method, host_of(request.url))};
}

}  // namespace

// Multi handles at rest, each with its kept connections; a thread takes one for the time of a send_all().
struct CurlTransport::Pool {
  std::mutex mutex;
  std::vector<CURLM*> resting;

  CURLM* take(const Library& curl, const CurlOptions& options) {
    {
      const std::lock_guard lock(mutex);
      if (!resting.empty()) {
        CURLM* multi = resting.back();
        resting.pop_back();
        return multi;
      }
    }
    CURLM* multi = curl.multi_init();
    curl.multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(options.max_in_flight));
    curl.multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(options.max_in_flight * 2));
    return multi;
  }
  void give_back(CURLM* multi) {
    const std::lock_guard lock(mutex);
    resting.push_back(multi);
  }
  ~Pool() {
    for (CURLM* multi : resting) load()->multi_cleanup(multi);
  }
};

CurlTransport::CurlTransport(CurlOptions options)
    : options_(std::move(options)), pool_(std::make_unique<Pool>()) {}
CurlTransport::~CurlTransport() = default;

Result<Response> CurlTransport::send(const Request& request, Deadline deadline) {
  return std::move(send_all({request}, deadline).front());
}

std::vector<Result<Response>> CurlTransport::send_all(const std::vector<Request>& requests,
                                                      Deadline deadline) {
  std::vector<Result<Response>> answers;
  for (const Request& request : requests) answers.emplace_back(late(request));
  const Library* curl = load();
  if (!curl) {
    for (auto& answer : answers) answer = Error{Kind::unavailable, kNoLibrary, "cannot send HTTP requests"};
    return answers;
  }
  CURLM* multi = pool_->take(*curl, options_);
  std::deque<Transfer> transfers;  // does not move what it holds
  size_t next = 0, running = 0;
  const auto start = [&] {
    while (next < requests.size() && running < options_.max_in_flight && !deadline.expired()) {
      Transfer& transfer = transfers.emplace_back(*curl, requests[next++], options_.max_body);
      configure(transfer, options_, deadline);
      curl->multi_add_handle(multi, transfer.easy);
      ++running;
    }
  };
  for (start(); running > 0 && !deadline.expired(); start()) {
    int active = 0, left = 0;
    curl->multi_perform(multi, &active);
    bool finished = false;
    while (const CURLMsg* message = curl->multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      CURL* easy = message->easy_handle;
      void* self = nullptr;
      curl->easy_getinfo(easy, CURLINFO_PRIVATE, &self);
      Transfer& transfer = *static_cast<Transfer*>(self);
      long status = 0;
      curl->easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
      curl->multi_remove_handle(multi, easy);
      transfer.response.status = static_cast<int>(status);
      const size_t index = &transfer.request - requests.data();
      if (code == CURLE_OK)
        answers[index] = std::move(transfer.response);
      else
        answers[index] = failure(transfer, code);
      curl->easy_cleanup(std::exchange(transfer.easy, nullptr));
      --running;
      finished = true;
    }
    if (!finished && running > 0)
      curl->multi_poll(multi, nullptr, 0,
                       static_cast<int>(std::min<int64_t>(deadline.remaining().count(), 1000)), nullptr);
  }
  for (Transfer& transfer : transfers)
    if (transfer.easy) curl->multi_remove_handle(multi, transfer.easy);
  transfers.clear();  // before another thread may take the multi handle
  pool_->give_back(multi);
  return answers;
}

}  // namespace spillway::net
