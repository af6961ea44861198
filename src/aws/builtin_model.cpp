#include <fmt/format.h>

#include <mutex>

#include "aws/errors.h"
#include "aws/model.h"
#include "aws/models.h"

namespace spillway::aws {

Result<std::shared_ptr<const Model>> builtin_model(std::string_view service) {
  // Immutable once read; shared by all clients of the process, as reading EC2's takes milliseconds.
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const Model>, std::less<>> known;
  const std::lock_guard lock(mutex);
  if (const auto found = known.find(service); found != known.end()) return found->second;
  for (size_t i = 0; i < kEmbeddedModelCount; ++i) {
    if (kEmbeddedModels[i].service != service) continue;
    const Json description = TRY(Json::parse(kEmbeddedModels[i].json));
    return known[std::string(service)] = TRY(Model::from_json(std::string(service), description));
  }
  return Error{Kind::invalid, kBadInput,
               fmt::format("service '{}' is not described in this program", service)};
}

}  // namespace spillway::aws
