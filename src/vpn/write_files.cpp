#include "vpn/write_files.h"

#include "base/file.h"

namespace spillway::vpn {

Result<void> write_files(const std::vector<GatewayFile>& files, const std::filesystem::path& root) {
  for (const GatewayFile& file : files) {
    const std::filesystem::path path = root / file.path.substr(1);
    std::error_code failed;
    std::filesystem::create_directories(path.parent_path(), failed);
    if (failed) return system_error("make the folder", path.parent_path(), failed.value());
    TRY(write_file_atomically(path, file.content, file.mode));
  }
  return {};
}

}  // namespace spillway::vpn
