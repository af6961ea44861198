#include "lab/progress.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace spillway::lab {

void Progress::say(const Json& line) {
  const std::scoped_lock lock(mutex_);
  if (!pipe_.valid()) return;
  const std::string text = line.dump() + "\n";
  (void)!send(pipe_.get(), text.data(), text.size(), MSG_NOSIGNAL);  // nobody may listen any more
}

void Progress::failed(const Error& error) {
  say(Json::object({{"error", error_to_json(error)}}));
}

void Progress::ready(Json status) {
  say(Json::object({{"ready", std::move(status)}}));
  const std::scoped_lock lock(mutex_);
  pipe_.reset();
}

bool Progress::abandoned() const {
  pollfd look{pipe_.get(), 0, 0};
  return poll(&look, 1, 0) == 1 && (look.revents & POLLHUP) != 0;
}

Json error_to_json(const Error& error) {
  return Json::object({{"kind", static_cast<int>(error.kind)},
                       {"what", error.what},
                       {"code", error.code},
                       {"why", error.why},
                       {"fix", error.fix}});
}

Error error_from_json(const Json& json) {
  Error error{static_cast<Kind>(json["kind"].as_int()), json["what"].as_string()};
  error.code = json["code"].as_string();
  error.why = json["why"].as_string();
  error.fix = json["fix"].as_string();
  return error;
}

}  // namespace spillway::lab
