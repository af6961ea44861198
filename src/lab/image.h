#pragma once
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"

namespace spillway::lab {

/// One installed package, of /var/lib/dpkg/status.
struct InstalledPackage {
  std::string version;
  std::string architecture;
  std::vector<std::vector<std::string>> depends;  // each needs one of its alternatives
};

/// What dpkg has installed: packages by name, and who provides which virtual name.
struct PackageDatabase {
  std::map<std::string, InstalledPackage> packages;
  std::map<std::string, std::string> providers;
};

/// Reads dpkg's status file; packages that are not fully installed are left out.
PackageDatabase parse_dpkg_status(const std::string& text);

/// The names and all that they depend on, as far as it is installed. Errors: not_found names the roots that
/// are not.
Result<std::set<std::string>> package_closure(const PackageDatabase& database,
                                              const std::vector<std::string>& roots);

/// The packages that a compute image has, as the manual's page on images asks for.
const std::vector<std::string>& image_packages();

/// Makes, under `cache`, the folder tree that instances boot: the files of image_packages() and of what they
/// depend on, copied from this machine's packages, and an /sbin/init that plays cloud-init. Made anew when a
/// version changes; otherwise found. Returns its path. Errors: not_found, io.
Result<std::filesystem::path> ensure_image(const std::filesystem::path& cache);

}  // namespace spillway::lab
