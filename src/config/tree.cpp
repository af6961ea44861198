#include "config/tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <unordered_set>

#include "base/text.h"

namespace spillway::config {
namespace {

constexpr Code kYaml{"SPW-CONFIG-001", "the file is not the strict YAML that configuration is written in",
                     "correct the line named above; spillway config validate checks the whole file"};
constexpr size_t kLevelsAtMost = 50;
constexpr size_t kBytesAtMost = 1 << 20;

struct Refusal {
  Mark mark;
  std::string problem;
};

/// Builds the tree from yaml-cpp's events; its own nodes would hide repeated keys.
class Builder : public YAML::EventHandler {
 public:
  explicit Builder(std::string_view source) : source_(source) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) throw Refusal{here(mark), "a second document"};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(mark, anchor, Tree{}); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refusal{here(mark), "aliases are not allowed"};
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_tag(mark, tag);
    const bool quoted = tag == "!";
    if (quoted && !is_closed(mark)) throw Refusal{here(mark), "the file ends inside this quoted text"};
    Tree scalar{.shape = Tree::Shape::scalar, .text = value};
    scalar.quoted = quoted;
    if (!quoted && (value.empty() || value == "~" || value == "null")) scalar.shape = Tree::Shape::nothing;
    add(mark, anchor, std::move(scalar));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open(mark, anchor, Tree::Shape::list);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open(mark, anchor, Tree::Shape::map);
  }
  void OnMapEnd() override { close(); }

  Tree take() { return std::move(root_); }

 private:
  struct Level {
    Tree tree;
    std::string key;
    bool has_key = false;
    std::unordered_set<std::string> keys;
  };
  static Mark here(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }
  static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!")
      throw Refusal{here(mark), fmt::format("tags are not allowed, found {}", in_quotes(tag))};
  }

  /// Whether the quote at `mark` is closed somewhere: yaml-cpp takes the end of a cut file for the closing
  /// one.
  bool is_closed(const YAML::Mark& mark) const {
    size_t at = static_cast<size_t>(mark.pos);
    if (mark.pos < 0 || at >= source_.size() || (source_[at] != '"' && source_[at] != '\'')) return true;
    const char quote = source_[at++];
    for (; at < source_.size(); ++at) {
      if (quote == '"' && source_[at] == '\\')
        ++at;
      else if (source_[at] == quote)
        return true;
    }
    return false;
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, Tree::Shape shape) {
    if (anchor != 0) throw Refusal{here(mark), "anchors are not allowed"};
    if (levels_.size() >= kLevelsAtMost)
      throw Refusal{here(mark), fmt::format("deeper than {} levels", kLevelsAtMost)};
    levels_.push_back({Tree{.shape = shape, .mark = here(mark)}, {}, false, {}});
  }
  void close() {
    Tree done = std::move(levels_.back().tree);
    levels_.pop_back();
    put(std::move(done));
  }
  void add(const YAML::Mark& mark, YAML::anchor_t anchor, Tree tree) {
    if (anchor != 0) throw Refusal{here(mark), "anchors are not allowed"};
    tree.mark = here(mark);
    put(std::move(tree));
  }
  void put(Tree tree) {
    if (levels_.empty()) {
      root_ = std::move(tree);
      return;
    }
    Level& top = levels_.back();
    if (top.tree.shape == Tree::Shape::list) {
      top.tree.items.push_back(std::move(tree));
    } else if (top.has_key) {
      top.tree.members.push_back({std::move(top.key), std::move(tree)});
      top.has_key = false;
    } else {
      if (tree.shape != Tree::Shape::scalar) throw Refusal{tree.mark, "a key must be plain text"};
      if (!top.keys.insert(tree.text).second)
        throw Refusal{tree.mark, fmt::format("the key '{}' is there twice", tree.text)};
      top.key = std::move(tree.text);
      top.has_key = true;
    }
  }

  std::string_view source_;
  std::vector<Level> levels_;
  Tree root_;
  int documents_ = 0;
};

Error refuse(std::string_view name, Mark mark, std::string_view problem) {
  return Error{Kind::invalid, kYaml, fmt::format("{}:{}:{}: {}", name, mark.line, mark.column, problem)};
}

Json scalar_json(const Tree& tree) {
  if (tree.quoted) return tree.text;
  if (tree.text == "true" || tree.text == "false") return tree.text == "true";
  // JSON's own grammar decides what is a number: 007, .5, inf and 0x10 stay text.
  const bool may_be_number =
      !tree.text.empty() && (tree.text[0] == '-' || (tree.text[0] >= '0' && tree.text[0] <= '9'));
  if (may_be_number)
    if (auto number = Json::parse(tree.text); number && number->is_number()) return std::move(*number);
  return tree.text;
}

}  // namespace

const Tree* Tree::find(std::string_view key) const {
  for (const auto& [name, value] : members)
    if (name == key) return &value;
  return nullptr;
}

Json Tree::to_json() const {
  if (shape == Shape::scalar) return scalar_json(*this);
  if (shape == Shape::list) {
    Json list = Json::array();
    for (const Tree& item : items) list.push(item.to_json());
    return list;
  }
  if (shape == Shape::nothing) return {};
  Json map = Json::object();
  for (const auto& [key, value] : members) map.mutable_members().emplace_back(key, value.to_json());
  return map;
}

Result<Tree> parse_yaml(std::string_view text, std::string_view name) {
  if (text.size() > kBytesAtMost)
    return refuse(name, {1, 1}, fmt::format("larger than {} bytes", kBytesAtMost));
  if (text.find('\0') != std::string_view::npos) return refuse(name, {1, 1}, "it holds a NUL");
  std::istringstream stream{std::string(text)};
  Builder builder{text};
  try {
    YAML::Parser parser{stream};
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refusal& refusal) {
    return refuse(name, refusal.mark, refusal.problem);
  } catch (const YAML::Exception& error) {
    return refuse(name, {error.mark.line + 1, error.mark.column + 1}, error.msg);
  }
  return builder.take();
}

}  // namespace spillway::config
