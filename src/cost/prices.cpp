#include "cost/prices.h"

#include "base/json.h"

namespace spillway::cost {

extern const std::string kUsEast1;  // share/prices/us-east-1.json

namespace {

const Json& list() {
  static const Json kList = [] {
    auto parsed = Json::parse(kUsEast1);
    return parsed ? *parsed : Json();
  }();
  return kList;
}

Usd amount(const Json& text) {
  const auto read = parse_usd(text.as_string());
  return read ? *read : Usd{};
}

}  // namespace

Prices Prices::shipped(std::string_view) {
  Prices out;
  out.region_ = list()["region"].as_string();
  out.date_ = list()["date"].as_string();
  return out;
}

std::optional<Usd> Prices::instance_hour(std::string_view type) const {
  const Json* found = list()["instance_hour"].find(type);
  if (!found) return std::nullopt;
  return amount(*found);
}

Usd Prices::public_address_hour() const {
  return amount(list()["public_address_hour"]);
}

Usd Prices::volume_gib_month() const {
  return amount(list()["gp3_gib_month"]);
}

}  // namespace spillway::cost
