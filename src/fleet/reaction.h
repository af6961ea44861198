#pragma once
#include <string_view>

namespace spillway::fleet {

/// What an error of a launch calls for.
enum class Reaction {
  next_offering,   // EC2 has none of these there now: another type, zone or way of buying may work
  quota,           // the account may have no more of these: asking again soon is of no use
  later,           // asked too fast, or EC2 is unwell: the same again
  settle,          // what was made a moment ago is not known everywhere yet: the same again, a few times
  configuration,   // the request is wrong and will be wrong again
  authentication,  // we may not do that
};
std::string_view to_string(Reaction reaction);

/// Source: EC2 API Reference, "Error codes" and "Fleet error codes"; the catalogue's rows 1, 3, 13, 14, 17.
Reaction reaction_to(std::string_view aws_code, std::string_view message = {});

}  // namespace spillway::fleet
