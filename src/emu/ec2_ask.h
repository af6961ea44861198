#pragma once
#include "emu/ec2.h"
#include "emu/ec2_kinds.h"

// Questions to the policies of who makes an EC2 call. Source of what is asked: Service Authorization
// Reference, "Actions, resources, and condition keys for Amazon EC2".
namespace spillway::emu {

struct Asker {
  using Context = std::vector<std::pair<std::string, std::string>>;  // a key of many values stands many times

  const Account& account;
  const Call& call;

  std::string arn(std::string_view type, std::string_view id) const { return ec2_arn(account, type, id); }
  std::string vpc_arn(const std::string& id) const { return arn("vpc", id); }

  /// Errors: UnauthorizedOperation.
  Answer<bool> demand(const std::string& action, const std::string& resource, Context context = {}) const;
  /// Of something that exists, known by its tags and its VPC. What is not there is not the policy's affair:
  /// the operation tells so.
  Answer<bool> demand_on(const std::string& action, const std::string& id, Context more = {}) const;
  /// Tags in the creating call are a CreateTags of their own, told apart by ec2:CreateAction.
  Answer<bool> demand_tags(const std::map<std::string, Tags>& tags) const;
  /// Whoever gives instances a role must be allowed to pass it.
  Answer<bool> demand_role(const std::string& profile) const;
  /// RunInstances and CreateFleet.
  Answer<bool> demand_launches() const;
};

/// The tags that a request brings: aws:RequestTag/KEY and aws:TagKeys.
Asker::Context request_tags(const Tags& tags);
/// The tags that a thing has: both spellings of the condition key that EC2 takes.
Asker::Context resource_tags(const Tags& tags);
void append(Asker::Context& context, const Asker::Context& more);

}  // namespace spillway::emu
