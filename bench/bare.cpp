// bench_bare up|down FOLDER URL THREADS: the same bytes over the same kind of connections as `data sync`, but
// nothing signed, summed up or compared: the limit that a client can come near to. Large files go in ranges
// of 8 MiB, up as objects of their own. `down` fetches what `up` has put and throws it away.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <thread>
#include <vector>

#include "net/socket_exchange.h"

namespace {

constexpr int64_t kRange = 8 << 20;
struct Piece {
  std::string path, url;
  int64_t offset, size;
};

}  // namespace

int main(int argc, char** argv) {
  using namespace spillway;
  if (argc != 5) return 2;
  const bool up = std::string(argv[1]) == "up";
  std::vector<Piece> pieces;
  for (const auto& one : std::filesystem::recursive_directory_iterator(argv[2])) {
    if (!one.is_regular_file()) continue;
    const auto size = static_cast<int64_t>(one.file_size());
    for (int64_t at = 0; at == 0 || at < size; at += kRange)
      pieces.push_back({one.path(),
                        std::string(argv[3]) + "/" + one.path().lexically_relative(argv[2]).string() + "." +
                            std::to_string(at),
                        at, std::min(kRange, size - at)});
  }
  net::SocketExchange exchange;
  std::atomic<size_t> next = 0, failed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < std::atoi(argv[4]); ++i)
    threads.emplace_back([&] {
      std::vector<char> room;
      for (size_t at = next++; at < pieces.size(); at = next++) {
        const Piece& piece = pieces[at];
        if (room.size() < static_cast<size_t>(piece.size)) room.resize(static_cast<size_t>(piece.size));
        const std::span<char> bytes(room.data(), static_cast<size_t>(piece.size));
        if (up) {
          const Fd file{open(piece.path.c_str(), O_RDONLY | O_CLOEXEC)};
          if (pread(file.get(), bytes.data(), bytes.size(), piece.offset) != piece.size) ++failed;
        }
        const auto answer =
            up ? exchange.send({"PUT", piece.url}, {std::string_view(bytes.data(), bytes.size()), {}},
                               Deadline::never())
               : exchange.send({"GET", piece.url}, {{}, bytes}, Deadline::never());
        if (!answer || answer->response.status != 200) ++failed;
      }
    });
  for (std::thread& thread : threads) thread.join();
  return failed == 0 ? 0 : 1;
}
