#pragma once
#include <mutex>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace spillway::lab {

/// How the lab in the background tells the `lab up` in the foreground what it has done: one JSON line each.
class Progress {
 public:
  explicit Progress(Fd pipe) : pipe_(std::move(pipe)) {}
  void step(const std::string& done) { say(Json::object({{"step", done}})); }
  void failed(const Error& error);
  /// The last line: everything answers. Closes the pipe.
  void ready(Json status);
  /// Whether nobody waits for the lab any more: its `lab up` was interrupted.
  bool abandoned() const;
  /// Closes this copy of the pipe without a word; another process tells the rest.
  void let_go() { pipe_.reset(); }

 private:
  void say(const Json& line);
  std::mutex mutex_;
  Fd pipe_;
};

/// The failure of a "failed" line, as the foreground reads it.
Error error_from_json(const Json& json);
Json error_to_json(const Error& error);

}  // namespace spillway::lab
