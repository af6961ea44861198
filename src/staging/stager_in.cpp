#include <fcntl.h>
#include <sys/file.h>

#include "base/file.h"
#include "staging/job_codes.h"
#include "staging/stager.h"
#include "staging/with_sessions.h"

namespace spillway::staging {
namespace {

/// One process uploads an input, the others of its thousand tasks wait, and then find it done. The kernel
/// lets go when it is killed.
Result<Fd> lock_input(const std::filesystem::path& folder, uid_t uid, const std::string& fingerprint) {
  if (folder.empty()) return Fd{};
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  const auto path = folder / fmt::format("{}-{}.lock", uid, fingerprint);
  Fd fd{open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!fd.valid()) return system_error("lock", path, errno);
  while (flock(fd.get(), LOCK_EX) != 0)
    if (errno != EINTR) return system_error("lock", path, errno);
  return fd;
}

}  // namespace

Result<void> Stager::stage_in(std::string_view name, Deadline deadline) {
  JobData job = TRY(journal_.newest(name));
  for (Item& item : job.items)
    if (item.direction == Direction::in)
      if (auto staged = stage_in_one(job, item, deadline); !staged)
        return keep_note(job, item, std::move(staged).error());
  return {};
}

Result<void> Stager::stage_in_one(const JobData& job, Item& item, Deadline deadline) {
  const auto step = [&](ItemState to) { return journal_.advance(job.run, item, to, clock_.now()); };
  if (item.state == ItemState::staged || item.state == ItemState::fetched) return {};
  if (item.state == ItemState::uploading) TRY(step(ItemState::wanted));  // whoever did it was killed
  const Who who{job.run.uid, job.gid, job.user};
  const TreeLook before = TRY(mover_.look(who, item.source, deadline));
  const Fd lock = TRY(lock_input(settings_.locks, job.run.uid, before.fingerprint));
  item.prefix = input_prefix(settings_.cluster, job.run.uid, before.fingerprint);
  item.files = before.files;
  item.bytes = before.bytes;
  if (TRY(journal_.has_input(job.run.uid, before.fingerprint))) return step(ItemState::staged);
  TRY(step(ItemState::uploading));
  const auto sent = with_sessions(access_, clock_, grant_upload(job.run, settings_.cluster, item), deadline,
                                  [&](const aws::Credentials& session) {
                                    return mover_.up(who, {item.source, item.prefix, session}, deadline);
                                  });
  if (!sent) {
    TRY(step(ItemState::wanted));
    return sent.error();
  }
  // Under that key lies what the fingerprint says, or nothing that others may use.
  if (const TreeLook after = TRY(mover_.look(who, item.source, deadline));
      after.fingerprint != before.fingerprint) {
    TRY(step(ItemState::wanted));
    return Error{Kind::conflict, kInputChanged, fmt::format("{} changed while it was uploaded", item.source)};
  }
  TRY(journal_.keep_input(job.run.uid, before.fingerprint, sent->files, sent->bytes, clock_.now()));
  return step(ItemState::staged);
}

}  // namespace spillway::staging
