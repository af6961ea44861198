#include "slurm/init_command.h"

#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "base/file.h"
#include "base/text.h"
#include "config/codes.h"
#include "config/site.h"

namespace spillway::slurm {
namespace {

constexpr Code kExists{"SPW-CONFIG-007", "init never overwrites a configuration that somebody wrote",
                       "move it away, name another place with --to, or say --yes"};
constexpr Code kNoAnswer{"SPW-CONFIG-008",
                         "without a terminal, or with --no-input, every answer is an option",
                         "give the options named above; spillway help init"};

/// A text as YAML reads it back, whatever is in it.
std::string in_yaml(const std::string& text) {
  const bool plain = !text.empty() &&
                     text.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                         "0123456789/._-") == std::string::npos &&
                     text[0] != '-' && text != "null" && text != "true" && text != "false";
  return plain ? text : Json(text).dump();
}

Result<std::string> content(const std::filesystem::path& path) {
  auto text = read_file(path, 16 << 20);
  if (!text) return Error{Kind::invalid, config::kUnreadable, text.error().what};
  return text;
}

/// Fills what options left open from plugin v2's files. Returns the text of partitions.json.
Result<std::string> take_plugin(const Invocation& asked, InitAnswers& answers) {
  std::filesystem::path from = asked.get("from");
  std::error_code ignored;
  if (std::filesystem::is_directory(from, ignored)) from /= "config.json";
  const std::filesystem::path partitions = asked.arguments.empty()
                                               ? from.parent_path() / "partitions.json"
                                               : std::filesystem::path(asked.arguments[0]);
  const auto json = [](const std::filesystem::path& path, const std::string& text) -> Result<Json> {
    auto read = Json::parse(text);
    if (!read) return std::move(read).error().during(path.string());
    return read;
  };
  const config::PluginConfig config = TRY(
      config::parse_plugin_config(TRY(json(from, TRY(content(from)))), from.parent_path(), from.string()));
  const std::string text = TRY(content(partitions));
  const config::Partitions read =
      TRY(config::parse_partitions(TRY(json(partitions, text)), partitions.string()));
  answers.slurm_bin = config.slurm_bin;
  for (const config::Partition& partition : read.partitions)
    for (const config::NodeGroup& group : partition.groups) {
      if (answers.region.empty()) answers.region = group.region;
      if (answers.profile.empty()) answers.profile = group.profile;
    }
  for (const auto& warnings : {config.warnings, read.warnings})
    for (const std::string& warning : warnings) fmt::print(stderr, "warning: {}\n", warning);
  return text;
}

/// Asks on the terminal, or says which option is missing.
Result<void> ask(const Invocation& asked, const char* option, const char* question, std::string& answer) {
  if (!answer.empty()) return {};
  if (asked.has("no-input") || !isatty(0))
    return Error{Kind::invalid, kNoAnswer, fmt::format("--{} is missing: {}", option, question)};
  while (answer.empty()) {
    fmt::print(stderr, "{}: ", question);
    if (!std::getline(std::cin, answer)) return Error{Kind::interrupted, "no answer"};
    answer = std::string(trim(answer));
  }
  return {};
}

Result<int> init(const Invocation& asked) {
  InitAnswers answers{.name = asked.get("name"),
                      .id = make_uuid(),
                      .region = asked.get("region"),
                      .profile = asked.get("profile"),
                      .bucket = asked.get("bucket"),
                      .vpc_cidr = asked.get("vpc-cidr")};
  answers.slurm_conf = asked.get("slurm-conf", answers.slurm_conf);
  std::string partitions;
  if (asked.has("from")) partitions = TRY(take_plugin(asked, answers));
  if (asked.has("slurm-bin")) answers.slurm_bin = asked.get("slurm-bin");
  if (answers.name.empty())
    if (const auto conf = read_file(answers.slurm_conf)) answers.name = cluster_name_in(*conf);
  TRY(ask(asked, "name", "Name of the cluster", answers.name));
  TRY(ask(asked, "region", "AWS region", answers.region));

  const std::string yaml = site_yaml(answers);
  const std::filesystem::path file = asked.get("to", "/etc/spillway/spillway.yaml");
  const std::filesystem::path beside = file.parent_path() / "partitions.json";
  if (asked.has("dry-run")) {
    fmt::print("{}", yaml);
    return 0;
  }
  std::error_code ignored;
  for (const auto& path : {file, beside})
    if (std::filesystem::exists(path, ignored) && !asked.has("yes") && (path == file || !partitions.empty()))
      return Error{Kind::invalid, kExists, fmt::format("{} exists already", path.string())};
  if (!partitions.empty()) TRY(write_file_atomically(beside, partitions, 0640));
  TRY(write_file_atomically(file, yaml, 0640));
  fmt::print(stderr, "Written: {}{}. Next: spillway config validate {}\n", file.string(),
             partitions.empty() ? "" : " and " + beside.string(), file.string());
  return 0;
}

}  // namespace

std::string site_yaml(const InitAnswers& answers) {
  std::string out = fmt::format(
      "apiVersion: spillway/v1\ncluster:\n  name: {}\n  id: {}\n  slurm_conf: {}\n  slurm_bin: {}\naws:\n  "
      "region: {}\n",
      in_yaml(answers.name), in_yaml(answers.id), in_yaml(answers.slurm_conf), in_yaml(answers.slurm_bin),
      in_yaml(answers.region));
  if (!answers.profile.empty()) out += fmt::format("  profile: {}\n", in_yaml(answers.profile));
  if (!answers.vpc_cidr.empty()) out += fmt::format("  vpc_cidr: {}\n", in_yaml(answers.vpc_cidr));
  if (!answers.bucket.empty()) out += fmt::format("data:\n  bucket: {}\n", in_yaml(answers.bucket));
  return out + "partitions_file: partitions.json\n";
}

std::string cluster_name_in(std::string_view slurm_conf) {
  for (std::string_view line : split(slurm_conf, '\n')) {
    line = trim(line.substr(0, line.find('#')));
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos || !equal_ignoring_case(trim(line.substr(0, equals)), "ClusterName"))
      continue;
    const std::string_view value = trim(line.substr(equals + 1));
    return std::string(value.substr(0, value.find_first_of(" \t")));
  }
  return {};
}

Command init_command() {
  return {.path = "init",
          .summary = "Write spillway.yaml.",
          .description =
              "From options, questions on the terminal, or the files of plugin v2, which are checked and "
              "taken over: partitions.json is copied beside the new file. The cluster's uuid is made here, "
              "once. An existing file is left alone unless --yes is said.",
          .options = {{"--from", "CONFIG_JSON", "config.json of plugin v2, or its folder.", "", ""},
                      {"--to", "FILE", "Where to write.", "/etc/spillway/spillway.yaml", ""},
                      {"--name", "NAME", "Name of the cluster; else ClusterName of slurm.conf.", "", ""},
                      {"--region", "REGION", "AWS region; else that of the first node group.", "", ""},
                      {"--profile", "PROFILE", "Profile of the AWS files.", "", ""},
                      {"--bucket", "BUCKET", "Bucket of launch documents and job data.", "", ""},
                      {"--vpc-cidr", "CIDR", "Addresses of the VPC.", "", ""},
                      {"--slurm-conf", "FILE", "slurm.conf of this cluster.", "/etc/slurm/slurm.conf", ""},
                      {"--slurm-bin", "FOLDER", "Folder of scontrol.", "/usr/bin", ""}},
          .positionals = {{"PARTITIONS_JSON", "partitions.json, when it is not beside config.json.", false}},
          .examples = {{"spillway init --from config.json partitions.json", "takes a site of plugin v2 over"},
                       {"spillway init --name tundra --region us-east-1 --no-input", "asks nothing"}},
          .run = init};
}

}  // namespace spillway::slurm
