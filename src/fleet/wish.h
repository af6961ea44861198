#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace spillway::fleet {

/// What Slurm asked for by calling one of its power-saving programs.
struct Wish {
  enum class Kind { resume, suspend, resume_fail };
  Kind kind = Kind::resume;
  std::string nodes;  // the hostlist as Slurm gave it
  Time made_at;
  std::string resume_file;  // text of SLURM_RESUME_FILE, empty when there was none
  bool operator==(const Wish&) const = default;
};
std::string_view to_string(Wish::Kind kind);

/// A wish on disk; `id` is its file name, unique and in the order of making.
struct SpooledWish {
  std::string id;
  Wish wish;
};

/// What `Spool::read` found.
struct SpoolContents {
  std::vector<SpooledWish> wishes;      // oldest first
  std::vector<std::string> unreadable;  // names of files that are no wishes; they stay where they are
  std::vector<Error> troubles;          // of files that cannot be read now and may be wishes
};

/// The folder through which hooks hand wishes to the reconciler: one file a wish, complete or not there.
class Spool {
 public:
  explicit Spool(std::filesystem::path folder) : folder_(std::move(folder)) {}
  virtual ~Spool() = default;
  /// Writes the wish durably: when this returns, a crash cannot lose it. Errors: denied, not_found, io
  /// (SPW-FLEET-001).
  virtual Result<void> write(const Wish& wish) const;
  /// Errors: denied, not_found (SPW-FLEET-001).
  virtual Result<SpoolContents> read() const;
  /// Removes a wish that the journal has taken; one that is gone already is fine.
  virtual Result<void> remove(const std::string& id) const;
  /// Puts an unreadable file aside under its name with ".bad", so that it is reported once.
  virtual Result<void> set_aside(const std::string& name) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace spillway::fleet
