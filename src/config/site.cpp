#include "config/site.h"

#include <cstdlib>

#include "base/file.h"
#include "config/codes.h"

namespace spillway::config {
namespace {

constexpr Code kBadJson{"SPW-CONFIG-006", "the file is not JSON, or repeats a key",
                        "mend the place named above; spillway config validate checks again"};

Result<std::string> read(const std::filesystem::path& path) {
  auto text = read_file(path);
  if (text) return text;
  // A configuration that is not there is a mistake of usage (exit code 2), whatever the system calls it.
  return Error{Kind::invalid, kUnreadable, text.error().what};
}

Result<Json> read_json(const std::filesystem::path& path) {
  auto json = Json::parse(TRY(read(path)));
  if (!json) return Error{Kind::invalid, kBadJson, fmt::format("{}: {}", path.string(), json.error().what)};
  return json;
}

Result<Site> load_plugin_site(const std::filesystem::path& folder) {
  const Json config = TRY(read_json(folder / "config.json"));
  Site site{.plugin_v2 = true};
  site.plugin = TRY(parse_plugin_config(config, folder, (folder / "config.json").string()));
  site.cluster.name = "plugin-v2";
  site.cluster.slurm_conf.clear();
  site.cluster.slurm_bin = site.plugin.slurm_bin;
  site.partitions = TRY(
      parse_partitions(TRY(read_json(folder / "partitions.json")), (folder / "partitions.json").string()));
  for (const Partition& partition : site.partitions.partitions)
    if (!partition.groups.empty()) site.aws.region = partition.groups.front().region;
  return site;
}

/// Describes the whole file; returns the value of partitions_file.
std::string describe_site(Reader& reader, Site& site, const std::vector<Section>& sections) {
  std::string version, partitions_file;
  reader.field("apiVersion", version, "The format of this file.").required().one_of({"spillway/v1"});
  describe(reader, site.cluster);
  describe(reader, site.aws);
  describe(reader, site.data);
  for (const Section& section : sections) section(reader);
  describe(reader, site.budget);
  reader.field("partitions_file", partitions_file,
               "partitions.json of plugin v2's format, relative to this file.");
  reader.opaque("Partitions", "The same content in place of partitions_file.");
  return partitions_file;
}

}  // namespace

std::vector<FieldFacts> described_fields(const std::vector<Section>& sections) {
  const Tree empty{.shape = Tree::Shape::map};
  Reader reader{empty, ""};
  Site site;
  describe_site(reader, site, sections);
  return reader.fields();
}

Result<Site> load_site(const std::filesystem::path& path, const std::vector<Section>& sections) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return load_plugin_site(path);
  if (path.filename() == "config.json") return load_plugin_site(path.parent_path());
  const Tree tree = TRY(parse_yaml(TRY(read(path)), path.string()));
  Reader reader{tree, path.string(), [](const char* name) -> const char* { return std::getenv(name); }};
  Site site;
  const std::string partitions_file = describe_site(reader, site, sections);
  TRY(reader.finish());
  site.fields = reader.fields();

  const Tree* given = tree.find("Partitions");
  if ((given != nullptr) == !partitions_file.empty())
    return Error{Kind::invalid, kUnreadable,
                 fmt::format("{}: there must be either partitions_file or Partitions", path.string())}
        .because("without node groups there is nothing to launch")
        .fixed_by("add: partitions_file: partitions.json");
  if (given) {
    site.partitions = TRY(parse_partitions(Json::object({{"Partitions", given->to_json()}}), path.string(),
                                           LaunchFrom::the_site));
  } else {
    const std::filesystem::path file = path.parent_path() / partitions_file;
    site.partitions = TRY(parse_partitions(TRY(read_json(file)), file.string(), LaunchFrom::the_site));
  }
  return site;
}

}  // namespace spillway::config
