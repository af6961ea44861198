#pragma once
#include <functional>

#include "site/diff.h"
#include "site/intents.h"
#include "site/provider.h"

namespace spillway::site {

/// Everything of ours that AWS shows, by key, and what the inputs name of others. Two things of one key (an
/// apply that was cut while EC2 did not show what it had just made) are an error that names both.
/// Errors: those of Client::call; conflict (SPW-SITE-005); not_found (something under existing: is not
/// there).
Result<Actuals> observe(const Session& session, const Resources& wanted);

/// Who follows an apply.
struct Progress {
  std::function<void(const Change&)> began = [](const Change&) {};
  /// `id` of what is there now; "" when it is gone.
  std::function<void(const Change&, const std::string& id)> ended = [](const Change&, const std::string&) {};
  std::function<bool()> stop = [] { return false; };  // asked between steps
};

/// Carries a difference out, step by step; each intent is on disk before AWS is called. `actuals` is kept up
/// to date, so that after an error it says what exists.
/// Errors: those of the providers; interrupted (stop() said so).
Result<void> carry_out(const Session& session, const Difference& difference, Actuals& actuals,
                       Intents& intents, const Progress& progress);

}  // namespace spillway::site
