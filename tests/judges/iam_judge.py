"""boto3 judges IAM: roles, their policies, instance profiles, who may do what, and the policy simulator."""
import json
import unittest

import boto3

from judge import ACCOUNT, KEY, SECRET, Judge, seed

ARN = f"arn:aws:iam::{ACCOUNT}:"
TRUST_EC2 = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
MINE = [{"Key": "spillway:cluster", "Value": "uuid-1"}]


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def may(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def user(name, *statements):
    return {"name": name, "access_keys": [{"id": f"AKIASPILLWAY{name.upper():0<8}", "secret": name + "-secret"}],
            "policies": [{"name": "own", "document": json.loads(policy(*statements))}]}


READER = user("reader", may(["iam:Get*", "iam:List*"]))
BUILDER = user("builder",
               may(["iam:CreateRole", "iam:TagRole"], ARN + "role/spillway-*",
                   Condition={"StringEquals": {"aws:RequestTag/spillway:cluster": "uuid-1"},
                              "ForAllValues:StringEquals": {"aws:TagKeys": ["spillway:cluster"]}}),
               may("iam:DeleteRole", "*", Condition={"StringEquals": {"aws:ResourceTag/spillway:cluster": "uuid-1"}}),
               may(["iam:CreateInstanceProfile", "iam:AddRoleToInstanceProfile"]),
               may("iam:PassRole", ARN + "role/spillway-*",
                   Condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}))


class Iam(Judge):
    options = {"seed": seed(users=seed()["users"] + [READER, BUILDER])}

    def setUp(self):
        self.iam = self.client("iam")
        self.name = "judge-" + self.id().split(".")[-1][5:60]

    def of(self, who, service="iam"):
        return self.client(service, who["access_keys"][0]["id"], who["access_keys"][0]["secret"])


class Roles(Iam):
    def test_a_role_from_its_making_to_its_end(self):
        made = self.iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=TRUST_EC2, Tags=MINE, Path="/spillway/",
                                    Description="of a node", MaxSessionDuration=7200)["Role"]
        self.assertEqual(made["Arn"], f"{ARN}role/spillway/{self.name}")
        self.assertTrue(made["RoleId"].startswith("AROA") and len(made["RoleId"]) == 21, made["RoleId"])
        got = self.iam.get_role(RoleName=self.name)["Role"]
        self.assertEqual(got["AssumeRolePolicyDocument"], json.loads(TRUST_EC2))
        self.assertEqual((got["Tags"], got["Description"], got["MaxSessionDuration"], got["CreateDate"]),
                         (MINE, "of a node", 7200, made["CreateDate"]))
        self.refused("EntityAlreadyExists", self.iam.create_role, RoleName=self.name.upper(),
                     AssumeRolePolicyDocument=TRUST_EC2, status=409)
        self.iam.update_role(RoleName=self.name, MaxSessionDuration=3600, Description="")
        trust = policy({"Effect": "Allow", "Principal": {"AWS": ARN + "root"}, "Action": "sts:AssumeRole"})
        self.iam.update_assume_role_policy(RoleName=self.name, PolicyDocument=trust)
        got = self.iam.get_role(RoleName=self.name)["Role"]
        self.assertEqual((got["AssumeRolePolicyDocument"], got["MaxSessionDuration"]), (json.loads(trust), 3600))
        self.iam.delete_role(RoleName=self.name)
        self.refused("NoSuchEntity", self.iam.get_role, RoleName=self.name, status=404)
        self.refused("NoSuchEntity", self.iam.delete_role, RoleName=self.name, status=404)

    def test_tags(self):
        self.iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=TRUST_EC2, Tags=MINE)
        self.iam.tag_role(RoleName=self.name, Tags=[{"Key": "Spillway:Cluster", "Value": "2"}, {"Key": "b", "Value": ""}])
        tags = self.iam.list_role_tags(RoleName=self.name)["Tags"]
        self.assertEqual({t["Key"]: t["Value"] for t in tags}, {"Spillway:Cluster": "2", "b": ""})
        self.iam.untag_role(RoleName=self.name, TagKeys=["b", "none"])
        self.assertEqual(len(self.iam.list_role_tags(RoleName=self.name)["Tags"]), 1)
        self.refused("InvalidInput", self.iam.tag_role, RoleName=self.name, Tags=[{"Key": "aws:x", "Value": ""}], status=400)
        self.refused("InvalidInput", self.iam.tag_role, RoleName=self.name,
                     Tags=[{"Key": "a", "Value": ""}, {"Key": "A", "Value": ""}], status=400)
        self.refused("LimitExceeded", self.iam.tag_role, RoleName=self.name,
                     Tags=[{"Key": f"k{n}", "Value": ""} for n in range(50)], status=409)

    def test_lists_come_in_pages_and_by_path(self):
        for number in range(5):
            self.iam.create_role(RoleName=f"{self.name}-{number}", AssumeRolePolicyDocument=TRUST_EC2, Path="/listed/")
        pages = list(self.iam.get_paginator("list_roles").paginate(PathPrefix="/listed/", PaginationConfig={"PageSize": 2}))
        self.assertEqual([len(page["Roles"]) for page in pages], [2, 2, 1])
        names = [role["RoleName"] for page in pages for role in page["Roles"]]
        self.assertEqual(names, [f"{self.name}-{n}" for n in range(5)])
        self.assertNotIn("Tags", pages[0]["Roles"][0])

    def test_what_is_no_role(self):
        create = self.iam.create_role
        self.refused("ValidationError", create, RoleName="a b", AssumeRolePolicyDocument=TRUST_EC2, status=400)
        self.refused("ValidationError", create, RoleName="x" * 64 + "y", AssumeRolePolicyDocument=TRUST_EC2, status=400)
        broken = ("{", "[]", "{}", policy(may("sts:AssumeRole")),
                  policy({"Effect": "Allow", "Action": "sts:AssumeRole"}),
                  policy({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"}),
                  policy({"Effect": "Allow", "Principal": {"AWS": ARN + "role/nobody"}, "Action": "sts:AssumeRole"}),
                  TRUST_EC2.replace("2012-10-17", "2012-10-18"))
        for document in broken:
            with self.subTest(document=document):
                self.refused("MalformedPolicyDocument", create, RoleName=self.name, AssumeRolePolicyDocument=document, status=400)

    def test_the_role_of_a_service(self):
        made = self.iam.create_service_linked_role(AWSServiceName="spot.amazonaws.com")["Role"]
        self.assertEqual(made["Arn"], ARN + "role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot")
        self.assertEqual(self.iam.get_role(RoleName="AWSServiceRoleForEC2Spot")["Role"]["RoleId"], made["RoleId"])
        self.refused("InvalidInput", self.iam.create_service_linked_role, AWSServiceName="spot.amazonaws.com", status=400)
        self.refused("UnmodifiableEntity", self.iam.delete_role, RoleName="AWSServiceRoleForEC2Spot", status=400)


class InlinePolicies(Iam):
    def setUp(self):
        super().setUp()
        self.iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=TRUST_EC2)

    def put(self, document, name="own"):
        return self.iam.put_role_policy(RoleName=self.name, PolicyName=name, PolicyDocument=document)

    def test_policies(self):
        document = policy(may("s3:GetObject", "arn:aws:s3:::b/${aws:userid}/ü+ %/*"))
        self.put(document)
        self.put(document, "other")
        got = self.iam.get_role_policy(RoleName=self.name, PolicyName="own")
        self.assertEqual(got["PolicyDocument"], json.loads(document))
        self.put(policy(may("s3:*")))
        got = self.iam.get_role_policy(RoleName=self.name, PolicyName="own")
        self.assertEqual(got["PolicyDocument"], json.loads(policy(may("s3:*"))))
        self.assertEqual(self.iam.list_role_policies(RoleName=self.name)["PolicyNames"], ["other", "own"])
        self.assertEqual(self.iam.list_attached_role_policies(RoleName=self.name)["AttachedPolicies"], [])
        self.refused("DeleteConflict", self.iam.delete_role, RoleName=self.name, status=409)
        for name in ("own", "other"):
            self.iam.delete_role_policy(RoleName=self.name, PolicyName=name)
        self.refused("NoSuchEntity", self.iam.get_role_policy, RoleName=self.name, PolicyName="own", status=404)
        self.refused("NoSuchEntity", self.iam.delete_role_policy, RoleName=self.name, PolicyName="own", status=404)
        self.iam.delete_role(RoleName=self.name)

    def test_what_is_no_policy(self):
        broken = ("{", policy(), policy({"Effect": "Allow", "Action": "s3:*"}), policy({"Effect": "Allow", "Resource": "*"}),
                  policy({**may("s3:*"), "Effect": "allow"}), policy({**may("s3:*"), "Principal": "*"}),
                  policy(may("everything")), policy(may("s3:*", "b/*")), policy({**may("s3:*"), "When": "now"}),
                  policy(may("s3:*", Condition={"StringIs": {"aws:userid": "x"}})),
                  policy({**may("s3:*"), "Sid": "A"}, {**may("ec2:*"), "Sid": "A"}), policy({**may("s3:*"), "Sid": "a b"}))
        for document in broken:
            with self.subTest(document=document):
                self.refused("MalformedPolicyDocument", self.put, document, status=400)
        large = policy(may([f"s3:{n:0100}" for n in range(60)]))
        self.put(large)
        self.refused("LimitExceeded", self.put, large, "second", status=409)
        self.put(large)  # it replaces itself


class Profiles(Iam):
    def test_a_profile_from_its_making_to_its_end(self):
        profile = {"InstanceProfileName": self.name}
        made = self.iam.create_instance_profile(**profile, Tags=MINE)["InstanceProfile"]
        self.assertEqual((made["Arn"], made["Roles"]), (f"{ARN}instance-profile/{self.name}", []))
        self.refused("EntityAlreadyExists", self.iam.create_instance_profile, **profile, status=409)
        self.refused("NoSuchEntity", self.iam.add_role_to_instance_profile, **profile, RoleName="nobody", status=404)
        self.iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=TRUST_EC2)
        self.iam.add_role_to_instance_profile(**profile, RoleName=self.name)
        self.refused("LimitExceeded", self.iam.add_role_to_instance_profile, **profile, RoleName=self.name, status=409)
        got = self.iam.get_instance_profile(**profile)["InstanceProfile"]
        self.assertEqual(([role["RoleName"] for role in got["Roles"]], got["Tags"]), ([self.name], MINE))
        self.assertEqual(got["Roles"][0]["AssumeRolePolicyDocument"], json.loads(TRUST_EC2))
        of_role = self.iam.list_instance_profiles_for_role(RoleName=self.name)["InstanceProfiles"]
        self.assertEqual([p["InstanceProfileName"] for p in of_role], [self.name])
        self.assertIn(self.name, [p["InstanceProfileName"] for p in self.iam.list_instance_profiles()["InstanceProfiles"]])
        self.iam.tag_instance_profile(**profile, Tags=[{"Key": "b", "Value": "2"}])
        self.iam.untag_instance_profile(**profile, TagKeys=["spillway:cluster"])
        self.assertEqual(self.iam.list_instance_profile_tags(**profile)["Tags"], [{"Key": "b", "Value": "2"}])
        self.refused("DeleteConflict", self.iam.delete_role, RoleName=self.name, status=409)
        self.refused("DeleteConflict", self.iam.delete_instance_profile, **profile, status=409)
        self.iam.remove_role_from_instance_profile(**profile, RoleName=self.name)
        self.refused("NoSuchEntity", self.iam.remove_role_from_instance_profile, **profile, RoleName=self.name, status=404)
        self.iam.delete_instance_profile(**profile)
        self.refused("NoSuchEntity", self.iam.get_instance_profile, **profile, status=404)
        self.iam.delete_role(RoleName=self.name)


class Rights(Iam):
    def test_who_may_read_may_not_write(self):
        reader = self.of(READER)
        reader.list_roles()
        self.assertEqual(reader.get_user()["User"]["UserName"], "reader")
        answer = self.refused("AccessDenied", reader.create_role, RoleName="x", AssumeRolePolicyDocument=TRUST_EC2, status=403)
        self.assertEqual(answer["Error"]["Message"],
                         f"User: {ARN}user/reader is not authorized to perform: iam:CreateRole on resource: {ARN}role/x "
                         "because no identity-based policy allows the iam:CreateRole action")

    def test_rights_hang_on_names_and_tags(self):
        builder, name = self.of(BUILDER), "spillway-" + self.name[:40]
        create = {"AssumeRolePolicyDocument": TRUST_EC2}
        self.refused("AccessDenied", builder.create_role, RoleName=name, **create, status=403)
        self.refused("AccessDenied", builder.create_role, RoleName="other", Tags=MINE, **create, status=403)
        self.refused("AccessDenied", builder.create_role, RoleName=name, Tags=MINE + [{"Key": "x", "Value": ""}], **create, status=403)
        builder.create_role(RoleName=name, Tags=MINE, **create)
        self.iam.create_role(RoleName=self.name, **create)
        self.refused("AccessDenied", builder.delete_role, RoleName=self.name, status=403)
        builder.create_instance_profile(InstanceProfileName=name)
        self.refused("AccessDenied", builder.add_role_to_instance_profile, InstanceProfileName=name, RoleName=self.name, status=403)
        builder.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
        self.iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=name)
        builder.delete_role(RoleName=name)

    def test_who_signs_for_another_region_or_badly(self):
        far = boto3.client("iam", region_name="eu-central-1", endpoint_url=self.endpoint,
                           aws_access_key_id=KEY, aws_secret_access_key=SECRET)
        self.addCleanup(far.close)
        self.refused("SignatureDoesNotMatch", far.list_roles, status=403)
        self.refused("InvalidClientTokenId", self.client("iam", key="AKIANOBODY").list_roles, status=403)
        self.refused("SignatureDoesNotMatch", self.client("iam", secret="wrong").list_roles, status=403)

    def test_a_role_made_here_is_assumed_and_bound_by_its_policies(self):
        trust = policy({"Effect": "Allow", "Principal": {"AWS": ARN + "user/reader"}, "Action": "sts:AssumeRole",
                        "Condition": {"StringEquals": {"sts:ExternalId": "agreed"}}})
        arn = self.iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        self.iam.put_role_policy(RoleName=self.name, PolicyName="own", PolicyDocument=policy(may("iam:GetRole", arn)))
        ask = {"RoleArn": arn, "RoleSessionName": "judge"}
        self.refused("AccessDenied", self.of(READER, "sts").assume_role, **ask, status=403)
        self.refused("AccessDenied", self.client("sts").assume_role, **ask, ExternalId="agreed", status=403)
        self.refused("ValidationError", self.of(READER, "sts").assume_role, **ask, ExternalId="agreed", DurationSeconds=7200, status=400)
        given = self.of(READER, "sts").assume_role(**ask, ExternalId="agreed")["Credentials"]
        session = self.client("iam", given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        session.get_role(RoleName=self.name)
        self.refused("AccessDenied", session.list_roles, status=403)
        narrowed = self.of(READER, "sts").assume_role(**ask, ExternalId="agreed", Policy=policy(may("s3:*")))["Credentials"]
        session = self.client("iam", narrowed["AccessKeyId"], narrowed["SecretAccessKey"], narrowed["SessionToken"])
        self.refused("AccessDenied", session.get_role, RoleName=self.name, status=403)
        self.iam.delete_role_policy(RoleName=self.name, PolicyName="own")
        self.iam.delete_role(RoleName=self.name)  # ends its sessions
        self.refused("InvalidClientTokenId", session.get_role, RoleName=self.name, status=403)


class Simulator(Iam):
    DOCUMENT = policy(may("ec2:*"), {"Effect": "Deny", "Action": "ec2:RunInstances", "Resource": "*",
                                     "Condition": {"StringNotEquals": {"ec2:MetadataHttpTokens": "required"}}})

    def decisions(self, found):
        return {r["EvalActionName"]: r["EvalDecision"] for r in found["EvaluationResults"]}

    def test_custom_policies(self):
        ask = {"PolicyInputList": [self.DOCUMENT], "ActionNames": ["ec2:RunInstances", "ec2:DescribeInstances", "iam:CreateRole"]}
        found = self.iam.simulate_custom_policy(**ask)
        self.assertEqual(self.decisions(found), {"ec2:RunInstances": "explicitDeny", "ec2:DescribeInstances": "allowed",
                                                 "iam:CreateRole": "implicitDeny"})
        self.assertEqual(found["EvaluationResults"][0]["MissingContextValues"], ["ec2:MetadataHttpTokens"])
        self.assertEqual([m["SourcePolicyId"] for m in found["EvaluationResults"][0]["MatchedStatements"]], ["PolicyInputList.1"])
        tokens = {"ContextKeyName": "ec2:MetadataHttpTokens", "ContextKeyType": "string", "ContextKeyValues": ["required"]}
        found = self.iam.simulate_custom_policy(**ask, ContextEntries=[tokens])
        self.assertEqual(self.decisions(found)["ec2:RunInstances"], "allowed")

    def test_resources_one_by_one(self):
        found = self.iam.simulate_custom_policy(
            PolicyInputList=[policy(may("s3:GetObject", "arn:aws:s3:::b/${aws:userid}/*"))], ActionNames=["s3:GetObject"],
            ResourceArns=["arn:aws:s3:::b/me/k", "arn:aws:s3:::b/you/k"],
            ContextEntries=[{"ContextKeyName": "aws:userid", "ContextKeyType": "string", "ContextKeyValues": ["me"]}])
        self.assertEqual([r["EvalDecision"] for r in found["EvaluationResults"]], ["allowed", "implicitDeny"])

    def test_principals(self):
        arn = self.iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=TRUST_EC2)["Role"]["Arn"]
        self.iam.put_role_policy(RoleName=self.name, PolicyName="own", PolicyDocument=self.DOCUMENT)
        actions = ["ec2:RunInstances", "ec2:StopInstances", "s3:GetObject"]
        found = self.iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=actions)
        self.assertEqual(list(self.decisions(found).values()), ["explicitDeny", "allowed", "implicitDeny"])
        found = self.iam.simulate_principal_policy(PolicySourceArn=ARN + "user/admin", ActionNames=["s3:GetObject"])
        self.assertEqual(self.decisions(found), {"s3:GetObject": "allowed"})
        self.refused("NoSuchEntity", self.iam.simulate_principal_policy, PolicySourceArn=ARN + "role/none", ActionNames=actions, status=404)


if __name__ == "__main__":
    unittest.main()
