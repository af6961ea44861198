#include "site/intents.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "base/ids.h"
#include "base/json.h"
#include "base/text.h"
#include "site/codes.h"

namespace spillway::site {

Result<Intents> Intents::open(const std::filesystem::path& file) {
  std::error_code failed;
  std::filesystem::create_directories(file.parent_path(), failed);
  Intents out;
  out.path_ = file;
  out.file_ = Fd{::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!out.file_.valid()) return system_error("open", file, errno);
  if (flock(out.file_.get(), LOCK_EX | LOCK_NB) != 0)
    return Error{Kind::conflict, kBusy, fmt::format("another apply or destroy holds {}", file.string())};
  const std::string text = TRY(read_file(file));
  for (const std::string_view line : split(text, '\n')) {
    const auto entry = Json::parse(line);
    if (!entry) continue;
    if (const std::string& key = (*entry)["began"].as_string(); !key.empty())
      out.attempts_[key] = (*entry)["attempt"].as_string();
    out.attempts_.erase((*entry)["done"].as_string());
  }
  if (!text.empty() && text.back() != '\n') TRY(out.append(""));  // a torn line ends here
  if (out.attempts_.empty() && ftruncate(out.file_.get(), 0) != 0) return system_error("empty", file, errno);
  return out;
}

std::set<std::string> Intents::begun() const {
  std::set<std::string> keys;
  for (const auto& [key, attempt] : attempts_) keys.insert(key);
  return keys;
}

Result<std::string> Intents::begin(const std::string& key) {
  const auto found = attempts_.find(key);
  if (found != attempts_.end()) return found->second;
  const std::string attempt = make_uuid();
  TRY(append(Json::object({{"began", key}, {"attempt", attempt}}).dump()));
  return attempts_[key] = attempt;
}

Result<void> Intents::done(const std::string& key) {
  TRY(append(Json::object({{"done", key}}).dump()));
  attempts_.erase(key);
  return {};
}

Result<void> Intents::append(const std::string& line) {
  const std::string text = line + "\n";
  if (write(file_.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      fdatasync(file_.get()) != 0)
    return system_error("write", path_, errno);
  return {};
}

}  // namespace spillway::site
