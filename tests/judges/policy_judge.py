"""What IAM lets whom do on EC2: by resource, by tag, and by the role that is passed on."""
import unittest

from judge import ACCOUNT, IMAGE, SUBNET_A, Judge, seed, tags

EC2 = f"arn:aws:ec2:us-east-1:{ACCOUNT}:"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/node"


def user(name, *statements):
    return {"name": name, "access_keys": [{"id": f"AKIASPILLWAY{name.upper():0<8}", "secret": name + "-secret"}],
            "policies": [{"name": "own", "document": {"Version": "2012-10-17", "Statement": list(statements)}}]}


HEAD = user("head",
            {"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"},
            {"Effect": "Allow", "Action": ["ec2:RunInstances", "ec2:CreateFleet"], "Resource": "*"},
            {"Effect": "Allow", "Action": "ec2:CreateTags", "Resource": EC2 + "instance/*",
             "Condition": {"StringEquals": {"ec2:CreateAction": "RunInstances"}}},
            {"Effect": "Allow", "Action": "ec2:TerminateInstances", "Resource": EC2 + "instance/*",
             "Condition": {"StringEquals": {"ec2:ResourceTag/spillway:cluster": "ours"}}})
PASSER = user("passer", {"Effect": "Allow", "Action": ["ec2:*"], "Resource": "*"},
              {"Effect": "Allow", "Action": "iam:PassRole", "Resource": ROLE_ARN})
CAUTIOUS = user("cautious", {"Effect": "Allow", "Action": "*", "Resource": "*"},
                {"Effect": "Deny", "Action": "ec2:RunInstances", "Resource": "*",
                 "Condition": {"BinaryEquals": {"key": "QmluYXJ5"}}})


class Policies(Judge):
    options = {"seed": seed(users=seed()["users"] + [HEAD, PASSER, CAUTIOUS], roles=[{"name": "node", "policies": []}],
                            instance_profiles=[{"name": "node", "role": "node"}])}
    launch = {"ImageId": IMAGE, "SubnetId": SUBNET_A, "MinCount": 1, "MaxCount": 1}

    def of(self, who):
        return self.client("ec2", who["access_keys"][0]["id"], who["access_keys"][0]["secret"])

    def test_only_our_own_may_be_ended(self):
        head = self.of(HEAD)
        ours = head.run_instances(TagSpecifications=[tags("instance", spillway__cluster="ours")], **self.launch)
        ours = ours["Instances"][0]["InstanceId"]
        theirs = self.client("ec2").run_instances(**self.launch)["Instances"][0]["InstanceId"]
        self.refused("UnauthorizedOperation", head.terminate_instances, InstanceIds=[ours, theirs], status=403)
        self.refused("UnauthorizedOperation", head.terminate_instances, InstanceIds=[theirs], DryRun=True, status=403)
        head.terminate_instances(InstanceIds=[ours])

    def test_tags_are_given_at_launch_and_not_later(self):
        head = self.of(HEAD)
        theirs = self.client("ec2").run_instances(**self.launch)["Instances"][0]["InstanceId"]
        self.refused("UnauthorizedOperation", head.create_tags, Resources=[theirs],
                     Tags=[{"Key": "spillway:cluster", "Value": "ours"}], status=403)
        self.refused("UnauthorizedOperation", head.create_launch_template, LaunchTemplateName="mine",
                     LaunchTemplateData={"ImageId": IMAGE}, status=403)

    def test_a_role_is_passed_only_by_who_may(self):
        profile = {"IamInstanceProfile": {"Name": "node"}}
        self.refused("UnauthorizedOperation", self.of(HEAD).run_instances, **self.launch, **profile, status=403)
        self.of(PASSER).run_instances(**self.launch, **profile)
        self.client("ec2").create_launch_template(LaunchTemplateName="with-role", LaunchTemplateData={"ImageId": IMAGE, **profile})
        fleet = {"Type": "instant", "LaunchTemplateConfigs": [{
            "LaunchTemplateSpecification": {"LaunchTemplateName": "with-role", "Version": "$Latest"},
            "Overrides": [{"InstanceType": "c5.large", "SubnetId": SUBNET_A}]}],
            "TargetCapacitySpecification": {"TotalTargetCapacity": 1, "DefaultTargetCapacityType": "on-demand"}}
        self.refused("UnauthorizedOperation", self.of(HEAD).create_fleet, **fleet, status=403)
        self.assertEqual(len(self.of(PASSER).create_fleet(**fleet)["Instances"][0]["InstanceIds"]), 1)

    def test_a_denial_under_a_condition_that_is_not_understood_holds(self):
        self.of(CAUTIOUS).describe_instances()
        self.refused("UnauthorizedOperation", self.of(CAUTIOUS).run_instances, **self.launch, status=403)


if __name__ == "__main__":
    unittest.main()
