#pragma once
#include "emu/iam.h"

// IAM's own API: one table of operations per file iam_*.cpp, and what they share.
namespace spillway::emu {

const XmlOperations& iam_role_operations();
const XmlOperations& iam_profile_operations();
const XmlOperations& iam_simulator_operations();

Answer<std::string> iam_required(const Params& params, std::string_view name);
/// AccessDenied in IAM's words unless the caller's policies allow the call on the resource.
Answer<bool> iam_demand(const Account& account, const Call& call, const std::string& resource,
                        Tags tags = {});
/// Tags under Tags.member.N.
Tags iam_tags(const Params& params);
void write_iam_tags(Xml& xml, const Tags& tags);
/// A policy document, which must be JSON with statements.
Answer<Json> policy_document(const std::string& text);
/// RFC 3986, as IAM sends documents.
std::string url_encoded(const std::string& text);
Answer<std::string> iam_path_of(const Params& params);
void write_role(Xml& xml, const Account& account, const Principal& role);
ApiError no_such(std::string_view what, const std::string& name);

}  // namespace spillway::emu
