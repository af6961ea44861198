#include "lab/break.h"
#include "lab/errors.h"
#include "lab/layout.h"

// Breakages of the nodes' names. The premises' name server and its zones are broken as somebody would who has
// the server's own key.
namespace spillway::lab {
namespace {

const std::string kFolder = std::string(kRun) + "/named-ctl";

/// A script on the controller with `update`, which takes nsupdate's commands, and `there`, which prints a
/// name's records as commands that put them back.
Step names_script(const std::string& script) {
  return shell("ctl", fmt::format(R"sh(server={}
update() {{ {{ echo "server $server"; cat; echo send; }} | nsupdate -k {}/spillway.key; }}
there() {{ for type in A TXT PTR; do dig +noall +answer @$server "$1" $type; done | sed 's/^/update add /'; }}
{})sh",
                                  kControllerAddress, kFolder, script));
}

Step reload() {
  return {.host = "", .argv = {}, .input = "", .does = Step::Does::reload_names};
}

/// Changes a node's records; `change` has nsupdate's commands, in which $name is the node's. They are put
/// back as they were.
Damage of_records(const Scene& scene, const std::string& change) {
  const std::string head =
      fmt::format("name={}.example.com. kept={}/kept-{}\n", scene.target, kRun, scene.target);
  Damage damage;
  damage.cut = {names_script(head + "there $name >$kept; [ -s $kept ]; update <<EOF\n" + change + "EOF\n")};
  damage.mend = {names_script(
      head + "[ ! -e $kept ] || { { echo \"update delete $name\"; cat $kept; } | update; rm $kept; }")};
  return damage;
}

Result<Damage> server(const Scene&) {
  return filtered("ctl", "lab_break_dns",
                  "input priority 0; tcp dport 53 reject with tcp reset; udp dport 53 drop");
}

Result<Damage> key(const Scene&) {
  return edited("ctl", "/etc/spillway/keys/ddns", "s/secret \"./secret \"A/");
}

/// Ahead, not behind: what waits for a time of the day then wakes late, and not without end.
Result<Damage> off_clock(const Scene&) {
  const auto restart = [](int64_t ahead_s) {
    return Step{.host = "", .argv = {}, .input = "", .does = Step::Does::restart_names, .ahead_s = ahead_s};
  };
  Damage damage;
  damage.cut = {restart(1200)};
  damage.mend = {restart(0)};
  return damage;
}

Result<Damage> refused(const Scene&) {
  Damage damage = edited("ctl", kFolder + "/named.conf",
                         "s/grant spillway zonesub [A-Z ]*;/grant spillway zonesub SRV;/");
  damage.cut.push_back(reload());
  damage.mend.push_back(reload());
  return damage;
}

Result<Damage> record_lost(const Scene& scene) {
  return of_records(scene, "update delete $name A\n");
}

Result<Damage> record_wrong(const Scene& scene) {
  return of_records(scene, "update delete $name A\nupdate add $name 60 A 172.31.255.9\n");
}

Result<Damage> record_foreign(const Scene& scene) {
  return of_records(
      scene,
      "update delete $name\nupdate add $name 60 A 192.168.10.99\nupdate add $name 60 TXT \"kept by hand\"\n");
}

/// As a crash leaves it: our records, of an instance that is no more.
Result<Damage> record_stale(const Scene& scene) {
  const std::string head = fmt::format("name={}.example.com.\n", scene.target);
  Damage damage;
  damage.cut = {names_script(head + R"sh([ -z "$(there $name)" ]
id=$(sed -n 's/.*id: *\([0-9a-f-]\{36\}\).*/\1/p' /etc/spillway/spillway.yaml)
update <<EOF
update add $name 60 A 172.31.255.9
update add $name 60 TXT "spillway $id i-0123456789abcdef0"
EOF
)sh")};
  damage.mend = {names_script(head + "echo \"update delete $name\" | update")};
  return damage;
}

/// The zone's policy lets nobody write its SOA record, so that is widened for a moment.
Step memory_of(int seconds) {
  return names_script(fmt::format(R"sh(serial=$(dig +short @$server example.com SOA | cut -d' ' -f3)
for i in 1 2 3 4 5 6 7 8 9 10; do
  ! echo "update add example.com 60 SOA ns.lab. admin.lab. $((serial + 1)) 60 60 3600 {}" | update 2>/dev/null || exit 0
  sleep 0.2
done
exit 1)sh",
                                  seconds));
}

Result<Damage> memory(const Scene&) {
  Damage damage = edited("ctl", kFolder + "/named.conf",
                         "s/grant spillway zonesub [A-Z ]*;/grant spillway zonesub ANY;/");
  damage.cut.push_back(reload());
  damage.cut.push_back(memory_of(3600));
  damage.mend.insert(damage.mend.begin(), memory_of(5));
  damage.mend.push_back(reload());
  return damage;
}

}  // namespace

const std::vector<Breakage>& names_breakages() {
  static const std::vector<Breakage> kAll = {
      {"dns", Aim::nothing, "", "58, 60", "the premises' name server does not answer", server},
      {"dns-clock", Aim::nothing, "", "59", "the name server's clock is ahead by 20 minutes (BADTIME)",
       off_clock},
      {"dns-key", Aim::nothing, "", "60", "the key for DNS updates is not the server's (NOTAUTH, BADSIG)",
       key},
      {"dns-refused", Aim::nothing, "", "60", "the name server's policy lets our key write nothing (REFUSED)",
       refused},
      {"dns-foreign", Aim::node, "NODE", "61",
       "somebody else has written the node's name, without our TXT record", record_foreign},
      {"dns-lost", Aim::node, "NODE", "62", "the node's A record is gone", record_lost},
      {"dns-stale", Aim::name, "NODE", "62", "a node without a machine has A and TXT records of ours",
       record_stale},
      {"dns-memory", Aim::nothing, "", "63",
       "absent names are remembered for an hour: the zone's SOA minimum", memory},
      {"dns-wrong", Aim::node, "NODE", "64", "the node's A record has another address", record_wrong},
  };
  return kAll;
}

}  // namespace spillway::lab
