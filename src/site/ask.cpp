#include "site/ask.h"

#include <signal.h>
#include <unistd.h>

#include <iostream>

#include "base/text.h"
#include "site/codes.h"

namespace spillway::site {
namespace {

volatile sig_atomic_t stop_asked = 0;

}  // namespace

void watch_for_interrupt() {
  struct sigaction action {};
  action.sa_handler = [](int) { stop_asked = 1; };
  action.sa_flags = SA_RESETHAND;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() {
  return stop_asked != 0;
}

Result<void> confirm(const Invocation& asked, std::string_view question) {
  if (asked.has("yes")) return {};
  if (!asked.has("no-input") && isatty(0)) {
    fmt::print(stderr, "{} Only yes is a yes: ", question);
    std::string answer;
    if (std::getline(std::cin, answer) && trim(answer) == "yes") return {};
  }
  return Error{Kind::refused, kNotConfirmed, "nothing was done"};
}

const Option& profile_option() {
  static const Option kProfile{
      "--profile", "PROFILE",
      "Profile of the AWS files to work as; else the environment's, else aws.profile.", "", ""};
  return kProfile;
}

}  // namespace spillway::site
