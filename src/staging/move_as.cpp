#include "staging/move_as.h"

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "base/file.h"
#include "base/user.h"
#include "staging/become.h"
#include "staging/job_codes.h"

namespace spillway::staging {
namespace {

/// In the child: its exit code if it could not become somebody else.
int run(const std::string& program, const User& user, int order, int answer) {
  if (dup2(order, 0) < 0 || dup2(answer, 1) < 0) return 125;
  if (!become(user.uid)) return 126;
  execute(program, {"data", "stage", "move"}, user.home);
  return 127;
}

}  // namespace

Result<std::string> move_as(const std::string& program, uid_t uid, const std::string& order,
                            Deadline deadline) {
  TRY(may_become(uid, 0));
  const User user = TRY(find_user(uid));
  const Fd text{memfd_create("order", MFD_CLOEXEC)};
  int ends[2];
  if (!text.valid() || write(text.get(), order.data(), order.size()) != static_cast<ssize_t>(order.size()) ||
      lseek(text.get(), 0, SEEK_SET) != 0 || pipe(ends) != 0)
    return system_error("prepare a move for", user.name, errno);
  const Fd reading{ends[0]};
  Fd writing{ends[1]};
  const pid_t child = fork();
  if (child < 0) return system_error("start a move for", user.name, errno);
  if (child == 0) _exit(run(program, user, text.get(), writing.get()));
  writing.reset();
  std::string answer;
  bool late = false;
  for (;;) {
    pollfd one{reading.get(), POLLIN, 0};
    const int ready =
        poll(&one, 1, static_cast<int>(std::min<int64_t>(deadline.remaining().count(), 60'000)));
    if (ready == 0 && deadline.expired()) {
      late = true;
      kill(child, SIGTERM);
      break;
    }
    if (ready <= 0) continue;
    std::array<char, 65536> buffer;
    const ssize_t got = read(reading.get(), buffer.data(), buffer.size());
    if (got == 0 || (got < 0 && errno != EINTR)) break;
    if (got > 0) answer.append(buffer.data(), static_cast<size_t>(got));
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (late) return Error{Kind::timeout, fmt::format("the move for {} took longer than allowed", user.name)};
  if (WIFEXITED(status) && WEXITSTATUS(status) >= 125)
    return Error{Kind::denied, kMayNotBecome, fmt::format("cannot run {} as {}", program, user.name)};
  return answer;
}

}  // namespace spillway::staging
