#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/tree.h"

namespace spillway::config {

// A struct of configuration is described once, beside its user:
//
//   template <class Visitor> void describe(Visitor& v, DataConfig& c) {
//     v.field("data.bucket", c.bucket, "Bucket holding job inputs and outputs.").required();
//   }
//
// and read, checked, listed and documented by visitors over that description.

/// One described field, as reference and schema show it.
struct FieldFacts {
  std::string path;  // "data.bucket"
  std::string type;  // "text", "number" or "yes/no"
  std::string help;
  std::string value;   // as text: the default, or what was read
  std::string origin;  // "default" or file:line
  bool required = false;
  std::optional<std::pair<int64_t, int64_t>> range;
  std::vector<std::string> choices;
};

/// Fills described structs from a tree; collects every problem instead of stopping at the first.
class Reader {
 public:
  Reader(const Tree& tree, std::string file) : tree_(tree), file_(std::move(file)) {}

  class Field {
   public:
    Field(Reader& reader, size_t index) : reader_(reader), index_(index) {}
    Field& required();
    Field& range(int64_t low, int64_t high);
    Field& one_of(std::vector<std::string> choices);

   private:
    Reader& reader_;
    size_t index_;
  };

  Field field(std::string_view path, std::string& value, std::string_view help);
  Field field(std::string_view path, int64_t& value, std::string_view help);
  Field field(std::string_view path, bool& value, std::string_view help);
  Field field(std::string_view path, std::vector<std::string>& value, std::string_view help);
  /// A part that another reader understands; its key is known, its content is not looked at.
  void opaque(std::string_view path, std::string_view help);

  /// After every struct was described: unknown keys and everything else that is wrong. Errors: invalid
  /// (SPW-CONFIG-002).
  Result<void> finish();
  const std::vector<FieldFacts>& fields() const { return fields_; }

 private:
  const Tree* at(std::string_view path) const;
  const Tree* scalar_at(std::string_view path, std::string_view wanted);
  Field note(std::string_view path, std::string_view type, std::string_view help, std::string value,
             const Tree* found);
  void complain(const Tree* where, std::string problem);
  void find_unknown(const Tree& tree, const std::string& path);

  const Tree& tree_;
  std::string file_;
  std::vector<FieldFacts> fields_;
  std::vector<std::string> opaque_;
  std::vector<std::string> problems_;
};

/// JSON Schema (draft 2020-12) of described fields.
Json schema_of(const std::vector<FieldFacts>& fields);

}  // namespace spillway::config
