#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace spillway::config {

/// Where a value stands in its file, from 1.
struct Mark {
  int line = 0, column = 0;
};

/// A document of configuration, read but not yet understood: scalars are text, and everything knows where it
/// stands.
struct Tree {
  enum class Shape { nothing, scalar, list, map };
  struct Member;
  Shape shape = Shape::nothing;
  Mark mark;
  std::string text;             // of a scalar
  std::vector<Tree> items;      // of a list
  std::vector<Member> members;  // of a map, in the file's order

  const Tree* find(std::string_view key) const;
  /// As JSON, plain scalars that look like numbers or booleans (true, false) as such.
  Json to_json() const;
  bool quoted = false;  // the scalar stood in quotes: it is text whatever it looks like
};

struct Tree::Member {
  std::string key;
  Tree value;
};

/// Reads strict YAML: one document, no repeated keys, no anchors, aliases or tags, at most 1 MiB and 50
/// levels. Errors: invalid (SPW-CONFIG-001), with `name`, line and column.
Result<Tree> parse_yaml(std::string_view text, std::string_view name);

}  // namespace spillway::config
