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


if __name__ == "__main__":
    unittest.main()
