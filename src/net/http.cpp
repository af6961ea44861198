#include "net/http.h"

#include "base/text.h"

namespace spillway::net {

const std::string* find_header(const Headers& headers, std::string_view name) {
  for (const Header& header : headers)
    if (equal_ignoring_case(header.name, name)) return &header.value;
  return nullptr;
}

std::vector<Result<Response>> Transport::send_all(const std::vector<Request>& requests, Deadline deadline) {
  std::vector<Result<Response>> answers;
  for (const Request& request : requests) answers.push_back(send(request, deadline));
  return answers;
}

}  // namespace spillway::net
