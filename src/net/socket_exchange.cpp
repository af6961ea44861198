#include "net/socket_exchange.h"

namespace spillway::net {
namespace {

Error stopped() {
  return Error{Kind::interrupted, "interrupted"};
}

}  // namespace

std::unique_ptr<Connection> SocketExchange::take(const Origin& origin) {
  const std::lock_guard lock(mutex_);
  // The one used last is the one least likely to have been closed meanwhile.
  for (size_t i = resting_.size(); i-- > 0;) {
    if (resting_[i].origin != origin) continue;
    std::unique_ptr<Connection> found = std::move(resting_[i].connection);
    resting_.erase(resting_.begin() + static_cast<ptrdiff_t>(i));
    working_.insert(found.get());
    return found;
  }
  return nullptr;
}

Result<std::unique_ptr<Connection>> SocketExchange::connect(const Origin& origin, Deadline deadline) {
  std::shared_ptr<TlsContext> tls;
  size_t turn = 0;
  {
    const std::lock_guard lock(mutex_);
    if (origin.tls && !tls_) tls_ = TRY(TlsContext::make(options_.ca_file));
    tls = tls_;
    turn = opened_++;
  }
  auto made = TRY(Connection::open(origin, tls, options_.silence, turn, deadline));
  const std::lock_guard lock(mutex_);
  if (interrupted_) return stopped();
  working_.insert(made.get());
  return made;
}

Result<Exchanged> SocketExchange::send(const Request& request, const Cargo& cargo, Deadline deadline) {
  const Target target = TRY(target_of(request.url));
  for (;;) {
    std::unique_ptr<Connection> connection = take(target.origin);
    const bool kept = connection != nullptr;
    if (!connection) connection = TRY(connect(target.origin, deadline));
    auto answer = connection->exchange(target, request, cargo, deadline);
    const std::lock_guard lock(mutex_);
    working_.erase(connection.get());
    if (interrupted_) return stopped();
    // The server closed a connection that had rested: no answer of it is about this request.
    if (!answer && kept && connection->silent() && answer.error().kind == Kind::unavailable) continue;
    if (!answer)
      return std::move(answer).error().during(fmt::format("{} {}", request.method, target.origin.host));
    if (connection->reusable()) resting_.push_back({target.origin, std::move(connection)});
    return answer;
  }
}

void SocketExchange::interrupt() {
  const std::lock_guard lock(mutex_);
  interrupted_ = true;
  for (Connection* connection : working_) connection->cut();
}

}  // namespace spillway::net
