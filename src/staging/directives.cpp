#include "staging/directives.h"

#include <algorithm>

#include "base/text.h"
#include "staging/job_codes.h"

namespace spillway::staging {
namespace {

constexpr size_t kMostDirectives = 64, kLongestPath = 4096;

Error at(int line, Error error) {
  return std::move(error).during(fmt::format("line {}", line));
}

/// Words as a shell would see them, without any of its expansions. A quoted "$" or "%" keeps its meaning for
/// expand_path unless a backslash stands before it.
Result<std::vector<std::string>> words_of(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  bool begun = false;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && (c == ' ' || c == '\t')) {
      if (begun) out.push_back(std::exchange(word, {}));
      begun = false;
      continue;
    }
    begun = true;
    if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    } else if (c == '\\' && quote != '\'') {
      if (++i == text.size()) return Error{Kind::invalid, kBadQuoting, "a backslash ends the line"};
      if (text[i] == '$') word += '\\';
      word += text[i];
    } else if (c == '$' && quote == '\'') {
      word += "\\$";
    } else {
      word += c;
    }
  }
  if (quote != 0) return Error{Kind::invalid, kBadQuoting, fmt::format("{} is never closed", quote)};
  if (begun) out.push_back(std::move(word));
  return out;
}

Error bad_path(std::string_view path, std::string_view why) {
  return Error{Kind::invalid, kBadPath, fmt::format("the path {} {}", in_quotes(path), why)};
}

Result<void> check_path(std::string_view path) {
  if (path.empty()) return bad_path(path, "is empty");
  if (path.size() > kLongestPath) return bad_path(path, "is longer than 4,096 bytes");
  if (std::any_of(path.begin(), path.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    return bad_path(path, "holds a control character");
  for (const std::string_view part : split(path, '/'))
    if (part == "..") return bad_path(path, "climbs with \"..\"");
  if (path.find_first_not_of("/.") == std::string_view::npos && path.starts_with('/'))
    return bad_path(path, "is the root of the file system");
  return {};
}

/// One substitution that begins at path[at]: its name ("%j", "SLURM_JOB_ID", "\\$" for the character itself)
/// and how long it is.
struct Substitution {
  std::string name;
  size_t length = 0;
};

Result<Substitution> substitution_at(std::string_view path, size_t at) {
  const std::string_view rest = path.substr(at);
  if (rest[0] == '\\') return Substitution{"\\$", 2};
  if (rest[0] == '%') {
    if (rest.size() > 1 && std::string_view("jAau%").find(rest[1]) != std::string_view::npos)
      return Substitution{std::string(rest.substr(0, 2)), 2};
    return Error{Kind::invalid, kBadSubstitution,
                 fmt::format("{} is no substitution", in_quotes(rest.substr(0, 2)))};
  }
  const bool braces = rest.size() > 1 && rest[1] == '{';
  size_t end = braces ? 2 : 1;
  while (end < rest.size() && (isalnum(static_cast<unsigned char>(rest[end])) || rest[end] == '_')) ++end;
  const std::string name(rest.substr(braces ? 2 : 1, end - (braces ? 2 : 1)));
  const bool closed = !braces || (end < rest.size() && rest[end] == '}');
  for (const char* known : {"USER", "SLURM_JOB_ID", "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID"})
    if (closed && name == known) return Substitution{name, end + (braces ? 1 : 0)};
  return Error{Kind::invalid, kBadSubstitution, fmt::format("${} is no substitution", name)};
}

bool begins_substitution(std::string_view path, size_t i) {
  return path[i] == '%' || path[i] == '$' || (path[i] == '\\' && i + 1 < path.size() && path[i + 1] == '$');
}

Result<void> check_template(std::string_view path) {
  TRY(check_path(path));
  for (size_t i = 0; i < path.size();) {
    if (!begins_substitution(path, i)) {
      ++i;
      continue;
    }
    i += TRY(substitution_at(path, i)).length;
  }
  return {};
}

Result<std::string> meaning(const std::string& name, const JobNames& names) {
  if (name == "%%") return std::string("%");
  if (name == "\\$") return std::string("$");
  if (name == "%j" || name == "SLURM_JOB_ID") return std::to_string(names.job);
  if (name == "%A" || name == "SLURM_ARRAY_JOB_ID") return std::to_string(names.array_job);
  if (name == "%u" || name == "USER") return names.user;
  if (!names.task)
    return Error{Kind::invalid, kBadSubstitution, fmt::format("{}: job {} is no array", name, names.job)};
  return std::to_string(*names.task);
}

Result<Directive> directive_of(const std::vector<std::string>& words, int line) {
  Directive out{.line = line};
  if (words.empty()) return Error{Kind::invalid, kBadDirective, "nothing follows the mark"};
  if (words[0] == "stage_in") {
    if (words.size() != 2 && words.size() != 3)
      return Error{Kind::invalid, kBadDirective,
                   fmt::format("stage_in has {} words after it, want SRC [DST]", words.size() - 1)};
    out.source = words[1];
    out.target = words.size() == 3 ? words[2] : words[1];
  } else if (words[0] == "stage_out") {
    out.direction = Direction::out;
    if (words.size() != 3 && words.size() != 4)
      return Error{
          Kind::invalid, kBadDirective,
          fmt::format("stage_out has {} words after it, want SRC DST [on=success|always]", words.size() - 1)};
    out.source = words[1];
    out.target = words[2];
    if (words.size() == 4 && words[3] != "on=success" && words[3] != "on=always")
      return Error{Kind::invalid, kBadDirective,
                   fmt::format("{} is neither on=success nor on=always", in_quotes(words[3]))};
    if (words.size() == 4 && words[3] == "on=success") out.when = When::success;
  } else {
    const auto meant = nearest(words[0], {"stage_in", "stage_out"});
    return Error{Kind::invalid, kBadDirective,
                 fmt::format("{} is no directive{}", in_quotes(words[0]),
                             meant ? "; did you mean " + *meant + "?" : "")};
  }
  TRY(check_template(out.source));
  TRY(check_template(out.target));
  return out;
}

/// What follows the mark, if the line is ours. Words of others after #BB_LUA are left to them.
std::optional<std::string_view> after_mark(std::string_view line) {
  for (const std::string_view mark : {"#SPILLWAY", "#BB_LUA"}) {
    if (!line.starts_with(mark)) continue;
    const std::string_view rest = line.substr(mark.size());
    if (!rest.empty() && rest[0] != ' ' && rest[0] != '\t') continue;
    if (mark == "#BB_LUA" && !trim(rest).starts_with("stage_")) continue;
    return rest;
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Direction direction) {
  return direction == Direction::in ? "in" : "out";
}

Result<Directives> parse_directives(std::string_view script) {
  Directives out;
  int number = 0;
  bool commands_began = false;
  for (std::string_view line : split(script, '\n')) {
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto rest = after_mark(line);
    if (commands_began) {
      if (rest)
        out.warnings.push_back(
            fmt::format("line {}: a directive after the first command is not read", number));
      continue;
    }
    const std::string_view text = trim(line);
    if (!rest) {
      if (text.starts_with("#SPILLWAY") || text.starts_with("# SPILLWAY"))
        out.warnings.push_back(
            fmt::format("line {}: a directive begins with #SPILLWAY at the line's very beginning", number));
      commands_began = !text.empty() && text[0] != '#';
      continue;
    }
    auto words = words_of(*rest);
    if (!words) return at(number, std::move(words).error());
    auto directive = directive_of(*words, number);
    if (!directive) return at(number, std::move(directive).error());
    if (out.all.size() == kMostDirectives)
      return at(number, Error{Kind::invalid, kTooManyDirectives, "the 65th directive"});
    out.all.push_back(*std::move(directive));
  }
  return out;
}

Result<std::string> expand_path(std::string_view path, const JobNames& names, std::string_view folder) {
  std::string out = path.starts_with('/') ? "" : std::string(folder) + "/";
  for (size_t i = 0; i < path.size();) {
    if (!begins_substitution(path, i)) {
      out += path[i++];
      continue;
    }
    const Substitution found = TRY(substitution_at(path, i));
    out += TRY(meaning(found.name, names));
    i += found.length;
  }
  TRY(check_path(out));
  if (!out.starts_with('/')) return bad_path(out, "counts from a working directory that is not known");
  return out;
}

std::string fixed_part(std::string_view path) {
  size_t i = 0;
  while (i < path.size() && !begins_substitution(path, i)) ++i;
  if (i == path.size()) return std::string(path);
  const size_t slash = path.rfind('/', i);
  return slash == std::string_view::npos ? "" : std::string(path.substr(0, slash == 0 ? 1 : slash));
}

}  // namespace spillway::staging
