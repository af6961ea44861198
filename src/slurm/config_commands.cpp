#include "slurm/config_commands.h"

#include <cstdio>
#include <cstdlib>

#include "base/file.h"
#include "base/text.h"
#include "config/partition_advice.h"
#include "slurm/command_controller.h"
#include "slurm/conf_writer.h"
#include "slurm/config_compare.h"
#include "slurm/init_command.h"

namespace spillway::slurm {
namespace {

using Sections = std::vector<config::Section>;

/// The file that this call is about: the argument, --config, SPILLWAY_CONFIG or the usual place.
std::filesystem::path file_of(const Invocation& asked) {
  if (!asked.arguments.empty()) return asked.arguments[0];
  const char* variable = std::getenv("SPILLWAY_CONFIG");
  const char* root = std::getenv("SPILLWAY_ROOT");
  const std::string usual = std::string(root ? root : "") + "/etc/spillway/spillway.yaml";
  return asked.get("config", variable && *variable ? variable : usual);
}

void print_json(const Json& json) {
  fmt::print("{}\n", json.dump(2));
}

size_t node_count(const config::Partitions& partitions) {
  size_t count = 0;
  for (const config::Partition& partition : partitions.partitions)
    for (const config::NodeGroup& group : partition.groups) count += static_cast<size_t>(group.max_nodes);
  return count;
}

Json list_of(const std::vector<std::string>& texts) {
  Json list = Json::array();
  for (const std::string& text : texts) list.push(text);
  return list;
}

/// An error as the JSON answer of `config validate`.
int print_invalid(const std::filesystem::path& file, const Error& error) {
  print_json(Json::object(
      {{"schema", "spillway.config-validate/v1"},
       {"file", file.string()},
       {"valid", false},
       {"error",
        Json::object(
            {{"code", error.code}, {"what", error.what}, {"why", error.why}, {"fix", error.fix}})}}));
  return exit_code(error);
}

Result<int> validate(const Sections& sections, const Invocation& asked) {
  const std::filesystem::path file = file_of(asked);
  auto loaded = config::load_site(file, sections);
  if (!loaded && asked.json()) return print_invalid(file, loaded.error());
  if (!loaded) return loaded.error();
  const config::Site site = std::move(*loaded);
  std::vector<std::string> warnings = site.partitions.warnings;
  warnings.insert(warnings.end(), site.plugin.warnings.begin(), site.plugin.warnings.end());
  if (asked.has("running")) {
    PosixRunner runner;
    CommandController controller{runner,
                                 {.bin = site.cluster.slurm_bin, .slurm_conf = site.cluster.slurm_conf}};
    const auto running = TRY(controller.configuration(Deadline::after(std::chrono::seconds{30})));
    for (std::string& difference : differences(site, running)) warnings.push_back(std::move(difference));
  }
  if (asked.json()) {
    print_json(Json::object({{"schema", "spillway.config-validate/v1"},
                             {"file", file.string()},
                             {"valid", true},
                             {"nodes", node_count(site.partitions)},
                             {"warnings", list_of(warnings)}}));
  } else {
    fmt::print("{} is valid: {} partitions, {} nodes\n", file.string(), site.partitions.partitions.size(),
               node_count(site.partitions));
    for (const std::string& warning : warnings) fmt::print("warning: {}\n", warning);
  }
  return !warnings.empty() && asked.has("strict") ? 4 : 0;
}

Result<int> show(const Sections& sections, const Invocation& asked) {
  const config::Site site = TRY(config::load_site(file_of(asked), sections));
  if (asked.json()) {
    Json fields = Json::array();
    for (const config::FieldFacts& f : site.fields)
      fields.push(
          Json::object({{"path", f.path}, {"value", f.value}, {"origin", f.origin}, {"used", f.used}}));
    print_json(Json::object({{"schema", "spillway.config-show/v1"}, {"fields", fields}}));
    return 0;
  }
  size_t width = 0;
  for (const config::FieldFacts& f : site.fields) width = std::max(width, f.path.size());
  for (const config::FieldFacts& f : site.fields) {
    std::string line = fmt::format("{:<{}}  {}", f.path, width, f.value.empty() ? "-" : f.value);
    if (asked.has("origin")) line += fmt::format("  ({})", f.origin);
    if (!f.used) line += "  [not used yet]";
    fmt::print("{}\n", line);
  }
  for (const auto& [key, value] : site.plugin.slurm_conf) fmt::print("SlurmConf.{}  {}\n", key, value);
  for (const config::Partition& partition : site.partitions.partitions)
    for (const config::NodeGroup& group : partition.groups)
      fmt::print("{}  {} nodes, {}, {}, {}\n", group.range(), group.max_nodes, group.source.purchasing,
                 group.region, fmt::join(group.instance_types(), ","));
  return 0;
}

Result<int> schema(const Sections& sections, const Invocation& asked) {
  const std::vector<config::FieldFacts> fields = config::described_fields(sections);
  if (asked.has("reference"))
    fmt::print("{}", config::reference_of(fields));
  else
    print_json(config::schema_of(fields));
  return 0;
}

/// What the groups leave out and the shipped table knows; `plan` and `apply` ask EC2 itself.
void derive_offline(config::Partitions& partitions) {
  config::derive_specifications(partitions, config::shape_of);
  for (const GroupName& group : config::without_specifications(partitions))
    fmt::print(
        stderr,
        "warning: {}: without CPUs and RealMemory Slurm takes its nodes for ones of one CPU and 1 MiB\n",
        group);
}

Result<int> slurm(const Sections& sections, const Invocation& asked) {
  config::Site site = TRY(config::load_site(file_of(asked), sections));
  if (!site.plugin_v2) derive_offline(site.partitions);
  if (asked.has("to") || asked.has("write")) {
    const std::filesystem::path folder = asked.get("to", ".");
    if (site.plugin_v2) {
      TRY(generate_conf(site, folder));
    } else {
      const std::string gres = TRY(gres_conf_aws(site.partitions));
      TRY(write_file_atomically(folder / "spillway.conf", spillway_conf(site.partitions, {})));
      if (!gres.empty()) TRY(write_file_atomically(folder / "spillway.gres.conf", gres));
    }
    fmt::print(stderr, "Written to {}.\n", folder.string());
    return 0;
  }
  const std::string gres = TRY(gres_conf_aws(site.partitions));
  const std::string part =
      site.plugin_v2 ? slurm_conf_aws(site.plugin, site.partitions) : spillway_conf(site.partitions, {});
  if (asked.json()) {
    print_json(
        Json::object({{"schema", "spillway.config-slurm/v1"}, {"slurm_conf", part}, {"gres_conf", gres}}));
    return 0;
  }
  fmt::print("{}", part);
  if (!gres.empty()) fmt::print("# For gres.conf:\n{}", gres);
  return 0;
}

Result<int> export_plugin_files(const Sections& sections, const Invocation& asked) {
  const config::Site site = TRY(config::load_site(file_of(asked), sections));
  const Json config = exported_config(site);
  if (!asked.has("to")) {
    print_json(Json::object({{"schema", "spillway.config-export/v1"},
                             {"config.json", config},
                             {"partitions.json", site.partitions.source}}));
    return 0;
  }
  const std::filesystem::path folder = asked.get("to");
  TRY(write_file_atomically(folder / "config.json", config.dump(2) + "\n"));
  TRY(write_file_atomically(folder / "partitions.json", site.partitions.source.dump(2) + "\n"));
  fmt::print(stderr, "Written to {}.\n", folder.string());
  return 0;
}

const Positional kFile{"FILE", "spillway.yaml, or a folder with config.json and partitions.json.", false};

}  // namespace

Result<void> generate_conf(const config::Site& site, const std::filesystem::path& folder) {
  const std::string gres = TRY(gres_conf_aws(site.partitions));
  TRY(write_file_atomically(folder / "slurm.conf.aws", slurm_conf_aws(site.plugin, site.partitions)));
  TRY(write_file_atomically(folder / "gres.conf.aws", gres));
  return {};
}

Json exported_config(const config::Site& site) {
  Json slurm = Json::object();
  if (site.plugin_v2) {
    for (const auto& [key, value] : site.plugin.slurm_conf) slurm.set(key, value);
  } else {
    const SlurmPart part;
    slurm = Json::object({{"PrivateData", "CLOUD"},
                          {"ResumeProgram", (part.hooks / "resume").string()},
                          {"SuspendProgram", (part.hooks / "suspend").string()},
                          {"ResumeRate", 100},
                          {"SuspendRate", 100},
                          {"ResumeTimeout", part.resume_timeout_s},
                          {"SuspendTime", part.suspend_time_s},
                          {"SuspendTimeout", part.suspend_timeout_s},
                          {"TreeWidth", 60000}});
  }
  Json out = Json::object({{"LogLevel", site.plugin.log_level}});
  if (site.plugin_v2) out.set("LogFileName", site.plugin.log_file.string());
  return out.set("SlurmBinPath", site.cluster.slurm_bin).set("SlurmConf", slurm);
}

std::vector<Command> config_commands(std::vector<config::Section> sections) {
  const Option to{"--to", "FOLDER", "Write files there instead of printing.", "", ""};
  const auto with = [sections](Result<int> (*body)(const Sections&, const Invocation&)) {
    return [sections, body](const Invocation& asked) { return body(sections, asked); };
  };
  std::vector<Command> commands{
      {.path = "config validate",
       .summary = "Check the configuration and say what will be regretted.",
       .description =
           "Reads spillway.yaml and its partitions, or a folder of plugin v2. Mistakes end with exit code 2 "
           "and a line for each; what Slurm accepts though it cannot work well is a warning with its remedy.",
       .options = {{"--running", "", "Compare with the slurm.conf that slurmctld runs with.", "", ""},
                   {"--strict", "", "Exit with 4 when there are warnings.", "", ""}},
       .positionals = {kFile},
       .examples = {{"spillway config validate", "checks /etc/spillway/spillway.yaml"},
                    {"spillway config validate /etc/slurm/aws --running", "checks a site of plugin v2"}},
       .run = with(validate)},
      {.path = "config show",
       .summary = "Print every value in force.",
       .description =
           "Each field with its value: from the environment, the file or the default, in this order.",
       .options = {{"--origin", "", "Say where each value comes from.", "", ""}},
       .positionals = {kFile},
       .examples = {{"spillway config show --origin", "values with file and line"}},
       .run = with(show)},
      {.path = "config schema",
       .summary = "Print the JSON schema of spillway.yaml.",
       .description = "For editors and other judges; --reference prints the same as a page to read.",
       .options = {{"--reference", "", "Print the reference page in Markdown.", "", ""}},
       .examples = {{"spillway config schema > schema.json", "the schema, draft 2020-12"}},
       .run = with(schema)},
      {.path = "config slurm",
       .summary = "Print the parts of slurm.conf and gres.conf.",
       .description =
           "Hooks, power saving, nodes and partitions as `Include spillway.conf` wants them; for a site of "
           "plugin v2 the same slurm.conf.aws and gres.conf.aws that generate_conf writes.",
       .options = {to,
                   {"--write", "", "Write files into the current folder, as generate_conf does.", "", ""}},
       .positionals = {kFile},
       .examples = {{"spillway config slurm --to /etc/slurm", "writes /etc/slurm/spillway.conf"}},
       .run = with(slurm)},
      {.path = "config export",
       .summary = "Print config.json and partitions.json of plugin v2.",
       .description = "The way back: files that plugin v2 reads.",
       .options = {to},
       .positionals = {kFile},
       .examples = {{"spillway config export --to /etc/slurm/aws", "writes both files"}},
       .run = with(export_plugin_files)}};
  commands.push_back(init_command());
  return commands;
}

}  // namespace spillway::slurm
