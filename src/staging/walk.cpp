#include "staging/walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "staging/codes.h"
#include "staging/names.h"

namespace spillway::staging {
namespace {

int64_t nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::string_view kind_of_file(mode_t mode) {
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISBLK(mode) || S_ISCHR(mode)) return "a device";
  return "no file";
}

std::map<std::string, std::string> xattrs_of(const std::string& path) {
  std::map<std::string, std::string> out;
  std::string names(64 << 10, '\0'), value(64 << 10, '\0');
  const ssize_t length = llistxattr(path.c_str(), names.data(), names.size());
  for (size_t at = 0; length > 0 && at < static_cast<size_t>(length);) {
    const std::string name = names.c_str() + at;
    at += name.size() + 1;
    if (!name.starts_with("user.")) continue;  // the others are the system's, or need root
    const ssize_t got = lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
    if (got >= 0) out[name] = value.substr(0, static_cast<size_t>(got));
  }
  return out;
}

}  // namespace

// One directory under way: all its names in one piece of memory, sorted as keys.
struct LocalTree::Level {
  Fd fd;
  std::string key, path;  // below the root, with a slash at the end; both empty for the root
  bool root = false;
  struct Name {
    uint32_t at;
    uint16_t size;
    bool folder;
  };
  std::string arena;
  std::vector<Name> names;
  size_t position = 0;

  std::string_view name(const Name& one) const { return std::string_view(arena).substr(one.at, one.size); }
};

LocalTree::~LocalTree() = default;

std::unique_ptr<LocalTree> LocalTree::absent() {
  return std::unique_ptr<LocalTree>(new LocalTree());
}

Result<std::unique_ptr<LocalTree>> LocalTree::open(const std::filesystem::path& root, WalkOptions options,
                                                   Complain complain) {
  Fd fd{::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!fd.valid() && errno == ENOENT)
    return Error{Kind::not_found, kNoSource, fmt::format("there is no {}", root.string())};
  if (!fd.valid()) return system_error("open", root, errno);
  std::unique_ptr<LocalTree> tree(new LocalTree());
  tree->options_ = options;
  tree->complain_ = std::move(complain);
  TRY(tree->descend(std::move(fd), "", ""));
  return tree;
}

Result<void> LocalTree::descend(Fd directory, const std::string& key, const std::string& path) {
  auto level = std::make_unique<Level>();
  level->key = key;
  level->path = path;
  DIR* listing = fdopendir(dup(directory.get()));
  if (!listing) return system_error("list", path, errno);
  errno = 0;
  bool plain = true;  // every name is its own key
  while (const dirent* one = readdir(listing)) {
    const std::string_view name(one->d_name);
    if (name == "." || name == "..") continue;
    if (is_temporary(name)) {
      if (!options_.clean_up.empty() && name.starts_with(options_.clean_up))
        unlinkat(directory.get(), one->d_name, 0);
      continue;
    }
    if (path.empty() && name == kManifestKey) continue;  // a manifest is about the tree, not of it
    bool folder = one->d_type == DT_DIR;
    if (one->d_type == DT_UNKNOWN) {
      struct stat found {};
      folder =
          fstatat(directory.get(), one->d_name, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(found.st_mode);
    }
    plain = plain && std::ranges::all_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    level->names.push_back(
        {static_cast<uint32_t>(level->arena.size()), static_cast<uint16_t>(name.size()), folder});
    level->arena.append(name).append(folder ? "/" : "").append(1, '\0');
    errno = 0;
  }
  const int failed = errno;
  closedir(listing);
  if (failed != 0) return system_error("list", path, failed);
  // A directory sorts with its slash, as the keys of what is in it do: "a-b" comes before "a/c".
  const auto whole = [&](const Level::Name& one) {
    return std::string_view(level->arena).substr(one.at, one.size + (one.folder ? 1 : 0));
  };
  if (plain)
    std::ranges::sort(level->names, [&](const auto& a, const auto& b) { return whole(a) < whole(b); });
  else
    std::ranges::sort(level->names, [&](const auto& a, const auto& b) {
      return key_of_name(whole(a)) < key_of_name(whole(b));
    });
  level->fd = std::move(directory);
  levels_.push_back(std::move(level));
  return {};
}

std::optional<Entry> LocalTree::look(Level& level, std::string_view name, std::string_view key_name,
                                     bool folder) {
  Entry entry;
  entry.key = level.key + std::string(key_name) + (folder ? "/" : "");
  const std::string path = level.path + std::string(name) + (folder ? "/" : "");
  if (path != entry.key) entry.path = path;
  const std::string leaf(name);
  struct stat found {};
  if (fstatat(level.fd.get(), leaf.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT)
      complain_(entry.key,
                Error{Kind::not_found, kVanished, fmt::format("{} vanished", in_quotes(entry.key))});
    else
      complain_(entry.key, system_error("look at", entry.key, errno));
    return std::nullopt;
  }
  if (S_ISDIR(found.st_mode) != folder) {
    complain_(entry.key,
              Error{Kind::not_found, kVanished, fmt::format("{} was replaced", in_quotes(entry.key))});
    return std::nullopt;
  }
  entry.mode = found.st_mode & 07777;
  entry.mtime_ns = nanoseconds(found.st_mtim);
  entry.inode = found.st_ino;
  if (folder) {
    entry.type = EntryType::directory;
  } else if (S_ISLNK(found.st_mode)) {
    entry.type = EntryType::symlink;
    std::string target(PATH_MAX, '\0');
    const ssize_t length = readlinkat(level.fd.get(), leaf.c_str(), target.data(), target.size());
    if (length < 0) {
      complain_(entry.key, system_error("read the link", entry.key, errno));
      return std::nullopt;
    }
    entry.link = target.substr(0, static_cast<size_t>(length));
  } else if (S_ISREG(found.st_mode)) {
    entry.size = found.st_size;
    entry.sparse = int64_t{found.st_blocks} * 512 < found.st_size;
  } else {
    complain_(entry.key, Error{Kind::invalid, kSpecialFile,
                               fmt::format("{} is {}", in_quotes(entry.key), kind_of_file(found.st_mode))});
    return std::nullopt;
  }
  if (options_.xattrs && entry.type != EntryType::symlink)
    entry.xattrs = xattrs_of(fmt::format("/proc/self/fd/{}/{}", level.fd.get(), leaf));
  return entry;
}

Result<std::optional<Entry>> LocalTree::next() {
  while (!levels_.empty()) {
    Level& level = *levels_.back();
    if (level.position == level.names.size()) {
      levels_.pop_back();
      continue;
    }
    const Level::Name& one = level.names[level.position++];
    const std::string_view name = level.name(one);
    auto entry = look(level, name, key_of_name(name), one.folder);
    if (!entry) continue;
    if (entry->type == EntryType::directory) {
      const std::string leaf(name);
      Fd inner{openat(level.fd.get(), leaf.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
      if (!inner.valid()) {
        complain_(entry->key, system_error("open", entry->key, errno));
        continue;
      }
      const std::string path =
          entry->path.empty() && level.path == level.key ? entry->key : entry->where() + "/";
      if (auto listed = descend(std::move(inner), entry->key, path); !listed)
        complain_(entry->key, std::move(listed).error());
    }
    return std::optional<Entry>(std::move(entry));
  }
  return std::optional<Entry>();
}

FileId file_id(int fd) {
  struct stat found {};
  if (fstat(fd, &found) != 0) return {};
  return {found.st_size, nanoseconds(found.st_mtim), found.st_ino};
}

}  // namespace spillway::staging
