#include "lab/database.h"

#include <signal.h>
#include <sys/stat.h>

#include "base/crypto.h"
#include "base/file.h"
#include "lab/errors.h"
#include "lab/image.h"
#include "lab/mounts.h"
#include "lab/namespaces.h"
#include "lab/network.h"

namespace spillway::lab {
namespace fs = std::filesystem;
namespace {

const std::string kData = "/run/lab/mysql";
const std::string kSocket = "/run/mysqld/mysqld.sock";
constexpr const char* kFormat = "2";  // of what prepare() puts into the database
constexpr auto kPatience = std::chrono::seconds(30);

Result<void> start_mariadb(const Workbench& bench) {
  TRY(make_folder("/run/mysqld", 0755, "mysql"));
  TRY(bench.processes.start(
      {"mariadbd",
       {"/usr/sbin/mariadbd", "--no-defaults", "--user=mysql", "--datadir=" + kData, "--socket=" + kSocket,
        "--pid-file=/run/mysqld/mysqld.pid", "--skip-networking", "--skip-name-resolve",
        "--innodb-log-file-size=16M", "--innodb-buffer-pool-size=32M", "--innodb-flush-method=fsync",
        "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--innodb-use-native-aio=0",
        "--innodb-lock-wait-timeout=900", "--performance-schema=off", "--loose-plugin-load-add=auth_socket"},
       {"LC_ALL=C", "TZ=UTC"}}));
  return wait_until(
      "MariaDB's socket",
      [] {
        struct stat info {};
        return stat(kSocket.c_str(), &info) == 0 && S_ISSOCK(info.st_mode);
      },
      Deadline::after(kPatience));
}

Result<void> start_slurmdbd(const Workbench& bench) {
  TRY(bench.processes.start({"slurmdbd", {"/usr/sbin/slurmdbd", "-D"}, {"LC_ALL=C", "TZ=UTC"}, "slurm"}));
  return wait_for_port("ctl", kControllerAddress, 6819, Deadline::after(kPatience));
}

Result<void> stop(const Workbench& bench, const std::string& name) {
  TRY(bench.processes.signal(name, SIGTERM));
  return bench.processes.wait_for_end(name, Deadline::after(kPatience));
}

Result<void> add_accounts(const Workbench& bench) {
  const std::vector<std::vector<std::string>> steps = {
      {"add", "cluster", "lab"},
      {"add", "account", "lab", "Description=lab", "Organization=lab"},
      {"add", "user", "alice", "Account=lab"},
      {"add", "user", "bob", "Account=lab"},
  };
  for (std::vector<std::string> step : steps) {
    step.insert(step.begin(), {"/usr/bin/sacctmgr", "-i"});
    TRY(run_on(bench.runner, "ctl", step));
  }
  return {};
}

/// An empty MariaDB with slurmdbd's tables, the cluster and its accounts; left running.
Result<void> prepare(const Workbench& bench) {
  TRY(make_folder(kData, 0700, "mysql"));
  TRY(run_on(bench.runner, "ctl",
             {"/usr/bin/mariadb-install-db", "--no-defaults", "--user=mysql", "--datadir=" + kData,
              "--auth-root-authentication-method=socket", "--skip-test-db", "--innodb-log-file-size=16M"}));
  TRY(start_mariadb(bench));
  TRY(run_on(bench.runner, "ctl", {"/usr/bin/mariadb", "--no-defaults", "--socket=" + kSocket},
             "CREATE DATABASE slurm_acct_db;\n"
             "CREATE USER 'slurm'@'localhost' IDENTIFIED VIA unix_socket;\n"
             "GRANT ALL ON slurm_acct_db.* TO 'slurm'@'localhost';\n"));
  TRY(start_slurmdbd(bench));
  return add_accounts(bench);
}

/// Differs when another version of the programs would make other files.
Result<fs::path> prepared_folder(const Workbench& bench) {
  const PackageDatabase database = parse_dpkg_status(TRY(read_file("/var/lib/dpkg/status")));
  std::string identity = kFormat;
  for (const char* name : {"slurmdbd", "mariadb-server"})
    if (const auto found = database.packages.find(name); found != database.packages.end())
      identity += " " + found->second.version;
  return bench.cache() / ("mariadb-" + to_hex(sha256(identity)).substr(0, 16));
}

Result<void> copy_folder(const Workbench& bench, const std::string& from, const std::string& to) {
  TRY(run_on(bench.runner, "ctl", {"/usr/bin/cp", "-a", "--sparse=always", from, to}));
  return {};
}

}  // namespace

Result<void> start_database(const Workbench& bench) {
  const fs::path prepared = TRY(prepared_folder(bench));
  std::error_code failed;
  if (!fs::exists(prepared)) {
    TRY(prepare(bench));
    TRY(stop(bench, "slurmdbd"));
    TRY(stop(bench, "mariadbd"));
    const std::string building = (bench.cache() / "mariadb-being-made").string();
    fs::remove_all(building, failed);
    TRY(copy_folder(bench, kData, building));
    fs::rename(building, prepared, failed);
    if (failed) return system_error("keep the prepared database in", prepared, failed.value());
  } else {
    TRY(copy_folder(bench, prepared, kData));
  }
  TRY(start_mariadb(bench));
  return start_slurmdbd(bench);
}

}  // namespace spillway::lab
