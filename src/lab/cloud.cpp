#include "lab/cloud.h"
namespace spillway::lab {
struct Cloud::Impl {
  const Workbench& bench;
  Fd endpoint;
  int port;
};
Cloud::Cloud(const Workbench& bench, Fd endpoint, int endpoint_port)
    : impl_(new Impl{bench, std::move(endpoint), endpoint_port}) {}
Cloud::~Cloud() = default;
Result<void> Cloud::start(ClusterFacts& cluster) {
  cluster.compute_role_id = "AROALABCOMPUTEROLE00";
  cluster.subnet_id = "subnet-1";
  return {};
}
Result<void> Cloud::publish(const ClusterFacts&) {
  return {};
}
Json Cloud::endpoint() const {
  return Json::object({{"url", fmt::format("http://127.0.0.1:{}", impl_->port)}});
}
Json Cloud::instances() const {
  return Json::array();
}
std::string Cloud::instance_of(const std::string& name) const {
  return name;
}
}  // namespace spillway::lab
