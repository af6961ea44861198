"""What goes wrong on purpose, and clocks that differ, as boto3 and the wire show it."""
import datetime
import time
import unittest
import unittest.mock

import botocore.auth
import botocore.exceptions

from judge import IMAGE, SUBNET_A, Judge

LAUNCH = {"ImageId": IMAGE, "SubnetId": SUBNET_A, "MinCount": 1, "MaxCount": 1}


class Misbehaviour(Judge):
    options = {"faults": [
        {"operation": "DescribeVpcs", "effect": "error", "code": "RequestLimitExceeded", "status": 503, "count": 2},
        {"operation": "DescribeImages", "effect": "drop_before", "count": 1},
        {"operation": "RunInstances", "effect": "drop_after", "count": 1},
        {"operation": "DescribeSubnets", "effect": "delay", "ms": 1500, "count": 1},
        {"operation": "GetParameter", "effect": "error", "code": "ThrottlingException", "count": 1},
        {"operation": "ListObjectsV2", "effect": "error", "code": "SlowDown", "status": 503, "count": 1},
        {"type": "p3.*", "effect": "error", "code": "InsufficientInstanceCapacity", "status": 500},
        {"type": "m5.large", "effect": "dies_pending"}]}

    def test_throttling_is_retried_by_boto3(self):
        patient = {"retries": {"total_max_attempts": 4, "mode": "standard"}}
        answer = self.client("ec2", **patient).describe_vpcs()
        self.assertEqual((len(answer["Vpcs"]), answer["ResponseMetadata"]["RetryAttempts"]), (1, 2))
        self.client("ssm").put_parameter(Name="p", Value="v", Type="String")
        answer = self.client("ssm", **patient).get_parameter(Name="p")
        self.assertEqual(answer["ResponseMetadata"]["RetryAttempts"], 1)
        answer = self.client("s3", **patient).list_objects_v2(Bucket="burst")
        self.assertEqual(answer["ResponseMetadata"]["RetryAttempts"], 1)

    def test_a_cut_before_acting(self):
        with self.assertRaises(botocore.exceptions.HTTPClientError):
            self.client("ec2").describe_images()
        self.assertEqual(len(self.client("ec2").describe_images()["Images"]), 1)

    def test_a_cut_after_acting_and_the_token_that_saves_it(self):
        ec2 = self.client("ec2")
        with self.assertRaises(botocore.exceptions.HTTPClientError):
            ec2.run_instances(ClientToken="lost", **LAUNCH)
        again = ec2.run_instances(ClientToken="lost", **LAUNCH)["Instances"]
        found = ec2.describe_instances(Filters=[{"Name": "client-token", "Values": ["lost"]}])["Reservations"]
        self.assertEqual([i["InstanceId"] for r in found for i in r["Instances"]], [again[0]["InstanceId"]])

    def test_slowness_holds_up_nobody_else(self):
        start = time.monotonic()
        with self.assertRaises(botocore.exceptions.ReadTimeoutError):
            self.client("ec2", read_timeout=1).describe_subnets()
        self.client("ec2").describe_security_groups()
        self.assertLess(time.monotonic() - start, 1.5)

    def test_shortage_of_a_family(self):
        self.refused("InsufficientInstanceCapacity", self.client("ec2").run_instances, InstanceType="p3.2xlarge",
                     **LAUNCH, status=500)

    def test_dying_while_pending(self):
        ec2 = self.client("ec2")
        made = ec2.run_instances(InstanceType="m5.large", **{**LAUNCH, "MaxCount": 1})["Instances"][0]["InstanceId"]
        instance = self.eventually(lambda: [
            i for r in ec2.describe_instances(InstanceIds=[made])["Reservations"] for i in r["Instances"]
            if i["State"]["Name"] == "terminated"])[0]
        self.assertTrue(instance["StateReason"]["Code"].startswith("Server."), instance["StateReason"])


class Clocks(Judge):
    def at(self, **offset):
        """botocore's signers see the time so far off."""
        real = datetime.datetime

        class Shifted(real):
            @classmethod
            def utcnow(cls):
                return real.utcnow() + datetime.timedelta(**offset)

        return unittest.mock.patch.object(botocore.auth.datetime, "datetime", Shifted)

    def test_skew(self):
        for minutes in (-20, 20):
            with self.subTest(minutes=minutes), self.at(minutes=minutes):
                self.refused("RequestExpired", self.client("ec2").describe_vpcs, status=400)
                self.refused("SignatureDoesNotMatch", self.client("sts").get_caller_identity, status=403)
                self.refused("InvalidSignatureException", self.client("ssm").get_parameter, Name="x", status=400)
                self.refused("RequestTimeTooSkewed", self.client("s3").list_buckets, status=403)

    def test_a_little_skew_is_borne(self):
        for minutes in (-4, 4):
            with self.at(minutes=minutes):
                self.client("ec2").describe_vpcs()
                self.client("s3").list_buckets()


if __name__ == "__main__":
    unittest.main()
