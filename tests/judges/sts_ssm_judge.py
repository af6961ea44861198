"""boto3 judges identities and parameters: STS and SSM."""
import datetime
import unittest

from judge import ACCOUNT, IMAGE, SUBNET_A, Judge, allow, seed

HEAD = {"name": "head", "id": "AROASPILLWAYHEAD00001", "policies": allow(
    "ssm:GetParameter", resource=f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/open/*")}
NOBODY = {"name": "nobody", "access_keys": [{"id": "AKIASPILLWAYNOBODY00", "secret": "nobody-secret"}],
          "policies": allow("s3:GetObject")}
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/head"


class Identities(Judge):
    options = {"seed": seed(roles=[HEAD], users=seed()["users"] + [NOBODY])}

    def test_a_user(self):
        me = self.client("sts").get_caller_identity()
        self.assertEqual((me["Account"], me["Arn"]), (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/admin"))
        self.assertTrue(me["UserId"].startswith("AIDA"))

    def test_an_assumed_role(self):
        assumed = self.client("sts").assume_role(RoleArn=ROLE_ARN, RoleSessionName="session-1", DurationSeconds=900)
        given = assumed["Credentials"]
        left = given["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
        self.assertTrue(datetime.timedelta(seconds=800) < left <= datetime.timedelta(seconds=901), left)
        self.assertEqual(assumed["AssumedRoleUser"]["AssumedRoleId"], HEAD["id"] + ":session-1")
        keys = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        me = self.client("sts", *keys).get_caller_identity()
        self.assertEqual((me["UserId"], me["Arn"]),
                         (HEAD["id"] + ":session-1", f"arn:aws:sts::{ACCOUNT}:assumed-role/head/session-1"))
        admin = self.client("ssm")
        admin.put_parameter(Name="/open/p", Value="1", Type="String")
        admin.put_parameter(Name="/shut/p", Value="1", Type="String")
        ssm = self.client("ssm", *keys)
        self.assertEqual(ssm.get_parameter(Name="/open/p")["Parameter"]["Value"], "1")
        self.refused("AccessDeniedException", ssm.get_parameter, Name="/shut/p", status=400)
        self.refused("UnauthorizedOperation", self.client("ec2", *keys).run_instances, ImageId=IMAGE, SubnetId=SUBNET_A,
                     MinCount=1, MaxCount=1, status=403)
        self.refused("InvalidClientTokenId", self.client("sts", keys[0], keys[1], "another").get_caller_identity, status=403)
        self.refused("InvalidClientTokenId", self.client("sts", keys[0], keys[1]).get_caller_identity, status=403)

    def test_roles_that_may_not_be_assumed(self):
        sts = self.client("sts")
        self.refused("AccessDenied", sts.assume_role, RoleArn=f"arn:aws:iam::{ACCOUNT}:role/none", RoleSessionName="x1", status=403)
        nobody = self.client("sts", NOBODY["access_keys"][0]["id"], "nobody-secret")
        self.refused("AccessDenied", nobody.assume_role, RoleArn=ROLE_ARN, RoleSessionName="x1", status=403)
        self.assertEqual(nobody.get_caller_identity()["Arn"], f"arn:aws:iam::{ACCOUNT}:user/nobody")

    def test_each_protocol_says_no_in_its_own_words(self):
        wrong = {"sts": ("SignatureDoesNotMatch", 403), "ec2": ("AuthFailure", 401), "ssm": ("InvalidSignatureException", 400)}
        unknown = {"sts": ("InvalidClientTokenId", 403), "ec2": ("AuthFailure", 401), "ssm": ("UnrecognizedClientException", 400)}
        ask = {"sts": lambda c: c.get_caller_identity(), "ec2": lambda c: c.describe_instances(),
               "ssm": lambda c: c.get_parameter(Name="x")}
        for service in ask:
            for key, (code, status) in (({"secret": "wrong"}, wrong[service]), ({"key": "AKIANOBODY"}, unknown[service])):
                with self.subTest(service=service, code=code):
                    self.refused(code, ask[service], self.client(service, **key), status=status)


class Parameters(Judge):
    def setUp(self):
        self.ssm = self.client("ssm")
        self.name = f"/judge/{self.id().split('.')[-1]}"

    def test_versions(self):
        self.assertEqual(self.ssm.put_parameter(Name=self.name, Value="one", Type="String")["Version"], 1)
        self.refused("ParameterAlreadyExists", self.ssm.put_parameter, Name=self.name, Value="two", Type="String", status=400)
        self.assertEqual(self.ssm.put_parameter(Name=self.name, Value="zwei ü \\ \"", Overwrite=True)["Version"], 2)
        got = self.ssm.get_parameter(Name=self.name)["Parameter"]
        self.assertEqual((got["Value"], got["Version"], got["Type"]), ("zwei ü \\ \"", 2, "String"))
        self.assertEqual(got["ARN"], f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter{self.name}")
        self.assertIsInstance(got["LastModifiedDate"], datetime.datetime)

    def test_secure_strings_show_only_to_who_asks(self):
        self.ssm.put_parameter(Name=self.name, Value="secret", Type="SecureString")
        self.assertNotIn("secret", self.ssm.get_parameter(Name=self.name)["Parameter"]["Value"])
        self.assertEqual(self.ssm.get_parameter(Name=self.name, WithDecryption=True)["Parameter"]["Value"], "secret")

    def test_several_and_missing(self):
        self.ssm.put_parameter(Name=self.name, Value="1", Type="String")
        found = self.ssm.get_parameters(Names=[self.name, "/none"])
        self.assertEqual(([p["Name"] for p in found["Parameters"]], found["InvalidParameters"]), ([self.name], ["/none"]))
        self.refused("ParameterNotFound", self.ssm.get_parameter, Name="/none", status=400)
        gone = self.ssm.delete_parameters(Names=[self.name, "/none"])
        self.assertEqual((gone["DeletedParameters"], gone["InvalidParameters"]), ([self.name], ["/none"]))

    def test_tags(self):
        ours = [{"Key": "spillway:cluster", "Value": "uuid-1"}]
        new = {"Name": self.name, "Value": "1", "Type": "String"}
        self.ssm.put_parameter(**new, Tags=ours)
        resource = {"ResourceType": "Parameter", "ResourceId": self.name}
        self.assertEqual(self.ssm.list_tags_for_resource(**resource)["TagList"], ours)
        self.refused("ValidationException", self.ssm.put_parameter, **new, Tags=ours, Overwrite=True, status=400)
        self.ssm.put_parameter(**new, Overwrite=True)
        self.assertEqual(self.ssm.list_tags_for_resource(**resource)["TagList"], ours)
        self.ssm.add_tags_to_resource(**resource, Tags=[{"Key": "spillway:cluster", "Value": "2"}, {"Key": "x", "Value": "1"}])
        self.ssm.remove_tags_from_resource(**resource, TagKeys=["x", "none"])
        self.assertEqual(self.ssm.list_tags_for_resource(**resource)["TagList"], [{"Key": "spillway:cluster", "Value": "2"}])
        self.refused("InvalidResourceId", self.ssm.list_tags_for_resource, ResourceType="Parameter", ResourceId="/none", status=400)
        self.refused("InvalidResourceType", self.ssm.list_tags_for_resource, ResourceType="Document", ResourceId=self.name, status=400)

    def test_paths_and_filters(self):
        for number in range(12):
            kind = "SecureString" if number % 2 else "String"
            self.ssm.put_parameter(Name=f"{self.name}/p{number:02}", Value="secret", Type=kind, Description="d",
                                   Tags=[{"Key": "n", "Value": str(number % 3)}])
        self.ssm.put_parameter(Name=f"{self.name}/deeper/q", Value="1", Type="String")
        pages = list(self.ssm.get_paginator("get_parameters_by_path").paginate(Path=self.name, WithDecryption=True))
        self.assertEqual([len(page["Parameters"]) for page in pages], [10, 2])
        self.assertEqual({p["Value"] for page in pages for p in page["Parameters"]}, {"secret"})
        self.assertEqual(len(self.ssm.get_parameters_by_path(Path=self.name + "/", Recursive=True, MaxResults=10)["Parameters"]), 10)

        def names(*filters):
            found = self.ssm.get_paginator("describe_parameters").paginate(ParameterFilters=list(filters), PaginationConfig={"PageSize": 5})
            return [p["Name"][len(self.name) + 1:] for page in found for p in page["Parameters"]]

        ours = {"Key": "Name", "Option": "BeginsWith", "Values": [self.name]}
        self.assertEqual(len(names(ours)), 13)
        self.assertEqual(names(ours, {"Key": "tag:n", "Values": ["1"]}), ["p01", "p04", "p07", "p10"])
        self.assertEqual(names(ours, {"Key": "tag:n", "Values": ["1"]}, {"Key": "Type", "Values": ["SecureString"]}), ["p01", "p07"])
        self.assertEqual(names({"Key": "Path", "Option": "OneLevel", "Values": [self.name + "/deeper"]}), ["deeper/q"])
        shown = self.ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Values": [self.name + "/p01"]}])["Parameters"][0]
        self.assertEqual((shown["Type"], shown["KeyId"], shown["Description"], shown["LastModifiedUser"]),
                         ("SecureString", "alias/aws/ssm", "d", f"arn:aws:iam::{ACCOUNT}:user/admin"))
        self.assertNotIn("Value", shown)

    def test_what_is_no_parameter(self):
        put = self.ssm.put_parameter
        for more, code in (({"Name": "no/slash", "Type": "String"}, "ValidationException"), ({"Name": "/a b", "Type": "String"}, "ValidationException"),
                           ({"Name": "/x"}, "ValidationException"), ({"Name": "/aws/mine", "Type": "String"}, "AccessDeniedException"),
                           ({"Name": "/x", "Type": "String", "Value": "x" * 4097}, "ValidationException")):
            with self.subTest(more=more):
                self.refused(code, put, **{"Value": "1", **more}, status=400)

    def test_aws_says_which_image_is_the_newest(self):
        shown = self.ssm.get_parameter(Name="/aws/service/debian/release/12/latest/amd64")["Parameter"]
        self.assertEqual((shown["Value"], shown["DataType"]), (IMAGE, "aws:ec2:image"))
        for name in ("/aws/service/debian/release/12/latest/arm64", "/aws/service/debian/release/11/latest/amd64", "/aws/service/none"):
            self.refused("ParameterNotFound", self.ssm.get_parameter, Name=name, status=400)


class ParameterRights(Judge):
    OWNER = {"name": "owner", "access_keys": [{"id": "AKIASPILLWAYOWNER000", "secret": "owner-secret"}],
             "policies": [{"name": "own", "document": {"Version": "2012-10-17", "Statement": [
                 {"Effect": "Allow", "Action": ["ssm:PutParameter", "ssm:AddTagsToResource"], "Resource": f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/ours/*",
                  "Condition": {"StringEquals": {"aws:RequestTag/by": "owner"}}},
                 {"Effect": "Allow", "Action": ["ssm:GetParameter", "ssm:DeleteParameter"], "Resource": "*",
                  "Condition": {"StringEquals": {"aws:ResourceTag/by": "owner"}}}]}}]}
    options = {"seed": seed(users=seed()["users"] + [OWNER])}

    def test_rights_hang_on_names_and_tags(self):
        ssm, admin = self.client("ssm", "AKIASPILLWAYOWNER000", "owner-secret"), self.client("ssm")
        mine = {"Value": "1", "Type": "String", "Tags": [{"Key": "by", "Value": "owner"}]}
        self.refused("AccessDeniedException", ssm.put_parameter, Name="/theirs/p", **mine, status=400)
        self.refused("AccessDeniedException", ssm.put_parameter, Name="/ours/p", Value="1", Type="String", status=400)
        ssm.put_parameter(Name="/ours/p", **mine)
        admin.put_parameter(Name="/ours/q", Value="1", Type="String")
        ssm.get_parameter(Name="/ours/p")
        self.refused("AccessDeniedException", ssm.get_parameter, Name="/ours/q", status=400)
        self.refused("AccessDeniedException", ssm.delete_parameter, Name="/ours/q", status=400)
        self.refused("AccessDeniedException", ssm.describe_parameters, status=400)
        ssm.delete_parameter(Name="/ours/p")


if __name__ == "__main__":
    unittest.main()
