#include "emu/ec2.h"

namespace spillway::emu {
namespace {

const XmlOperations& operations() {
  static const XmlOperations kAll = [] {
    XmlOperations all;
    for (const auto* table :
         {&ec2_instance_operations(),  &ec2_describe_operations(),    &ec2_fleet_operations(),
          &ec2_template_operations(),  &ec2_tag_operations(),         &ec2_type_operations(),
          &ec2_image_operations(),     &ec2_vpc_operations(),         &ec2_subnet_operations(),
          &ec2_gateway_operations(),   &ec2_route_table_operations(), &ec2_route_operations(),
          &ec2_endpoint_operations(),  &ec2_group_operations(),       &ec2_rule_operations(),
          &ec2_address_operations(),   &ec2_dhcp_operations(),        &ec2_interface_operations(),
          &ec2_attribute_operations(), &ec2_volume_operations(),      &ec2_snapshot_operations(),
          &ec2_lifecycle_operations(), &ec2_fleet_list_operations(),  &ec2_spot_operations()})
      all.insert(table->begin(), table->end());
    return all;
  }();
  return kAll;
}

bool may_touch_networks(std::string_view operation) {
  return !operation.starts_with("Describe") && operation.find("Tags") == std::string_view::npos &&
         operation.find("LaunchTemplate") == std::string_view::npos;
}

Answer<Xml> perform(Account& account, const Call& call) {
  auto operation = operations().find(call.operation);
  if (operation == operations().end())
    return refusal("InvalidAction",
                   fmt::format("The action {} is not valid for this web service.", call.operation));
  EMU_TRY(known_parameters(call.operation, call.params));
  EMU_TRY(authorize_ec2(account, call));
  auto answer = operation->second(account, call);
  if (answer && may_touch_networks(call.operation)) ++account.network_version;
  return answer;
}

net::Response xml_response(int status, std::string body, const std::string& request_id) {
  return {status,
          {{"Content-Type", "text/xml;charset=UTF-8"}, {"x-amzn-RequestId", request_id}},
          std::move(body)};
}

}  // namespace

net::Response ec2_error(const ApiError& error, const std::string& request_id) {
  Xml xml;
  xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").in("Response", [&] {
    xml.in("Errors",
           [&] { xml.in("Error", [&] { xml.text("Code", error.code).text("Message", error.message); }); });
    xml.text("RequestID", request_id);
  });
  return xml_response(error.status, xml.str(), request_id);
}

net::Response ec2_answer(Account& account, const Call& call) {
  auto answer = perform(account, call);
  if (!answer) return ec2_error(answer.error(), call.request_id);
  Xml xml;
  xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<").raw(call.operation);
  xml.raw("Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">").text("requestId", call.request_id);
  xml.raw(answer->str()).raw("</").raw(call.operation).raw("Response>");
  return xml_response(200, xml.str(), call.request_id);
}

}  // namespace spillway::emu
