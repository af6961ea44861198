#include "emu/ec2_list.h"

// The snapshots that images stand on.
namespace spillway::emu {
namespace {

std::optional<Values> snapshot_values(const Account& account, const Snapshot& snapshot,
                                      std::string_view name) {
  if (name == "snapshot-id") return Values{snapshot.id};
  if (name == "volume-id") return Values{snapshot.volume};
  if (name == "volume-size") return Values{std::to_string(snapshot.gib)};
  if (name == "description") return Values{snapshot.description};
  if (name == "encrypted") return Values{snapshot.encrypted ? "true" : "false"};
  if (name == "owner-id") return Values{account.settings.account};
  if (name == "status") return Values{"completed"};
  return std::nullopt;
}

void write_snapshot(Xml& xml, const Account& account, const Snapshot& snapshot) {
  xml.text("snapshotId", snapshot.id).text("volumeId", snapshot.volume).text("status", "completed");
  xml.text("startTime", to_iso8601(snapshot.started)).text("progress", "100%");
  xml.text("ownerId", account.settings.account).number("volumeSize", snapshot.gib);
  xml.text("description", snapshot.description).flag("encrypted", snapshot.encrypted);
}

Answer<Xml> describe_snapshots(Account& account, const Call& call) {
  return list<Snapshot>(account, call, account.snapshots,
                        {"SnapshotId", "snapshotSet", kSnapshot, snapshot_values, write_snapshot});
}

Answer<Xml> delete_snapshot(Account& account, const Call& call) {
  const Snapshot& snapshot = *EMU_TRY(named_in(account.snapshots, call.params, "SnapshotId", kSnapshot));
  for (const auto& [id, image] : account.images)
    if (image.snapshot == snapshot.id)
      return refusal("InvalidSnapshot.InUse",
                     fmt::format("The snapshot {} is currently in use by {}", snapshot.id, id));
  EMU_TRY(unless_dry_run(call));
  account.snapshots.erase(account.snapshots.find(snapshot.id));
  return done();
}

}  // namespace

const XmlOperations& ec2_snapshot_operations() {
  static const XmlOperations kTable = {{"DescribeSnapshots", describe_snapshots},
                                       {"DeleteSnapshot", delete_snapshot}};
  return kTable;
}

}  // namespace spillway::emu
