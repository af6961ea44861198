#include "staging/stage_site.h"

#include <cstdlib>

#include "base/file.h"
#include "base/text.h"
#include "config/site.h"
#include "staging/helper.h"
#include "staging/job_codes.h"

namespace spillway::staging {
namespace {

Result<std::string> cluster_of(const config::Site& site, const StagePlaces& places) {
  if (!site.cluster.id.empty()) return site.cluster.id;
  return std::string(trim(TRY(read_file(places.cluster_id, 100))));
}

}  // namespace

StagePlaces stage_places(const Invocation& asked) {
  const char* root = std::getenv("SPILLWAY_ROOT");
  const std::string before = root ? root : "";
  const char* variable = std::getenv("SPILLWAY_CONFIG");
  const std::string config = asked.get("config", variable && *variable ? variable : "");
  return {.config = config.empty() ? before + "/etc/spillway/spillway.yaml" : config,
          .journal = before + "/var/lib/spillway/staging.db",
          .locks = before + "/var/lib/spillway/staging",
          .site = before + "/var/lib/spillway/site.json",
          .cluster_id = before + "/var/lib/spillway/cluster-id",
          .helper = before + "/run/spillway-stage/socket",
          .node = before + "/etc/spillway/node.json"};
}

Result<std::unique_ptr<StageSite>> StageSite::open(const Invocation& asked) {
  std::unique_ptr<StageSite> out(new StageSite);
  out->places_ = stage_places(asked);
  const config::Section others = [](config::Reader& reader) {
    for (const char* section : {"fleet", "vpn", "dns", "site", "existing"})
      reader.opaque(section, "Of another room.");
  };
  const config::Site site = TRY(config::load_site(out->places_.config, {others}));
  if (site.data.bucket.empty())
    return Error{Kind::invalid, "data.bucket is not set: there is no place for jobs' data"}.fixed_by(
        "name a bucket in spillway.yaml, then: sudo spillway apply");
  StageFacts& facts = out->facts_;
  facts.settings = {.cluster = TRY(cluster_of(site, out->places_)),
                    .bucket = site.data.bucket,
                    .region = site.aws.region,
                    .compute_role_id = site.aws.compute_role_id,
                    .locks = out->places_.locks};
  facts.place = {site.data.bucket, site.aws.region, site.aws.endpoint_url, site.aws.ca_bundle};
  facts.profile = site.aws.profile;
  facts.slurm_bin = site.cluster.slurm_bin;
  facts.slurm_conf = site.cluster.slurm_conf;
  facts.keep_days = site.data.keep_days;
  if (const auto text = read_file(out->places_.site, 1 << 20)) {
    const Json made = TRY(Json::parse(*text));
    facts.role_arn = made["stage_role"].as_string();
    if (facts.settings.compute_role_id.empty())
      facts.settings.compute_role_id = made["compute_role_id"].as_string();
  }
  out->journal_ = TRY(JobJournal::open(out->places_.journal));
  aws::Overrides overrides;
  overrides.clock = &out->clock_;
  overrides.endpoint_url = site.aws.endpoint_url;
  overrides.ca_file = site.aws.ca_bundle;
  out->stack_ = TRY(aws::make_stack(site.aws.profile, site.aws.region, std::move(overrides)));
  out->bucket_ = std::make_unique<aws::S3>(out->stack_->client(), site.data.bucket);
  out->access_ =
      std::make_unique<StsAccess>(out->stack_->client(), facts.role_arn, site.data.bucket, out->clock_);
  out->mover_ = std::make_unique<OrderMover>(
      facts.place, [helper = out->places_.helper](uid_t uid, const std::string& order, Deadline deadline) {
        return ask_helper(helper, uid, order, deadline);
      });
  out->stager_ = std::make_unique<Stager>(*out->journal_, *out->bucket_, *out->access_, *out->mover_,
                                          out->clock_, facts.settings);
  return out;
}

NodeLook nothing_seen(const NodeName&) {
  return {.live = true, .busy = true};
}

}  // namespace spillway::staging
