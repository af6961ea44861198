#pragma once
#include <string>

#include "emu/call.h"
#include "emu/iam.h"

// SSM's parameter store in JSON 1.1: ssm.cpp calls the operations, the other files ssm_*.cpp perform them.
namespace spillway::emu {

Answer<Json> ssm_get_parameter(Account& account, const Call& call);
Answer<Json> ssm_get_parameters(Account& account, const Call& call);
Answer<Json> ssm_put_parameter(Account& account, const Call& call);
Answer<Json> ssm_delete_parameter(Account& account, const Call& call);
Answer<Json> ssm_delete_parameters(Account& account, const Call& call);
Answer<Json> ssm_get_by_path(Account& account, const Call& call);
Answer<Json> ssm_describe(Account& account, const Call& call);
Answer<Json> ssm_add_tags(Account& account, const Call& call);
Answer<Json> ssm_remove_tags(Account& account, const Call& call);
Answer<Json> ssm_list_tags(Account& account, const Call& call);

/// AWS's own parameters lie under this path, in no account.
constexpr std::string_view kPublicParameters = "/aws/service/";

std::string parameter_arn(const Account& account, const std::string& name);
/// AccessDeniedException, in SSM's words, unless the caller may do ssm:`action` to the parameter, whose tags
/// count, under `context`.
Answer<bool> ssm_demand(const Account& account, const Call& call, std::string_view action,
                        const std::string& name, Context context = {});
/// The same for what knows no parameter.
Answer<bool> ssm_demand_all(const Account& account, const Call& call);
/// The parameter as Get* show it; a SecureString that is not `decrypted` as cipher text.
Json shown_parameter(const Account& account, const Parameter& parameter, bool decrypted);
/// A public parameter, made from the images of the account; nothing when AWS has none of this name.
std::optional<Parameter> public_parameter(const Account& account, const std::string& name);
/// Tags: [{Key, Value}].
Answer<Tags> ssm_tags(const Json& list);

}  // namespace spillway::emu
