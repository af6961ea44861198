#include "config/tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "base/text.h"

namespace spillway::config {
namespace {

constexpr Code kYaml{"SPW-CONFIG-001", "the file is not the strict YAML that configuration is written in",
                     "correct the line named above; spillway config validate checks the whole file"};
constexpr size_t kLevelsAtMost = 50;

struct Refusal {
  Mark mark;
  std::string problem;
};

/// Builds the tree from yaml-cpp's events; its own nodes would hide repeated keys.
class Builder : public YAML::EventHandler {
 public:
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
    Tree scalar{.shape = Tree::Shape::scalar, .text = value};
    scalar.quoted = tag == "!";
    add(mark, anchor, std::move(scalar));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, anchor, Tree::Shape::list);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, anchor, Tree::Shape::map);
  }
  void OnMapEnd() override { close(); }

  Tree take() { return std::move(root_); }

 private:
  struct Level {
    Tree tree;
    std::string key;
    bool has_key = false;
  };
  static Mark here(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, Tree::Shape shape) {
    if (anchor != 0) throw Refusal{here(mark), "anchors are not allowed"};
    if (levels_.size() >= kLevelsAtMost)
      throw Refusal{here(mark), fmt::format("deeper than {} levels", kLevelsAtMost)};
    levels_.push_back({Tree{.shape = shape, .mark = here(mark)}, {}, false});
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
      top.tree.members.emplace_back(std::move(top.key), std::move(tree));
      top.has_key = false;
    } else {
      if (tree.shape != Tree::Shape::scalar) throw Refusal{tree.mark, "a key must be plain text"};
      if (top.tree.find(tree.text))
        throw Refusal{tree.mark, fmt::format("the key '{}' is there twice", tree.text)};
      top.key = std::move(tree.text);
      top.has_key = true;
    }
  }

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
  if (const auto number = parse_int(tree.text)) return *number;
  double real = 0;
  const auto [end, error] = std::from_chars(tree.text.data(), tree.text.data() + tree.text.size(), real);
  if (!tree.text.empty() && error == std::errc{} && end == tree.text.data() + tree.text.size()) return real;
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
  for (const auto& [key, value] : members) map.set(key, value.to_json());
  return map;
}

Result<Tree> parse_yaml(std::string_view text, std::string_view name) {
  std::istringstream stream{std::string(text)};
  Builder builder;
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
