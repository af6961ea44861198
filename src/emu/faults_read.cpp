#include <algorithm>

#include "base/text.h"
#include "emu/faults.h"
#include "emu/throttle.h"

// The grammar of the rules, as a table: what each effect takes, and what each member looks like.
namespace spillway::emu {
namespace {

enum class Form { text, count, whole, chance, rates };

struct Member {
  std::string_view name;
  Form form = Form::text;
};
constexpr Member kMembers[] = {{"effect"},
                               {"name"},
                               {"service"},
                               {"operation"},
                               {"type"},
                               {"subnet"},
                               {"zone"},
                               {"purchase"},
                               {"instance"},
                               {"access_key"},
                               {"path"},
                               {"code"},
                               {"message"},
                               {"what"},
                               {"status", Form::count},
                               {"limit", Form::count},
                               {"ms", Form::count},
                               {"seconds", Form::whole},
                               {"times", Form::count},
                               {"requests", Form::rates},
                               {"resources", Form::rates},
                               {"after_ms", Form::count},
                               {"for_ms", Form::count},
                               {"skip", Form::count},
                               {"count", Form::count},
                               {"probability", Form::chance},
                               {"seed", Form::count}};

constexpr std::string_view kAll = "effect name after_ms for_ms";
constexpr std::string_view kCounted = "skip count probability seed";
constexpr std::string_view kChance = "probability seed";

struct Effect {
  std::string_view name;
  std::string_view needs, takes, when;
  std::string_view whats = "";  // the words that "what" may be
};
constexpr Effect kEffects[] = {
    {"error", "code", "message status service operation type subnet zone purchase", kCounted},
    {"capacity", "limit", "code message status operation type subnet zone purchase", kCounted},
    {"throttle", "", "operation times requests resources", ""},
    {"drop_before", "", "service operation", kCounted},
    {"drop_after", "", "service operation", kCounted},
    {"delay", "ms", "service operation", kCounted},
    {"empty_page", "", "operation", kCounted},
    {"never_boots", "", "operation type subnet zone purchase", kCounted},
    {"dies_pending", "", "operation type subnet zone purchase", kCounted},
    {"late", "what ms", "operation type subnet zone purchase instance", kChance,
     "instances addresses tags filters states"},
    {"unlisted", "", "operation type subnet zone purchase instance", kCounted},
    {"spot_notice", "", "ms type subnet zone purchase instance", kCounted},
    {"rebalance", "", "type subnet zone purchase instance", kCounted},
    {"terminate_delayed", "", "ms type subnet zone purchase instance", kCounted},
    {"stuck_shutting_down", "", "ms type subnet zone purchase instance", kCounted},
    {"leave_behind", "what", "type subnet zone purchase instance", kCounted, "volumes interfaces"},
    {"imds_silent", "", "status path type subnet zone purchase instance", kCounted},
    {"credentials_expired", "", "access_key", kChance},
    {"clock_offset", "seconds", "", ""},
};

std::vector<std::string> words(std::initializer_list<std::string_view> lists) {
  std::vector<std::string> out;
  for (std::string_view list : lists)
    for (std::string_view word : split(list, ' '))
      if (!word.empty()) out.emplace_back(word);
  return out;
}

bool has(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

Error bad(const std::string& path, std::string_view problem) {
  return Error{Kind::invalid, fmt::format("fault rule {}: {}", path, problem)};
}

Error unknown(const std::string& path, std::string_view what, const std::string& word,
              const std::vector<std::string>& known) {
  const auto near = nearest(word, known);
  return bad(path, fmt::format("unknown {} '{}'{}", what, word,
                               near ? fmt::format("; did you mean '{}'?", *near)
                                    : fmt::format("; it is one of {}", fmt::join(known, ", "))));
}

Result<const Effect*> effect_of(const Json& rule, const std::string& path) {
  if (!rule.is_object()) return bad(path, fmt::format("want an object, found {}", rule.type_name()));
  if (!rule.contains("effect")) return bad(path, "'effect' is missing");
  const std::string& name = rule["effect"].as_string();
  for (const Effect& effect : kEffects)
    if (effect.name == name) return &effect;
  std::vector<std::string> known;
  for (const Effect& effect : kEffects) known.emplace_back(effect.name);
  return unknown(path + ".effect", "effect", name, known);
}

/// {"RunInstances": [size, rate]} with the names of `published`.
Result<void> check_rates(const Json& rates, const std::string& path, const Buckets& published) {
  if (!rates.is_object()) return bad(path, "want an object of [size, rate a second]");
  std::vector<std::string> known;
  for (const auto& [name, bucket] : published) known.push_back(name);
  for (const auto& [name, pair] : rates.members()) {
    if (!published.contains(name)) return unknown(path, "class", name, known);
    const bool right = pair.is_array() && pair.size() == 2 && pair.at(0).is_number() &&
                       pair.at(1).is_number() && pair.at(0).as_double() >= 0 && pair.at(1).as_double() >= 0;
    if (!right) return bad(path + "." + name, "want [size, rate a second], neither negative");
  }
  return {};
}

Result<void> check_form(const Json& value, Form form, std::string_view name, const std::string& path) {
  switch (form) {
    case Form::text:
      if (!value.is_string()) return bad(path, "want a string");
      return {};
    case Form::count:
      if (!value.is_int() || value.as_int() < 0) return bad(path, "want a number, not negative");
      if (value.as_int() > 1'000'000'000'000) return bad(path, "want a number below 10^12");
      return {};
    case Form::whole:
      if (!value.is_int() || std::abs(value.as_int()) > 1'000'000'000)
        return bad(path, "want a number below 10^9");
      return {};
    case Form::chance:
      if (!value.is_number() || value.as_double() < 0 || value.as_double() > 1)
        return bad(path, "want a number from 0 to 1");
      return {};
    case Form::rates:
      return check_rates(value, path, name == "requests" ? published_requests() : published_resources());
  }
  return {};
}

Result<void> check_members(const Json& rule, const Effect& effect, const std::string& path) {
  const std::vector<std::string> needed = words({effect.needs});
  const std::vector<std::string> known = words({effect.needs, effect.takes, effect.when, kAll});
  for (const auto& [key, value] : rule.members()) {
    const auto* member = std::find_if(std::begin(kMembers), std::end(kMembers),
                                      [&name = key](const Member& m) { return m.name == name; });
    if (!has(known, key)) {
      if (member == std::end(kMembers)) return unknown(path, "key", key, known);
      return bad(path, fmt::format("the effect {} takes no '{}'; it takes {}", effect.name, key,
                                   fmt::join(known, ", ")));
    }
    TRY(check_form(value, member->form, key, path + "." + key));
  }
  for (const std::string& name : needed)
    if (!rule.contains(name)) return bad(path, fmt::format("the effect {} needs '{}'", effect.name, name));
  const std::vector<std::string> whats = words({effect.whats});
  if (!whats.empty() && !has(whats, rule["what"].as_string()))
    return unknown(path + ".what", "word", rule["what"].as_string(), whats);
  if (const std::string& purchase = rule["purchase"].as_string();
      !purchase.empty() && purchase != "spot" && purchase != "on-demand")
    return bad(path + ".purchase", "it is spot or on-demand");
  return {};
}

Buckets buckets_for(const Json& rule, const char* member, Buckets buckets) {
  const double times = rule.contains("times") ? static_cast<double>(rule["times"].as_int()) : 1;
  for (auto& [name, bucket] : buckets) bucket.size *= times, bucket.rate *= times;
  for (const auto& [name, pair] : rule[member].members())
    buckets[name] = {pair.at(0).as_double(), pair.at(1).as_double(), 0, {}};
  return buckets;
}

Result<Fault> read_fault(const Json& rule, const std::string& path) {
  const Effect& effect = *TRY(effect_of(rule, path));
  TRY(check_members(rule, effect, path));
  Fault fault;
  for (auto [name, into] :
       std::initializer_list<std::pair<const char*, std::string*>>{{"effect", &fault.effect},
                                                                   {"name", &fault.name},
                                                                   {"service", &fault.service},
                                                                   {"operation", &fault.operation},
                                                                   {"type", &fault.type},
                                                                   {"subnet", &fault.subnet},
                                                                   {"zone", &fault.zone},
                                                                   {"purchase", &fault.purchase},
                                                                   {"instance", &fault.instance},
                                                                   {"access_key", &fault.access_key},
                                                                   {"path", &fault.path},
                                                                   {"code", &fault.code},
                                                                   {"message", &fault.message},
                                                                   {"what", &fault.what}})
    *into = rule[name].as_string();
  using std::chrono::milliseconds;
  fault.status = static_cast<int>(rule["status"].as_int());
  fault.limit = rule["limit"].as_int();
  if (rule.contains("ms")) fault.time = milliseconds{rule["ms"].as_int()};
  fault.offset = std::chrono::seconds{rule["seconds"].as_int()};
  if (effect.name == "throttle") {
    fault.requests = buckets_for(rule, "requests", published_requests());
    fault.resources = buckets_for(rule, "resources", published_resources());
  }
  if (rule.contains("count")) fault.remaining = rule["count"].as_int();
  fault.skip = rule["skip"].as_int();
  if (rule.contains("probability")) fault.probability = rule["probability"].as_double();
  fault.seed = rule["seed"].as_int();
  fault.after = milliseconds{rule["after_ms"].as_int()};
  if (rule.contains("for_ms")) fault.lasts = milliseconds{rule["for_ms"].as_int()};
  fault.rule = rule;
  return fault;
}

}  // namespace

Result<std::vector<Fault>> read_faults(const Json& rules) {
  if (!rules.is_array()) return bad("document", fmt::format("want an array, found {}", rules.type_name()));
  std::vector<Fault> faults;
  for (size_t i = 0; i < rules.size(); ++i)
    faults.push_back(TRY(read_fault(rules.at(i), fmt::format("[{}]", i))));
  return faults;
}

}  // namespace spillway::emu
