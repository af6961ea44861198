#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "net/http.h"

namespace spillway::aws {

/// A small working EC2 behind the transport seam, for the unit tests of this room: it keeps instances, reads
/// the form that is sent and answers in EC2's XML. Wholly apart from the code under test.
class FakeEc2 final : public net::Transport {
 public:
  Result<net::Response> send(const net::Request& request, Deadline deadline) override;

  struct Failure {
    int status = 0;
    std::string code;
  };
  Failure fail_next;  // the next request fails so; status 0: it does not
  size_t capacity = 1000;
  size_t page_size = 1000;
  bool names_unknown_ids = true;
  std::vector<std::string> tokens;  // ClientToken of each CreateFleet seen
  net::Headers last_headers;

 private:
  using Form = std::map<std::string, std::string>;
  struct Machine {
    std::string state = "pending";
    std::map<std::string, std::string> tags;
  };
  net::Response create_fleet(const Form& form);
  net::Response describe(const Form& form) const;
  net::Response terminate(const Form& form);
  net::Response create_tags(const Form& form);
  std::map<std::string, Machine> machines_;
};

/// A CreateFleet request for `count` machines of one type in one subnet.
Json fleet_request(int count);

}  // namespace spillway::aws
