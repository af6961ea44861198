#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
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
  std::string type;  // "text", "number", "yes/no", "duration", "list of text" or "any"
  std::string help;
  std::string value;   // as text: the default, or what was read
  std::string origin;  // "default", file:line or "environment SPILLWAY_…"
  bool required = false;
  std::optional<std::pair<int64_t, int64_t>> range;
  std::vector<std::string> choices;
  size_t longest = 0;  // bytes of one line of text; 0: no limit
  bool used = true;    // false: accepted, but nothing reads it yet
};

/// Fills described structs from a tree; collects every problem instead of stopping at the first.
class Reader {
 public:
  /// Looks up SPILLWAY_AWS_REGION for aws.region; what it gives wins over the file.
  using Environment = std::function<const char*(const char*)>;

  Reader(const Tree& tree, std::string file, Environment environment = {})
      : tree_(tree), file_(std::move(file)), environment_(std::move(environment)) {}

  class Field {
   public:
    Field(Reader& reader, size_t index) : reader_(reader), index_(index) {}
    Field& required();
    Field& range(int64_t low, int64_t high);
    Field& one_of(std::vector<std::string> choices);
    /// Text without control characters, of at most `longest` bytes: it becomes a tag.
    Field& one_line(size_t longest);
    /// The format has it already; nothing reads it yet, and `config show` says so.
    Field& unused();

   private:
    Reader& reader_;
    size_t index_;
  };

  Field field(std::string_view path, std::string& value, std::string_view help);
  Field field(std::string_view path, int64_t& value, std::string_view help);
  Field field(std::string_view path, bool& value, std::string_view help);
  /// "90s", "5m", "1h30m"; a bare number is seconds.
  Field field(std::string_view path, Duration& value, std::string_view help);
  Field field(std::string_view path, std::vector<std::string>& value, std::string_view help);
  /// A part that another reader understands; its key is known, its content is not looked at.
  void opaque(std::string_view path, std::string_view help);

  /// After every struct was described: unknown keys and everything else that is wrong. Errors: invalid
  /// (SPW-CONFIG-002).
  Result<void> finish();
  const std::vector<FieldFacts>& fields() const { return fields_; }

 private:
  const Tree* at(std::string_view path);
  std::string origin_of(std::string_view path, const Tree* found) const;
  const Tree* scalar_at(std::string_view path, std::string_view wanted);
  Field note(std::string_view path, std::string_view type, std::string_view help, std::string value,
             const Tree* found);
  void complain(const Tree* where, std::string problem);
  void find_unknown(const Tree& tree, const std::string& path);

  const Tree& tree_;
  std::string file_;
  Environment environment_;
  std::map<std::string, Tree, std::less<>> from_environment_;
  std::vector<FieldFacts> fields_;
  std::vector<std::string> opaque_;
  std::vector<std::string> problems_;
};

/// JSON Schema (draft 2020-12) of described fields.
Json schema_of(const std::vector<FieldFacts>& fields);
/// The reference page of described fields, in Markdown.
std::string reference_of(const std::vector<FieldFacts>& fields);

}  // namespace spillway::config
