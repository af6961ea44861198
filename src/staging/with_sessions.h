#pragma once
#include "staging/job_access.h"
#include "staging/mover.h"

namespace spillway::staging {

/// A move that takes longer than its session lives goes on with the next one: what the bucket has is not sent
/// again. A session that is refused while it is young is refused for another reason, and the error stands.
template <class Move>
Result<MoveSummary> with_sessions(Access& access, Clock& clock, const Grant& grant, Deadline deadline,
                                  const Move& move) {
  for (;;) {
    const Time issued = clock.now();
    const aws::Credentials session = TRY(access.issue(grant, deadline));
    auto moved = move(session);
    const bool expired = !moved && moved.error().kind == Kind::credentials;
    if (!expired || clock.now() - issued < std::chrono::minutes{1} || deadline.expired()) return moved;
  }
}

}  // namespace spillway::staging
