// bench_sink PORT [LATENCY_MS]: as much of S3 as copying programs need, in memory, a thread for each
// connection, and nothing checked: what the benchmark of transfers measures is then the client. Every request
// waits LATENCY_MS first.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

using Text = std::string;
using View = std::string_view;
/// Bytes as they arrived. Memory is kept for the next piece of its size: else the server's page faults would
/// be what is measured.
struct Piece {
  explicit Piece(size_t bytes) : size(bytes), capacity((bytes + 4095) / 4096 * 4096) {
    const std::lock_guard lock(mutex);
    auto& kept = rest[capacity];
    if (!kept.empty()) {
      data = kept.back();
      kept.pop_back();
    } else {
      data = static_cast<char*>(malloc(std::max<size_t>(capacity, 1)));
    }
  }
  ~Piece() {
    const std::lock_guard lock(mutex);
    rest[capacity].push_back(data);
  }
  Piece(const Piece&) = delete;
  Piece& operator=(const Piece&) = delete;
  View view() const { return {data, size}; }
  char* data = nullptr;
  size_t size;
  const size_t capacity;
  static inline std::mutex mutex;
  static inline std::map<size_t, std::vector<char*>> rest;
};
/// In pieces, one for each part that was sent.
struct Object {
  std::vector<std::shared_ptr<Piece>> pieces;
  Text etag, crc, metadata;  // metadata: headers as they came
  time_t at = time(nullptr);
  Text date(const char* format) const {
    char text[64];
    tm parts{};
    gmtime_r(&at, &parts);
    return {text, strftime(text, sizeof text, format, &parts)};
  }
  size_t size() const {
    size_t sum = 0;
    for (const auto& piece : pieces) sum += piece->size;
    return sum;
  }
};
std::map<Text, Object> objects;  // "bucket/key"
std::map<Text, std::map<int, Object>> uploads;
std::shared_mutex guard;
std::atomic<int64_t> counter = 0, requests = 0;
int latency_ms = 0;

Text decoded(View text) {
  Text out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(Text(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}
Text encoded(View text) {
  Text out;
  char piece[4];
  for (const unsigned char c : text)
    if (isalnum(c) || strchr("-_.~/", c))
      out += static_cast<char>(c);
    else
      snprintf(piece, sizeof piece, "%%%02X", c), out += piece;
  return out;
}

struct Request {
  Text method, path, etag;              // the path decoded: "/bucket/key"
  std::map<Text, Text> query, headers;  // header names in small letters
  std::shared_ptr<Piece> body;
};

class Connection {
 public:
  explicit Connection(int fd) : fd_(fd) {}
  ~Connection() { close(fd_); }
  void serve() {
    Request request;
    while (read(request)) {
      ++requests;
      if (latency_ms > 0) usleep(static_cast<unsigned>(latency_ms) * 1000);
      answer(request);
      request = {};
    }
  }

 private:
  bool read(Request& request) {
    size_t end = 0;
    char piece[16384];
    while ((end = pending_.find("\r\n\r\n")) == Text::npos) {
      const ssize_t got = recv(fd_, piece, sizeof piece, 0);
      if (got <= 0) return false;
      pending_.append(piece, static_cast<size_t>(got));
    }
    const Text head = pending_.substr(0, end + 2);
    pending_.erase(0, end + 4);
    const size_t a = head.find(' '), b = head.find(' ', a + 1);
    request.method = head.substr(0, a);
    const Text target = head.substr(a + 1, b - a - 1);
    const size_t mark = std::min(target.find('?'), target.size());
    request.path = decoded(target.substr(0, mark));
    for (size_t at = mark + 1; at < target.size();) {
      const size_t next = std::min(target.find('&', at), target.size());
      const Text one = target.substr(at, next - at);
      const size_t equals = std::min(one.find('='), one.size());
      request.query[one.substr(0, equals)] = equals < one.size() ? decoded(one.substr(equals + 1)) : "";
      at = next + 1;
    }
    for (size_t at = head.find("\r\n") + 2; at < head.size();) {
      const size_t next = head.find("\r\n", at), colon = head.find(':', at);
      Text name = head.substr(at, colon - at);
      for (char& c : name) c = static_cast<char>(tolower(c));
      request.headers[name] = head.substr(std::min(head.find_first_not_of(' ', colon + 1), next),
                                          next - std::min(head.find_first_not_of(' ', colon + 1), next));
      at = next + 2;
    }
    if (request.headers.contains("expect")) send(fd_, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL);
    if (request.headers.contains("transfer-encoding")) return false;
    const auto length = request.headers.find("content-length");
    const size_t size = length == request.headers.end() ? 0 : std::stoull(length->second);
    request.body = std::make_shared<Piece>(size);
    size_t have = std::min(size, pending_.size());
    memcpy(request.body->data, pending_.data(), have);
    pending_.erase(0, have);
    while (have < size) {
      const ssize_t got = recv(fd_, request.body->data + have, size - have, 0);
      if (got <= 0) return false;
      have += static_cast<size_t>(got);
    }
    if (request.headers.contains("x-amz-decoded-content-length")) unchunk(request.body);
    return true;
  }
  static void unchunk(std::shared_ptr<Piece>& body) {
    const View in = body->view();
    auto out = std::make_shared<Piece>(in.size());
    out->size = 0;
    for (size_t at = 0; at < in.size();) {
      const size_t line = in.find("\r\n", at);
      const size_t size = std::stoull(Text(in.substr(at, line - at)), nullptr, 16);
      if (size == 0) break;
      memcpy(out->data + out->size, in.data() + line + 2, size);
      out->size += size;
      at = line + 2 + size + 2;
    }
    body = out;
  }
  /// A head, and the bytes of an object from one place on.
  void reply_with(int status, const Text& headers, const Object& object, size_t from, size_t count) {
    send_all("HTTP/1.1 " + std::to_string(status) + " X\r\n" + headers +
                 "Content-Length: " + std::to_string(count) + "\r\n\r\n",
             MSG_MORE);
    for (const auto& piece : object.pieces) {
      if (from >= piece->size) {
        from -= piece->size;
        continue;
      }
      const View part = piece->view().substr(from, count);
      send_all(part, 0);
      from = 0;
      count -= part.size();
      if (count == 0) break;
    }
  }
  void send_all(View data, int flags) {
    while (!data.empty()) {
      const ssize_t sent = send(fd_, data.data(), data.size(), MSG_NOSIGNAL | flags);
      if (sent <= 0) return;
      data.remove_prefix(static_cast<size_t>(sent));
    }
  }
  void reply(int status, const Text& headers, View body, bool head_only = false, size_t length = 0) {
    const Text head = "HTTP/1.1 " + std::to_string(status) + " X\r\n" + headers +
                      "Content-Length: " + std::to_string(head_only ? length : body.size()) + "\r\n\r\n";
    iovec pieces[2] = {{const_cast<char*>(head.data()), head.size()},
                       {const_cast<char*>(body.data()), body.size()}};
    size_t left = head.size() + body.size();
    msghdr message{};
    message.msg_iov = pieces;
    message.msg_iovlen = 2;
    while (left > 0) {
      ssize_t sent = sendmsg(fd_, &message, MSG_NOSIGNAL);
      if (sent <= 0) return;
      left -= static_cast<size_t>(sent);
      for (iovec& piece : pieces) {
        const size_t take = std::min(piece.iov_len, static_cast<size_t>(sent));
        piece.iov_base = static_cast<char*>(piece.iov_base) + take;
        piece.iov_len -= take;
        sent -= static_cast<ssize_t>(take);
      }
    }
  }
  static Text described(const Object& object) {
    return "ETag: \"" + object.etag + "\"\r\nLast-Modified: " + object.date("%a, %d %b %Y %H:%M:%S GMT") +
           "\r\n" + object.metadata +
           (object.crc.empty() ? "" : "x-amz-checksum-crc64nvme: " + object.crc + "\r\n");
  }
  static Text metadata_of(const Request& request) {
    Text out;
    for (const auto& [name, value] : request.headers)
      if (name.starts_with("x-amz-meta-")) out += name + ": " + value + "\r\n";
    return out;
  }
  Object stored(Request& request) {
    char etag[48];
    snprintf(etag, sizeof etag, "%032lx-1", static_cast<unsigned long>(++counter));
    return {
        {std::move(request.body)}, etag, request.headers["x-amz-checksum-crc64nvme"], metadata_of(request)};
  }
  void answer(Request& request) {
    const Text name = request.path.substr(1);
    const bool bucket = name.find('/') == Text::npos || name.find('/') + 1 == name.size();
    if (request.method == "GET" && bucket) return list(request, name.substr(0, name.find('/')));
    if (request.method == "POST" && request.query.contains("delete")) {
      const std::unique_lock lock(guard);
      const Text body(request.body->view());
      for (size_t at = 0; (at = body.find("<Key>", at)) != Text::npos; ++at)
        objects.erase(name.substr(0, name.find('/')) + "/" +
                      body.substr(at + 5, body.find("</Key>", at) - at - 5));
      return reply(200, "", "<DeleteResult/>");
    }
    if (request.method == "POST" && request.query.contains("uploads")) {
      const Text id = std::to_string(++counter);
      return reply(200, "x-amz-checksum-algorithm: CRC64NVME\r\n",
                   "<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>" + name + "</Key><UploadId>" + id +
                       "</UploadId></InitiateMultipartUploadResult>");
    }
    if (request.method == "POST") return complete(request, name);
    if (request.method == "PUT" && request.query.contains("uploadId")) {
      Object part = stored(request);
      const Text headers = described(part);
      {
        const std::unique_lock lock(guard);
        uploads[request.query["uploadId"]][std::stoi(request.query["partNumber"])] = std::move(part);
      }
      return reply(200, headers, "");
    }
    if (request.method == "PUT") {
      Object object = stored(request);
      const Text headers = described(object);
      if (!bucket) {
        const std::unique_lock lock(guard);
        objects[name] = std::move(object);
      }
      return reply(200, headers, "");
    }
    if (request.method == "DELETE") {
      const std::unique_lock lock(guard);
      objects.erase(name);
      return reply(204, "", "");
    }
    get(request, name, bucket);
  }
  void get(Request& request, const Text& name, bool bucket) {
    Object object;
    {
      const std::shared_lock lock(guard);
      const auto found = objects.find(name);
      if (bucket) return reply(200, "", "");
      if (found == objects.end()) {
        if (request.method == "HEAD") return reply(404, "", "");
        return reply(404, "", "<Error><Code>NoSuchKey</Code></Error>");
      }
      object = found->second;
    }
    const size_t size = object.size();
    if (request.method == "HEAD") return reply(200, described(object), "", true, size);
    const auto range = request.headers.find("range");
    if (range == request.headers.end()) return reply_with(200, described(object), object, 0, size);
    const size_t from = std::stoull(range->second.substr(6)), dash = range->second.find('-');
    const size_t to = dash + 1 < range->second.size()
                          ? std::min<size_t>(std::stoull(range->second.substr(dash + 1)), size - 1)
                          : size - 1;
    object.crc.clear();
    reply_with(206,
               described(object) + "Content-Range: bytes " + std::to_string(from) + "-" + std::to_string(to) +
                   "/" + std::to_string(size) + "\r\n",
               object, from, to - from + 1);
  }
  void complete(Request& request, const Text& name) {
    const std::unique_lock lock(guard);
    auto& parts = uploads[request.query["uploadId"]];
    Object whole;
    for (auto& [number, part] : parts) whole.pieces.push_back(std::move(part.pieces.front()));
    char etag[48];
    snprintf(etag, sizeof etag, "%032lx-%zu", static_cast<unsigned long>(++counter), parts.size());
    whole.etag = etag;
    whole.crc = request.headers["x-amz-checksum-crc64nvme"];
    objects[name] = std::move(whole);
    uploads.erase(request.query["uploadId"]);
    reply(
        200, "",
        "<CompleteMultipartUploadResult><ETag>\"" + Text(etag) + "\"</ETag></CompleteMultipartUploadResult>");
  }
  void list(Request& request, const Text& bucket) {
    if (request.query.contains("location")) return reply(200, "", "<LocationConstraint/>");
    const Text prefix = bucket + "/" + request.query["prefix"];
    const size_t most = request.query.contains("max-keys")
                            ? std::min<size_t>(1000, std::stoull(request.query["max-keys"]))
                            : 1000;
    Text from = prefix;
    for (const char* marker : {"continuation-token", "start-after", "marker"})
      if (!request.query[marker].empty()) from = bucket + "/" + request.query[marker];
    const bool url = request.query["encoding-type"] == "url";
    Text out = "<ListBucketResult>", last;
    if (url) out += "<EncodingType>url</EncodingType>";
    const Text delimiter = request.query["delimiter"];
    Text folders;
    size_t count = 0;
    bool more = false;
    const std::shared_lock lock(guard);
    for (auto it = from == prefix ? objects.lower_bound(from) : objects.upper_bound(from);
         it != objects.end() && it->first.starts_with(prefix); ++it) {
      if (count++ == most) {
        more = true;
        break;
      }
      last = it->first.substr(bucket.size() + 1);
      if (const size_t end = delimiter.empty() ? Text::npos : it->first.find(delimiter, prefix.size());
          end != Text::npos) {
        const Text folder = it->first.substr(bucket.size() + 1, end - bucket.size());
        folders +=
            "<CommonPrefixes><Prefix>" + (url ? encoded(folder) : folder) + "</Prefix></CommonPrefixes>";
        last = folder + "\x7f\x7f";  // behind all that is in it
        it = std::prev(objects.upper_bound(bucket + "/" + last));
        continue;
      }
      out += "<Contents><Key>" + (url ? encoded(last) : last) + "</Key><LastModified>" +
             it->second.date("%Y-%m-%dT%H:%M:%S.000Z") + "</LastModified><ETag>&quot;" + it->second.etag +
             "&quot;</ETag><Size>" + std::to_string(it->second.size()) +
             "</Size><StorageClass>STANDARD</StorageClass></Contents>";
    }
    out += folders + "<IsTruncated>" + Text(more ? "true" : "false") + "</IsTruncated>";
    if (more)
      out += "<NextContinuationToken>" + encoded(last) + "</NextContinuationToken><NextMarker>" +
             encoded(last) + "</NextMarker>";
    reply(200, "", out + "</ListBucketResult>");
  }
  int fd_;
  Text pending_;
};

}  // namespace

int main(int argc, char** argv) {
  latency_ms = argc > 2 ? std::atoi(argv[2]) : 0;
  const int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, 1024) != 0)
    return perror("listen"), 1;
  socklen_t size = sizeof address;
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  for (;;) {
    const int fd = accept(listener, nullptr, nullptr);
    if (fd < 0) continue;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::thread([fd] { Connection(fd).serve(); }).detach();
  }
}
