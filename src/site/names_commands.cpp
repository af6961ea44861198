#include "site/names_commands.h"

#include "base/file.h"
#include "dns/key_file.h"
#include "dns/site_files.h"
#include "fleet/setup.h"
#include "site/carve.h"
#include "site/codes.h"
#include "site/inputs.h"

// `dns config`: the files that the site's name servers need. Asks nobody.
namespace spillway::site {
namespace {

struct File {
  std::string name, about, text;
};

struct Zones {
  dns::SiteNames site;
  std::string cluster, vpc_cidr, host;
};

Result<Zones> zones_of(const Invocation& asked) {
  SiteConfig own;
  ExistingConfig existing;
  const config::Section sections = [&](config::Reader& reader) {
    describe(reader, own);
    describe(reader, existing);
  };
  const fleet::Loaded loaded = TRY(fleet::load(asked, {sections}));
  Zones out;
  out.site.dns = loaded.dns;
  if (out.site.dns.zone.empty()) return Error{Kind::invalid, kIncomplete, "dns.zone is missing"};
  out.vpc_cidr = loaded.site.aws.vpc_cidr.empty() ? Inputs{}.vpc_cidr : loaded.site.aws.vpc_cidr;
  out.site.cloud_networks = {out.vpc_cidr};
  out.site.onprem_networks = loaded.vpn.onprem_cidrs;
  out.site.key_file = asked.get("key-file", out.site.key_file);
  // The key's name stands in its file; whoever may not read that gets the usual one.
  if (const auto key = dns::load_key(loaded.dns.tsig)) out.site.key_name = key->name;
  out.host = asked.get("host", "ns." + out.site.dns.zone);
  out.cluster = loaded.site.cluster.id;
  if (out.cluster.empty()) out.cluster = read_file(loaded.places.cluster_id, 100).value_or("");
  while (out.cluster.ends_with('\n')) out.cluster.pop_back();
  return out;
}

Result<std::vector<File>> files_for(const Zones& zones) {
  const dns::SiteNames& site = zones.site;
  std::vector<File> out{{"named.conf.spillway",
                         "views for the premises' name server: include it in named.conf",
                         TRY(dns::render_onprem_views(site))}};
  for (const std::string& zone : {site.dns.zone, site.dns.reverse_zone})
    if (!zone.empty())
      out.push_back({zone + ".zone", fmt::format("an empty zone, for {}", site.folder),
                     TRY(dns::render_zone(zone, zones.host, site.dns.ttl_s))});
  const dns::CloudResolver resolver{TRY(address_in(zones.vpc_cidr, 5)), {zones.vpc_cidr}};
  out.push_back({"named.conf.cloud", "a resolver of its own on the AWS gateway, where you want one",
                 TRY(dns::render_cloud_resolver(site, resolver))});
  if (!zones.cluster.empty())
    out.push_back({"register-node.sh",
                   "registration by the nodes themselves, where they must; the daemon's is better",
                   TRY(dns::render_register_script(site, zones.cluster))});
  return out;
}

Result<int> names(const Invocation& asked) {
  const std::vector<File> files = TRY(files_for(TRY(zones_of(asked))));
  const std::filesystem::path folder = asked.get("to", ".");
  Json all = Json::object();
  for (const File& file : files) {
    if (asked.has("to")) {
      TRY(write_file_atomically(folder / file.name, file.text));
      fmt::print(stderr, "{}  {}\n", (folder / file.name).string(), file.about);
    } else if (!asked.json()) {
      fmt::print("# ==== {}: {}\n{}\n", file.name, file.about, file.text);
    }
    all.set(file.name, file.text);
  }
  if (asked.json())
    fmt::print("{}\n",
               Json::object({{"schema", "spillway.dns-config/v1"}, {"files", std::move(all)}}).dump(2));
  return 0;
}

}  // namespace

std::vector<Command> names_commands() {
  return {{.path = "dns config",
           .summary = "Print the files of the site's name servers.",
           .description = "Split horizon for BIND: view \"cloud\", chosen by our key and the VPC's "
                          "addresses, owns the cluster's zones and "
                          "shows nothing else; view \"onprem\" shares them. With them empty zones, a "
                          "resolver for the AWS gateway where one "
                          "is wanted, and the script with which nodes register themselves where they must. "
                          "Asks nobody and changes nothing.",
           .options = {{"--to", "FOLDER", "Write files there instead of printing.", "", ""},
                       {"--host", "NAME", "Name of the premises' name server; else ns in the zone.", "", ""},
                       {"--key-file", "PATH",
                        "Where the key lies on the name server; else /etc/bind/spillway.key.", "", ""}},
           .examples = {{"spillway dns config --to /etc/bind",
                         "then: named-checkconf, and include named.conf.spillway"}},
           .run = names}};
}

}  // namespace spillway::site
