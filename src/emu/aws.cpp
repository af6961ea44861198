#include "emu/aws.h"

#include <algorithm>
#include <mutex>

#include "base/crypto.h"
#include "base/text.h"
#include "emu/account.h"
#include "emu/ec2.h"
#include "emu/faults.h"
#include "emu/iam.h"
#include "emu/imds.h"
#include "emu/network_view.h"
#include "emu/s3.h"
#include "emu/seed.h"
#include "emu/services.h"
#include "emu/snapshot.h"

namespace spillway::emu {

struct Aws::Impl {
  Impl(Settings settings, Clock& clock, Machines* m) : account(std::move(settings), clock), machines(m) {}

  Account account;
  Machines* machines;
  mutable std::mutex mutex;
  bool being_told = false;

  /// Delivers what the machines must hear, without the lock, one at a time; whoever comes while another
  /// delivers leaves his events to that one.
  void tell_machines() {
    for (;;) {
      MachineEvent event;
      {
        std::lock_guard lock(mutex);
        if (!machines) account.events.clear();
        if (being_told || account.events.empty()) return;
        being_told = true;
        event = std::move(account.events.front());
        account.events.erase(account.events.begin());
      }
      if (event.start)
        machines->start(event.machine);
      else
        machines->stop(event.machine.id);
      std::lock_guard lock(mutex);
      being_told = false;
    }
  }
};

namespace {

std::string make_request_id(Account& account) {
  std::string digits = account.make_id("");
  return fmt::format("{}-{}-4{}-8{}-{}", digits.substr(0, 8), digits.substr(8, 4), digits.substr(12, 3),
                     digits.substr(3, 3), digits.substr(4, 12));
}

net::Response serve(Account& account, const Arrival& arrival, const std::string& service) {
  const Signature& signature = arrival.signature;
  if (service != "ec2" && service != "iam" && service != "sts" && service != "ssm" && service != "s3")
    return refuse("sts", {"InvalidAction", "This emulator has no service " + service, 400}, arrival);
  if (signature.flaw != Flaw::none) return refuse(service, signature_error(service, signature), arrival);
  if (service == "s3") return answer_s3(account, arrival);
  if (service == "sts") return answer_sts(account, arrival);
  if (service == "iam") return answer_iam(account, arrival);
  if (service == "ssm") return answer_ssm(account, arrival);
  return answer_ec2(account, arrival);
}

}  // namespace

net::Response Aws::handle(const net::Incoming& request) {
  const std::string service = service_of(request);
  Params params = params_of(request, service);
  const std::string operation = operation_of(request, service, params);
  RequestTrouble trouble;
  Duration latency = impl_->account.settings.latency;
  {
    std::lock_guard lock(impl_->mutex);
    emu::advance(impl_->account);
    trouble = request_trouble(impl_->account, operation, service, params);
  }
  if (latency + trouble.delay > Duration{}) impl_->account.clock.sleep_for(latency + trouble.delay);
  net::Response response;
  if (!trouble.drop_before) {
    std::lock_guard lock(impl_->mutex);
    emu::advance(impl_->account);
    Signature signature = verify(impl_->account, request);
    const Arrival arrival{request, signature, make_request_id(impl_->account), &params};
    response =
        trouble.error ? refuse(service, *trouble.error, arrival) : serve(impl_->account, arrival, service);
    emu::advance(impl_->account);
    response.headers.push_back({"Date", http_date(impl_->account.now() + clock_offset(impl_->account))});
  }
  impl_->tell_machines();
  if (trouble.drop_before || trouble.drop_after) return {};
  return response;
}

net::Response Aws::handle_metadata(const net::Incoming& request) {
  std::lock_guard lock(impl_->mutex);
  emu::advance(impl_->account);
  return answer_metadata(impl_->account, request);
}

void Aws::advance() {
  {
    std::lock_guard lock(impl_->mutex);
    emu::advance(impl_->account);
  }
  impl_->tell_machines();
}

void Aws::wrote_to_console(const InstanceId& id, std::string_view text) {
  std::lock_guard lock(impl_->mutex);
  if (auto found = impl_->account.instances.find(id.value); found != impl_->account.instances.end())
    found->second.console += text;
}

void Aws::stopped_by_itself(const InstanceId& id) {
  {
    std::lock_guard lock(impl_->mutex);
    auto found = impl_->account.instances.find(id.value);
    if (found == impl_->account.instances.end() || found->second.state != State::running) return;
    Instance& instance = found->second;
    instance.started = false;  // nothing to stop any more
    constexpr std::string_view kCode = "Client.InstanceInitiatedShutdown";
    constexpr std::string_view kWhy = "Client.InstanceInitiatedShutdown: Instance initiated shutdown";
    if (instance.launch.shutdown_behavior == "terminate") {
      begin_termination(impl_->account, instance, kCode, kWhy);
    } else {
      enter(impl_->account, instance, State::stopping);
      ++impl_->account.network_version;
      instance.reason_code = kCode;
      instance.reason = kWhy;
      schedule(impl_->account, instance, impl_->account.now() + impl_->account.settings.shutdown_delay);
    }
    emu::advance(impl_->account);
  }
  impl_->tell_machines();
}

std::vector<InstanceFacts> Aws::instances() const {
  std::lock_guard lock(impl_->mutex);
  std::vector<InstanceFacts> out;
  out.reserve(impl_->account.instances.size());
  for (const auto& [id, instance] : impl_->account.instances)
    out.push_back({instance.id, std::string(to_string(instance.state)), instance.launch.type, instance.zone,
                   instance.launch.subnet_id, instance.private_ip, instance.launch.market == "spot",
                   instance.launched, instance.tags});
  return out;
}

NetworkView Aws::network() const {
  std::lock_guard lock(impl_->mutex);
  return network_view_of(impl_->account);
}

uint64_t Aws::network_version() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->account.network_version;
}

Result<void> Aws::seed(const Json& document) {
  std::lock_guard lock(impl_->mutex);
  return seed_account(impl_->account, document);
}

Json Aws::snapshot() const {
  std::lock_guard lock(impl_->mutex);
  return snapshot_of(impl_->account);
}

Result<void> Aws::restore(const Json& snapshot) {
  std::lock_guard lock(impl_->mutex);
  return restore_account(impl_->account, snapshot);
}

Result<void> Aws::set_faults(const Json& rules) {
  std::vector<Fault> faults = TRY(read_faults(rules));
  std::lock_guard lock(impl_->mutex);
  emu::remove_faults(impl_->account, "");
  install(impl_->account, std::move(faults));
  return {};
}

Result<void> Aws::add_faults(const Json& rules) {
  std::vector<Fault> faults = TRY(read_faults(rules));
  std::lock_guard lock(impl_->mutex);
  emu::advance(impl_->account);
  install(impl_->account, std::move(faults));
  return {};
}

size_t Aws::remove_faults(std::string_view name) {
  std::lock_guard lock(impl_->mutex);
  return name.empty() ? 0 : emu::remove_faults(impl_->account, name);
}

Json Aws::faults() const {
  std::lock_guard lock(impl_->mutex);
  return faults_of(impl_->account);
}

Aws::Aws(Settings settings, Clock& clock, Machines* machines)
    : impl_(std::make_unique<Impl>(std::move(settings), clock, machines)) {}
Aws::~Aws() = default;

}  // namespace spillway::emu
