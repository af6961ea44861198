"""What the judges share: an emulator of their own, and AWS's own clients pointed at it."""
import json
import os
import subprocess
import time
import unittest

import boto3
import botocore.client
import botocore.exceptions

KEY, SECRET = "AKIASPILLWAYEXAMPLE1", "spillway-example-secret-key-0000000000001"
VPC, GROUP, IMAGE = "vpc-0a11ce00000000001", "sg-0a11ce00000000001", "ami-0a11ce00000000001"
SUBNET_A, SUBNET_B = "subnet-0a11ce00000000001", "subnet-0a11ce00000000002"
ACCOUNT = "123456789012"


def allow(*actions, resource="*"):
    return [{"name": "inline", "document": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": list(actions), "Resource": resource}]}}]


def seed(**more):
    """Two subnets, of which the first lies on loopback, so that a judge can speak from an instance's address."""
    document = {
        "vpcs": [{"id": VPC, "cidr": "127.77.0.0/16", "tags": {"Name": "burst"}}],
        "subnets": [{"id": SUBNET_A, "vpc": VPC, "cidr": "127.77.16.0/20", "zone": "us-east-1a", "tags": {"Name": "a"}},
                    {"id": SUBNET_B, "vpc": VPC, "cidr": "127.77.32.0/28", "zone": "us-east-1b"}],
        "security_groups": [{"id": GROUP, "vpc": VPC, "name": "burst-nodes"}],
        "images": [{"id": IMAGE, "name": "debian-12-amd64"}],
        "users": [{"name": "admin", "access_keys": [{"id": KEY, "secret": SECRET}]}],
        "buckets": [{"name": "burst"}],
    }
    document.update(more)
    return document


class Judge(unittest.TestCase):
    options = {}

    @classmethod
    def setUpClass(cls):
        options = {"seed": seed(), **cls.options}
        cls.emulator = subprocess.Popen([os.environ["EMULATOR"], json.dumps(options)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        cls.ports = json.loads(cls.emulator.stdout.readline())

    @classmethod
    def tearDownClass(cls):
        cls.emulator.stdin.close()
        cls.emulator.stdout.close()
        assert cls.emulator.wait(10) == 0, "the emulator did not end well"

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.ports['api']}"

    def client(self, service, key=KEY, secret=SECRET, token=None, **config):
        config.setdefault("retries", {"total_max_attempts": 1})
        if service == "s3":
            config.setdefault("s3", {"addressing_style": "path"})
        made = boto3.client(service, region_name="us-east-1", endpoint_url=self.endpoint, aws_access_key_id=key,
                            aws_secret_access_key=secret, aws_session_token=token,
                            config=botocore.client.Config(**config))
        self.addCleanup(made.close)
        return made

    def refused(self, code, call, *args, status=None, **kwargs):
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call(*args, **kwargs)
        self.assertEqual(caught.exception.response["Error"]["Code"], code, caught.exception)
        if status:
            self.assertEqual(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], status)
        return caught.exception.response

    def eventually(self, what, seconds=20):
        """Asks until the answer is true: the emulator's clock runs by itself."""
        until = time.monotonic() + seconds
        while not (found := what()):
            self.assertLess(time.monotonic(), until, "did not come about in time")
            time.sleep(0.02)
        return found


def tags(resource_type, **values):
    return {"ResourceType": resource_type, "Tags": [{"Key": k.replace("__", ":"), "Value": v} for k, v in values.items()]}


def tag_map(resource):
    return {tag["Key"]: tag["Value"] for tag in resource.get("Tags", [])}
