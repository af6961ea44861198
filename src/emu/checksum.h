#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace spillway::emu {

/// The checksum that S3 carries in the header or trailer `name` ("x-amz-checksum-crc32", -crc32c, -crc64nvme,
/// -sha1, -sha256) of `data`, in base64; nothing for any other name. Source: S3 User Guide, "Checking object
/// integrity".
std::optional<std::string> checksum(std::string_view name, std::string_view data);

}  // namespace spillway::emu
