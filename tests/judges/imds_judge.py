"""The metadata service as an instance meets it: over plain HTTP, from the instance's own address."""
import base64
import http.client
import json
import unittest

from judge import IMAGE, SUBNET_A, Judge, allow, seed, tags

ROLE = {"name": "node", "id": "AROASPILLWAYNODE00001",
        "policies": allow("s3:GetObject", resource="arn:aws:s3:::burst/for/${aws:userid}/*")}
TTL, TOKEN = "X-aws-ec2-metadata-token-ttl-seconds", "X-aws-ec2-metadata-token"


class Metadata(Judge):
    options = {"seed": seed(roles=[ROLE], instance_profiles=[{"name": "node-profile", "role": "node"}])}

    def setUp(self):
        self.ec2 = self.client("ec2")
        self.instance = self.ec2.run_instances(
            ImageId=IMAGE, InstanceType="c5.large", SubnetId=SUBNET_A, MinCount=1, MaxCount=1, UserData="#!/bin/sh\necho é",
            IamInstanceProfile={"Name": "node-profile"}, MetadataOptions={"HttpTokens": "required", "InstanceMetadataTags": "enabled"},
            TagSpecifications=[tags("instance", Name="n0", spillway__intent="i-7")])["Instances"][0]
        self.address = self.instance["PrivateIpAddress"]
        self.token = self.ask("PUT", "/latest/api/token", {TTL: "60"})[1].decode()

    def ask(self, method, path, headers=None, source=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["metadata"], timeout=20,
                                                source_address=(source or self.address, 0))
        try:
            connection.request(method, path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def meta(self, path):
        status, body = self.ask("GET", "/latest/" + path, {TOKEN: self.token})
        self.assertEqual(status, 200, path)
        return body.decode()

    def status(self, path, headers=None):
        return self.ask("GET", path, headers)[0]

    def test_a_token_comes_first(self):
        self.assertEqual(self.status("/latest/meta-data/instance-id"), 401)
        self.assertEqual(self.status("/latest/meta-data/instance-id", {TOKEN: "stale"}), 401)
        self.assertEqual(self.ask("PUT", "/latest/api/token")[0], 400)
        self.assertEqual(self.ask("PUT", "/latest/api/token", {TTL: "21601"})[0], 400)
        self.assertEqual(self.ask("PUT", "/latest/api/token", {TTL: "0"})[0], 400)
        self.assertEqual(self.ask("PUT", "/latest/api/token", {TTL: "21600"})[0], 200)

    def test_a_token_is_of_one_instance(self):
        other = self.ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1, SubnetId=SUBNET_A)["Instances"][0]
        status = self.ask("GET", "/latest/meta-data/instance-id", {TOKEN: self.token}, source=other["PrivateIpAddress"])[0]
        self.assertEqual(status, 401)

    def test_who_it_is(self):
        self.assertEqual(self.meta("meta-data/instance-id"), self.instance["InstanceId"])
        self.assertEqual(self.meta("meta-data/local-ipv4"), self.address)
        self.assertEqual(self.meta("meta-data/instance-type"), "c5.large")
        self.assertEqual(self.meta("meta-data/ami-id"), IMAGE)
        self.assertEqual(self.meta("meta-data/placement/region"), "us-east-1")
        self.assertEqual(self.meta("meta-data/placement/availability-zone"), "us-east-1a")
        self.assertEqual(self.meta("meta-data/mac"), self.instance["NetworkInterfaces"][0]["MacAddress"])
        self.assertEqual(self.meta("meta-data/hostname"), self.instance["PrivateDnsName"])
        document = json.loads(self.meta("dynamic/instance-identity/document"))
        self.assertEqual((document["instanceId"], document["privateIp"], document["accountId"], document["region"]),
                         (self.instance["InstanceId"], self.address, "123456789012", "us-east-1"))
        self.assertTrue(base64.b64decode(self.meta("dynamic/instance-identity/signature").replace("\n", "")))

    def test_user_data_is_what_was_sent(self):
        self.assertEqual(self.meta("user-data"), "#!/bin/sh\necho é")

    def test_tags(self):
        self.assertLessEqual({"Name", "spillway:intent"}, set(self.meta("meta-data/tags/instance").split("\n")))
        self.assertEqual(self.meta("meta-data/tags/instance/Name"), "n0")
        self.assertEqual(self.meta("meta-data/tags/instance/spillway:intent"), "i-7")
        self.ec2.create_tags(Resources=[self.instance["InstanceId"]], Tags=[{"Key": "late", "Value": "yes"}])
        self.assertEqual(self.meta("meta-data/tags/instance/late"), "yes")

    def test_what_is_not_there(self):
        for path in ("spot/instance-action", "tags/instance/none", "nonsense"):
            self.assertEqual(self.status("/latest/meta-data/" + path, {TOKEN: self.token}), 404, path)
        self.assertEqual(self.ask("PUT", "/latest/api/token", {TTL: "60"}, source="127.0.0.9")[0] == 200, False)

    def test_the_roles_credentials_reach_what_is_its_own(self):
        role = self.meta("meta-data/iam/security-credentials/").strip()
        self.assertEqual(role, "node")
        given = json.loads(self.meta("meta-data/iam/security-credentials/" + role))
        self.assertEqual(given["Code"], "Success")
        self.assertTrue(given["AccessKeyId"].startswith("ASIA"))
        self.assertIn("instance-profile/node-profile", json.loads(self.meta("meta-data/iam/info"))["InstanceProfileArn"])
        own = f"for/{ROLE['id']}:{self.instance['InstanceId']}/secret"
        admin = self.client("s3")
        admin.put_object(Bucket="burst", Key=own, Body=b"mine")
        admin.put_object(Bucket="burst", Key=f"for/{ROLE['id']}:i-0123456789abcdef0/secret", Body=b"not mine")
        node = self.client("s3", given["AccessKeyId"], given["SecretAccessKey"], given["Token"])
        self.assertEqual(node.get_object(Bucket="burst", Key=own)["Body"].read(), b"mine")
        self.refused("AccessDenied", node.get_object, Bucket="burst",
                     Key=f"for/{ROLE['id']}:i-0123456789abcdef0/secret", status=403)
        self.refused("UnauthorizedOperation", self.client("ec2", given["AccessKeyId"], given["SecretAccessKey"],
                                                          given["Token"]).describe_instances, status=403)
        self.refused("InvalidToken", self.client("s3", given["AccessKeyId"], given["SecretAccessKey"], "other").list_buckets)

    def test_a_dead_instance_is_answered_nothing(self):
        self.ec2.terminate_instances(InstanceIds=[self.instance["InstanceId"]])
        self.eventually(lambda: self.status("/latest/meta-data/instance-id", {TOKEN: self.token}) != 200)


if __name__ == "__main__":
    unittest.main()
