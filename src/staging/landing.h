#pragma once
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/file.h"
#include "staging/entry.h"

namespace spillway::staging {

/// Where downloads come down: a directory beneath which files appear whole or not at all. Each is written
/// under a temporary name in its folder; when some hundred wait, one syncfs brings them to the disk, and then
/// they get their names. Nothing is written outside the directory, through no link (rows 65, 66 and 71 of the
/// failure catalogue). Safe to use from several threads.
class Landing {
 public:
  /// Makes the directory if need be. Temporary names begin with `temporary`. Errors: denied, io.
  static Result<std::unique_ptr<Landing>> open(const std::filesystem::path& root, std::string temporary,
                                               bool durable);
  ~Landing();
  Landing(const Landing&) = delete;
  Landing& operator=(const Landing&) = delete;

  /// A file under way; removed unless it is settled.
  class File {
   public:
    File(std::shared_ptr<Fd> folder, std::string name, Fd fd)
        : folder_(std::move(folder)), name_(std::move(name)), fd_(std::move(fd)) {}
    File(File&& other) noexcept
        : folder_(std::move(other.folder_)), name_(std::move(other.name_)), fd_(std::move(other.fd_)) {
      other.name_.clear();
    }
    ~File();
    int fd() const { return fd_.get(); }

   private:
    friend class Landing;
    std::shared_ptr<Fd> folder_;
    std::string name_;  // in its folder; empty: settled
    Fd fd_;
  };
  /// Errors: io (SPW-STAGE-008 no room), conflict (SPW-STAGE-007: part of the path is a file), denied.
  Result<File> create(const Entry& entry);
  using Done = std::function<void(Result<void>)>;
  /// Gives the file its mode, time and attributes, and soon its name; then `done` is called, perhaps from
  /// another thread.
  void settle(File file, const Entry& entry, Done done);
  Result<void> make_folder(const Entry& entry);
  Result<void> make_link(const Entry& entry);
  /// Mode and attributes of what is there already.
  Result<void> adjust(const Entry& entry);
  /// The same with the time, of directories, for when nothing is written into them any more.
  Result<void> finish_folder(const Entry& entry);
  /// Removes a file, a link or an empty directory.
  Result<void> remove(const Entry& entry);
  /// Gives all settled files their names, and brings the names to the disk.
  Result<void> flush();
  /// Bytes that a file system of this size may still take from us.
  int64_t room() const;

 private:
  struct Waiting {
    std::shared_ptr<Fd> folder;
    std::string temporary, leaf, where;
    Done done;
  };
  Landing(Fd root, std::string temporary, bool durable)
      : root_(std::move(root)), temporary_(std::move(temporary)), durable_(durable) {}
  /// The folder, made with all above it.
  Result<std::shared_ptr<Fd>> folder(const std::string& path);
  void name_all(std::vector<Waiting> batch);

  Fd root_;
  const std::string temporary_;
  const bool durable_;
  std::mutex mutex_, folders_mutex_;
  std::vector<Waiting> waiting_;
  size_t made_ = 0;
  std::unordered_map<std::string, std::shared_ptr<Fd>> folders_;
};

/// The error for a system call on what lies beneath the directory: no room is SPW-STAGE-008.
Error landing_error(std::string_view doing, const std::string& path, int code);
/// Writes exactly `content` at `offset`; with `sparse`, leaves out pages of zeros.
Result<void> write_exactly(int fd, std::string_view content, int64_t offset, bool sparse,
                           const std::string& name);

}  // namespace spillway::staging
