#include "net/connection.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.h"

namespace spillway::net {
namespace {

constexpr Code kCut{"SPW-NET-021", "the connection was cut, or what answers speaks no HTTP",
                    "check the network, and the endpoint (AWS_ENDPOINT_URL)"};
constexpr Code kTooLarge{"SPW-NET-004", "the answer is larger than any that is expected there",
                         "check that the endpoint is AWS's"};
constexpr size_t kLongestHead = 64 << 10, kLongestBody = 64 << 20;

Error was_cut(std::string_view doing) {
  return Error{Kind::unavailable, kCut, std::string(doing)};
}
Error late() {
  return Error{Kind::timeout, "the server said nothing in time"};
}

std::string head_of(const Target& target, const Request& request, size_t body) {
  std::string head;
  head.reserve(1024);
  head.append(request.method).append(" ").append(target.path_and_query).append(" HTTP/1.1\r\nHost: ");
  head.append(target.authority).append("\r\n");
  for (const Header& header : request.headers)
    head.append(header.name).append(": ").append(header.value).append("\r\n");
  if (body > 0 || request.method == "PUT" || request.method == "POST")
    head.append("Content-Length: ").append(std::to_string(body)).append("\r\n");
  return head.append("\r\n");
}

}  // namespace

Result<void> Connection::write_all(std::string_view head, std::string_view body, Deadline deadline) {
  while (!head.empty() || !body.empty()) {
    ssize_t sent = 0;
    if (tls_) {
      sent = tls_->write(head.empty() ? body.substr(0, 256 << 10) : head);
    } else {
      // Head and body in one packet: a small file is one write.
      std::array<iovec, 2> pieces{
          iovec{const_cast<char*>(head.data()), head.size()},
          iovec{const_cast<char*>(body.data()), std::min<size_t>(body.size(), 1 << 20)}};
      msghdr message{};
      message.msg_iov = pieces.data();
      message.msg_iovlen = pieces.size();
      sent = sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    }
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN ? late() : was_cut("the server took no more");
    const size_t of_head = std::min<size_t>(head.size(), static_cast<size_t>(sent));
    head.remove_prefix(of_head);
    body.remove_prefix(static_cast<size_t>(sent) - of_head);
    if (deadline.expired()) return late();
  }
  return {};
}

/// Some bytes; 0 at the end of what the server sends.
Result<size_t> Connection::read_some(char* into, size_t most, Deadline deadline) {
  if (!unread_.empty()) {
    const size_t take = std::min(most, unread_.size());
    std::memcpy(into, unread_.data(), take);
    unread_.erase(0, take);
    return take;
  }
  if (deadline.expired()) return late();
  for (;;) {
    const ssize_t got = tls_ ? tls_->read(into, most) : recv(socket_.get(), into, most, 0);
    if (got >= 0) return static_cast<size_t>(got);
    if (errno == EINTR) continue;
    return errno == EAGAIN ? late() : was_cut("the connection was reset");
  }
}

Result<void> Connection::fill(std::span<char> into, Deadline deadline) {
  while (!into.empty()) {
    const size_t got = TRY(read_some(into.data(), into.size(), deadline));
    if (got == 0) return was_cut("the answer is shorter than it said");
    into = into.subspan(got);
  }
  return {};
}

Result<void> Connection::read_head(Response& response, Deadline deadline) {
  std::string text;
  size_t end = 0;
  std::array<char, 16 << 10> piece;
  while ((end = text.find("\r\n\r\n")) == std::string::npos) {
    if (text.size() > kLongestHead) return was_cut("what answers speaks no HTTP");
    const size_t got = TRY(read_some(piece.data(), piece.size(), deadline));
    if (got == 0) return was_cut("the connection was closed before an answer");
    silent_ = false;
    text.append(piece.data(), got);
  }
  unread_.insert(0, text, end + 4, std::string::npos);
  const std::string_view head = std::string_view(text).substr(0, end);
  size_t at = std::min(head.find("\r\n"), head.size());
  const std::string_view status = head.substr(0, at);
  const auto number =
      status.starts_with("HTTP/1.") && status.size() >= 12 ? parse_int(status.substr(9, 3)) : std::nullopt;
  if (!number) return was_cut("what answers speaks no HTTP");
  response.status = static_cast<int>(*number);
  response.headers.clear();
  while (at < head.size()) {
    at += 2;
    const size_t next = std::min(head.find("\r\n", at), head.size());
    const std::string_view one = head.substr(at, next - at);
    if (const size_t colon = one.find(':'); colon != std::string_view::npos)
      response.headers.push_back(
          {std::string(one.substr(0, colon)), std::string(trim(one.substr(colon + 1)))});
    at = next;
  }
  const std::string* kept = find_header(response.headers, "Connection");
  if (kept && equal_ignoring_case(*kept, "close")) reusable_ = false;
  return {};
}

Result<std::string> Connection::line(Deadline deadline) {
  std::string text;
  for (;;) {
    char c = 0;
    TRY(fill({&c, 1}, deadline));
    if (c == '\n') return std::string(trim(text));
    text += c;
    if (text.size() > kLongestHead) return was_cut("what answers speaks no HTTP");
  }
}

/// Source: RFC 9112, 7.1.
Result<void> Connection::read_chunks(std::string& into, Deadline deadline) {
  for (;;) {
    const std::string said = TRY(line(deadline));
    const size_t size = std::strtoull(said.c_str(), nullptr, 16);
    if (into.size() + size > kLongestBody) return Error{Kind::internal, kTooLarge, "an endless answer"};
    if (size == 0) break;
    const size_t before = into.size();
    into.resize(before + size);
    TRY(fill({into.data() + before, size}, deadline));
    TRY(line(deadline));
  }
  while (!TRY(line(deadline)).empty()) {
  }
  return {};
}

Result<void> Connection::read_body(Exchanged& out, const Cargo& cargo, bool none, Deadline deadline) {
  Response& response = out.response;
  if (none || response.status == 204 || response.status == 304) return {};
  const bool good = response.status >= 200 && response.status < 300;
  const std::string* coding = find_header(response.headers, "Transfer-Encoding");
  const std::string* length = find_header(response.headers, "Content-Length");
  if (coding && equal_ignoring_case(*coding, "chunked")) {
    TRY(read_chunks(response.body, deadline));
  } else if (length) {
    const int64_t size = parse_int(*length).value_or(-1);
    const bool roomy = good && !cargo.room.empty();
    if (size < 0 || static_cast<size_t>(size) > (roomy ? cargo.room.size() : kLongestBody)) {
      reusable_ = false;
      return Error{Kind::internal, kTooLarge, fmt::format("an answer of {} bytes", *length)};
    }
    if (roomy) {
      out.placed = static_cast<size_t>(size);
      return fill(cargo.room.first(out.placed), deadline);
    }
    response.body.resize(static_cast<size_t>(size));
    return fill(response.body, deadline);
  } else {
    reusable_ = false;
    std::array<char, 16 << 10> piece;
    while (const size_t got = TRY(read_some(piece.data(), piece.size(), deadline))) {
      response.body.append(piece.data(), got);
      if (response.body.size() > kLongestBody) return Error{Kind::internal, kTooLarge, "an endless answer"};
    }
  }
  if (!good || cargo.room.empty()) return {};
  if (response.body.size() > cargo.room.size())
    return Error{Kind::internal, kTooLarge, fmt::format("an answer of {} bytes", response.body.size())};
  std::ranges::copy(response.body, cargo.room.begin());
  out.placed = response.body.size();
  response.body.clear();
  return {};
}

Result<Exchanged> Connection::exchange(const Target& target, const Request& request, const Cargo& cargo,
                                       Deadline deadline) {
  silent_ = true;
  const std::string_view body = cargo.body.empty() ? std::string_view(request.body) : cargo.body;
  const std::string head = head_of(target, request, body.size());
  const auto written = write_all(head, body, deadline);
  // A server that refuses in the middle of a body says why and closes: its answer tells more than our EPIPE.
  if (!written) reusable_ = false;
  Exchanged out;
  const auto run = [&]() -> Result<void> {
    do TRY(read_head(out.response, deadline));
    while (out.response.status >= 100 && out.response.status < 200);
    return read_body(out, cargo, request.method == "HEAD", deadline);
  };
  if (auto read = run(); !read) {
    reusable_ = false;
    return written ? std::move(read).error() : written.error();
  }
  return out;
}

}  // namespace spillway::net
