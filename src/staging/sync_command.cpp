#include "staging/sync_command.h"

namespace spillway::staging {
namespace {

Result<int> run(const Invocation&) {
  return Error{Kind::internal, "data sync is not there yet"};
}

}  // namespace

Command sync_command() {
  return {.path = "data sync",
          .summary = "Make a bucket's prefix like a directory, or a directory like a prefix.",
          .positionals = {{"SRC", "A directory, a file, or s3://BUCKET/PREFIX."},
                          {"DST", "The other: s3://BUCKET/PREFIX, or a directory."}},
          .run = run};
}

}  // namespace spillway::staging
