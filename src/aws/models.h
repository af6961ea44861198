#pragma once
#include <cstddef>
#include <string_view>

namespace spillway::aws {

/// A service description as the build embeds it: botocore's JSON, reduced by models/generate.py.
struct EmbeddedModel {
  std::string_view service, json;
};
extern const EmbeddedModel kEmbeddedModels[];
extern const size_t kEmbeddedModelCount;

}  // namespace spillway::aws
