#include "emu/ec2_list.h"

// The volumes that launches make.
namespace spillway::emu {
namespace {

std::string_view status_of(const Volume& volume) {
  return volume.instance_id.empty() ? "available" : "in-use";
}

std::optional<Values> volume_values(const Account&, const Volume& volume, std::string_view name) {
  const bool attached = !volume.instance_id.empty();
  if (name == "volume-id") return Values{volume.id};
  if (name == "status") return Values{std::string(status_of(volume))};
  if (name == "availability-zone") return Values{volume.zone};
  if (name == "encrypted") return Values{volume.encrypted ? "true" : "false"};
  if (name == "volume-type") return Values{volume.type};
  if (name == "size") return Values{std::to_string(volume.gib)};
  if (name == "snapshot-id") return some({volume.snapshot});
  if (name == "attachment.instance-id") return some({volume.instance_id});
  if (name == "attachment.device") return some({attached ? volume.device : ""});
  if (name == "attachment.status") return some({attached ? "attached" : ""});
  if (name == "attachment.delete-on-termination")
    return some({attached ? volume.delete_on_termination ? "true" : "false" : ""});
  return std::nullopt;
}

void write_volume(Xml& xml, const Account&, const Volume& volume) {
  xml.text("volumeId", volume.id).number("size", volume.gib).text("snapshotId", volume.snapshot);
  xml.text("availabilityZone", volume.zone).text("status", status_of(volume));
  xml.text("createTime", to_iso8601(volume.created)).in("attachmentSet", [&] {
    if (volume.instance_id.empty()) return;
    xml.in("item", [&] {
      xml.text("volumeId", volume.id).text("instanceId", volume.instance_id).text("device", volume.device);
      xml.text("status", "attached").text("attachTime", to_iso8601(volume.created));
      xml.flag("deleteOnTermination", volume.delete_on_termination);
    });
  });
  xml.text("volumeType", volume.type).flag("encrypted", volume.encrypted);
  if (!volume.kms_key.empty()) xml.text("kmsKeyId", volume.kms_key);
  xml.flag("multiAttachEnabled", false);
}

Answer<Xml> describe_volumes(Account& account, const Call& call) {
  return list<Volume>(account, call, account.volumes,
                      {"VolumeId", "volumeSet", kVolume, volume_values, write_volume});
}

Answer<Xml> delete_volume(Account& account, const Call& call) {
  const Volume& volume = *EMU_TRY(named_in(account.volumes, call.params, "VolumeId", kVolume));
  if (!volume.instance_id.empty())
    return refusal("VolumeInUse",
                   fmt::format("Volume {} is currently attached to {}", volume.id, volume.instance_id));
  EMU_TRY(unless_dry_run(call));
  account.volumes.erase(account.volumes.find(volume.id));
  return done();
}

}  // namespace

std::string root_device_of(const Account& account, const Instance& instance) {
  auto image = account.images.find(instance.launch.image_id);
  return image == account.images.end() ? "/dev/xvda" : image->second.root_device;
}

void write_block_devices(Xml& xml, const Account& account, const Instance& instance) {
  xml.in("blockDeviceMapping", [&] {
    for (const std::string& id : instance.volumes) {
      auto volume = account.volumes.find(id);
      if (volume == account.volumes.end()) continue;
      xml.in("item", [&] {
        xml.text("deviceName", volume->second.device).in("ebs", [&] {
          xml.text("volumeId", id).text("status", "attached");
          xml.text("attachTime", to_iso8601(volume->second.created));
          xml.flag("deleteOnTermination", volume->second.delete_on_termination);
        });
      });
    }
  });
}

const XmlOperations& ec2_volume_operations() {
  static const XmlOperations kTable = {{"DescribeVolumes", describe_volumes},
                                       {"DeleteVolume", delete_volume}};
  return kTable;
}

}  // namespace spillway::emu
