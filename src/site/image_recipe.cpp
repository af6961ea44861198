#include "site/image_recipe.h"

#include <map>

#include "base/script.h"
#include "base/text.h"

namespace spillway::site {

extern const std::string kImageRecipe;  // share/image/prepare.sh

namespace {

constexpr Code kBadValue{
    "SPW-SITE-021", "the value becomes part of a script that the builder runs as root",
    "a version is like 22.05, a source an https URL with --slurm-sha256, 64 hexadecimal digits"};
constexpr std::string_view kMark = "spillway-image: ";

bool made_of(std::string_view text, std::string_view letters) {
  return text.find_first_not_of(letters) == std::string_view::npos;
}

Result<void> check(const RecipeValues& values) {
  const auto wrong = [](std::string_view name, const std::string& value) {
    return Error{Kind::invalid, kBadValue, fmt::format("{} does not fit: {}", name, in_quotes(value))};
  };
  const size_t dot = values.slurm_version.find('.');
  const bool version =
      dot == 2 && values.slurm_version.size() == 5 && made_of(values.slurm_version, "0123456789.");
  if (!version) return wrong("--slurm-version", values.slurm_version);
  const std::string& url = values.slurm_source;
  if (url.empty() && values.slurm_sha256.empty()) return {};
  if (!url.starts_with("https://") || url.size() > 300 ||
      !made_of(url, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/._~%+-"))
    return wrong("--slurm-source", url);
  if (values.slurm_sha256.size() != 64 || !made_of(values.slurm_sha256, "0123456789abcdef"))
    return wrong("--slurm-sha256", values.slurm_sha256);
  return {};
}

}  // namespace

Result<std::string> render_recipe(const RecipeValues& values) {
  TRY(check(values));
  return filled_script(kImageRecipe, {{"SLURM_VERSION", values.slurm_version},
                                      {"SLURM_SOURCE", values.slurm_source},
                                      {"SLURM_SHA256", values.slurm_sha256},
                                      {"BUILDER", values.builder ? "yes" : "no"}});
}

RecipeVerdict verdict_in(std::string_view console) {
  RecipeVerdict out;
  std::string log;
  for (std::string_view line : split(console, '\n')) {
    const size_t at = line.find(kMark);
    if (at == std::string_view::npos) continue;  // what the kernel and cloud-init say
    const std::string_view said = trim(line.substr(at + kMark.size()));
    if (said.starts_with("step: ")) out.step = said.substr(6);
    if (said.starts_with("log: ")) log += fmt::format("\n  {}", said.substr(5));
    if (said.starts_with("done: ")) out = {RecipeVerdict::State::done, "", std::string(said.substr(6))};
    if (said.starts_with("failed: "))
      out = {RecipeVerdict::State::failed, out.step, fmt::format("{}{}", said.substr(8), log)};
  }
  return out;
}

}  // namespace spillway::site
