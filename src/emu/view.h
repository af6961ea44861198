#pragma once
#include <deque>

#include "emu/call.h"

namespace spillway::emu {

/// The instances as one request sees them: what EC2's eventual consistency, by rule, does not show yet.
class View {
 public:
  /// Counts as an occasion for rules of the effect unlisted.
  View(Account& account, std::string_view operation);
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  /// Whether lists have it.
  bool lists(const Instance& instance) const;
  /// As it is shown: with its state, address and tags of a while ago. Lives as long as this view.
  const Instance& shown(const Instance& instance);
  /// The tags by which filters find it.
  const Tags& tags_for_filters(const Instance& instance) const;

 private:
  bool late(const Instance& instance, std::string_view what, Time since) const;

  const Account& account_;
  std::vector<const Fault*> late_, unlisted_;
  std::deque<Instance> copies_;
};

/// Whether the instance is so new that requests of this name do not know it.
bool is_unseen(const Account& account, std::string_view operation, const Instance& instance);

}  // namespace spillway::emu
