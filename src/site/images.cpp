#include "site/images.h"

#include <algorithm>

#include "site/codes.h"

namespace spillway::site {
namespace {

Deadline soon() {
  return Deadline::after(std::chrono::seconds{60});
}

}  // namespace

Result<std::string> image_of(aws::Client& client, const std::string& source, const Json& kept) {
  if (!source.starts_with("ssm:")) return source;
  if (kept["source"].as_string() == source && !kept["id"].as_string().empty()) return kept["id"].as_string();
  auto found = client.call("ssm", "GetParameter", Json::object({{"Name", source.substr(4)}}), soon());
  if (!found && found.error().kind == Kind::not_found)
    return Error{Kind::not_found, kNoImage, fmt::format("there is no parameter {}", source.substr(4))};
  return TRY(std::move(found))["Parameter"]["Value"].as_string();
}

Result<ImageFacts> check_image(aws::Client& client, const std::string& id, const std::string& owner) {
  auto answer = client.call("ec2", "DescribeImages", Json::object({{"ImageIds", Json::array({id})}}), soon());
  const bool unknown =
      answer ? (*answer)["Images"].size() == 0 : answer.error().peer_code.starts_with("InvalidAMIID");
  if (unknown)
    return Error{Kind::not_found, kNoImage, fmt::format("there is no image {} in this region", id)};
  const Json image = TRY(std::move(answer))["Images"].at(0);
  if (image["OwnerId"].as_string() != owner)
    return Error{
        Kind::denied, kNoImage,
        fmt::format("the image {} belongs to account {}, not {}", id, image["OwnerId"].as_string(), owner)}
        .because("an image of a stranger can hold anything; site.image_owner says whose are taken")
        .fixed_by(fmt::format("if you trust it: site.image_owner: \"{}\"", image["OwnerId"].as_string()));
  ImageFacts out{id, image["RootDeviceName"].as_string(), image["Architecture"].as_string()};
  for (const Json& device : image["BlockDeviceMappings"].items())
    if (device["DeviceName"].as_string() == out.root_device)
      out.gib = std::max<int64_t>(out.gib, device["Ebs"]["VolumeSize"].as_int());
  return out;
}

}  // namespace spillway::site
