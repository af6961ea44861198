"""What goes wrong on purpose, and clocks that differ, as boto3 and the wire show it."""
import datetime
import email.utils
import http.client
import json
import time
import unittest
import unittest.mock

import botocore.auth
import botocore.exceptions

from judge import IMAGE, KEY, SUBNET_A, SUBNET_B, Judge

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


class Throttling(Judge):
    options = {"faults": [{"effect": "throttle", "requests": {"DescribeInstances": [1, 0]},
                           "resources": {"RunInstances": [3, 0], "TerminateInstances": [1, 0]}}]}

    def test_requests(self):
        ec2 = self.client("ec2")
        ec2.describe_instances()
        told = self.refused("RequestLimitExceeded", ec2.describe_instances, status=503)
        self.assertIn("ec2:DescribeInstances because it exceeded its request rate limit", told["Error"]["Message"])
        ec2.describe_instances(MaxResults=5)  # pages have a bucket of their own

    def test_resources(self):
        ec2 = self.client("ec2")
        self.refused("RequestLimitExceeded", ec2.run_instances, **{**LAUNCH, "MaxCount": 4}, status=503)
        ids = [i["InstanceId"] for i in ec2.run_instances(**{**LAUNCH, "MinCount": 2, "MaxCount": 2})["Instances"]]
        self.refused("RequestLimitExceeded", ec2.terminate_instances, InstanceIds=ids, status=503)
        ec2.terminate_instances(InstanceIds=ids[:1])


class Lateness(Judge):
    """Rules that outlast the test: nothing here depends on how long anything takes."""
    options = {"faults": [
        {"effect": "late", "what": "instances", "ms": 600000, "type": "c5.large"},
        {"effect": "late", "what": "addresses", "ms": 600000, "type": "c5.xlarge"},
        {"effect": "late", "what": "filters", "ms": 600000, "type": "c5.2xlarge"},
        {"effect": "late", "what": "states", "ms": 600000, "type": "m5.large"},
        {"effect": "unlisted", "type": "m5.xlarge", "skip": 1, "count": 1},
        {"effect": "empty_page", "operation": "DescribeInstances", "count": 1}]}

    def launch(self, instance_type):
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "of", "Value": "us"}]}]
        made = self.client("ec2").run_instances(InstanceType=instance_type, TagSpecifications=tags, **LAUNCH)
        return made["Instances"][0]["InstanceId"]

    def found(self, **ask):
        pages = self.client("ec2").get_paginator("describe_instances").paginate(**ask)
        return {i["InstanceId"]: i for page in pages for r in page["Reservations"] for i in r["Instances"]}

    def test_a_page_may_be_empty(self):
        ec2 = self.client("ec2")
        there = self.launch("m5.2xlarge")
        seen, token, pages = [], "", 0
        while pages == 0 or token:
            page = ec2.describe_instances(**({"NextToken": token} if token else {}))
            seen.append([i["InstanceId"] for r in page["Reservations"] for i in r["Instances"]])
            token, pages = page.get("NextToken", ""), pages + 1
        self.assertEqual(seen[0], [])
        self.assertIn(there, seen[1])

    def test_new_instances(self):
        unseen = self.launch("c5.large")
        self.assertNotIn(unseen, self.found())
        self.refused("InvalidInstanceID.NotFound", self.client("ec2").describe_instances, InstanceIds=[unseen])
        self.refused("InvalidInstanceID.NotFound", self.client("ec2").terminate_instances, InstanceIds=[unseen])

    def test_addresses(self):
        made = self.launch("c5.xlarge")
        instance = self.found(InstanceIds=[made])[made]
        self.assertNotIn("PrivateIpAddress", instance)
        self.assertEqual(instance["NetworkInterfaces"], [])

    def test_tags_by_filter(self):
        made = self.launch("c5.2xlarge")
        self.assertEqual(self.found(InstanceIds=[made])[made]["Tags"], [{"Key": "of", "Value": "us"}])
        self.assertNotIn(made, self.found(Filters=[{"Name": "tag:of", "Values": ["us"]}]))

    def test_states(self):
        made = self.launch("m5.large")
        self.eventually(lambda: self.found(InstanceIds=[made])[made]["State"]["Name"] == "pending")
        self.client("ec2").terminate_instances(InstanceIds=[made])
        self.assertNotEqual(self.found(InstanceIds=[made])[made]["State"]["Name"], "terminated")

    def test_listed_and_then_not(self):
        made = self.launch("m5.xlarge")
        self.assertEqual([made in self.found() for _ in range(3)], [True, False, True])


class Reclaimed(Judge):
    options = {"faults": [{"effect": "spot_notice", "type": "c5.large", "ms": 600000},
                          {"effect": "spot_notice", "type": "m5.large", "ms": 100},
                          {"effect": "terminate_delayed", "type": "c5.xlarge", "count": 1},
                          {"effect": "stuck_shutting_down", "type": "c5.2xlarge"},
                          {"effect": "imds_silent", "type": "m5.xlarge", "status": 503, "count": 1},
                          {"effect": "imds_silent", "type": "m5.xlarge", "count": 1}]}

    def launch(self, instance_type, **more):
        return self.client("ec2").run_instances(InstanceType=instance_type, **LAUNCH, **more)["Instances"][0]

    def show(self, instance):
        return self.client("ec2").describe_instances(InstanceIds=[instance["InstanceId"]])["Reservations"][0]["Instances"][0]

    def ask(self, instance, method, path, headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["metadata"], timeout=20,
                                                source_address=(instance["PrivateIpAddress"], 0))
        self.addCleanup(connection.close)
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def meta(self, instance, path):
        token = self.ask(instance, "PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"})[1]
        return self.ask(instance, "GET", "/latest/meta-data/" + path, {"X-aws-ec2-metadata-token": token})

    def test_the_notice(self):
        spot = self.launch("c5.large", InstanceMarketOptions={"MarketType": "spot"})
        self.eventually(lambda: self.meta(spot, "spot/instance-action")[0] == 200)
        action = json.loads(self.meta(spot, "spot/instance-action")[1])
        self.assertEqual(action["action"], "terminate")
        at = datetime.datetime.strptime(action["time"], "%Y-%m-%dT%H:%M:%SZ")
        self.assertGreater(at, datetime.datetime.utcnow())
        self.assertIn("noticeTime", json.loads(self.meta(spot, "events/recommendations/rebalance")[1]))
        request = self.client("ec2").describe_spot_instance_requests(
            SpotInstanceRequestIds=[self.show(spot)["SpotInstanceRequestId"]])["SpotInstanceRequests"][0]
        self.assertEqual((request["State"], request["Status"]["Code"], request["InstanceId"]),
                         ("active", "marked-for-termination", spot["InstanceId"]))

    def test_the_end(self):
        spot = self.launch("m5.large", InstanceMarketOptions={"MarketType": "spot"})
        ended = self.eventually(lambda: [i for i in [self.show(spot)] if i["State"]["Name"] == "terminated"])[0]
        self.assertEqual(ended["StateReason"]["Code"], "Server.SpotInstanceTermination")
        self.assertEqual(ended["InstanceLifecycle"], "spot")

    def test_terminations_that_are_accepted_and_not_done(self):
        instance = self.launch("c5.xlarge")
        ec2 = self.client("ec2")
        self.eventually(lambda: self.show(instance)["State"]["Name"] == "running")
        said = ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])["TerminatingInstances"][0]
        self.assertEqual(said["CurrentState"]["Name"], "shutting-down")
        self.assertEqual(self.show(instance)["State"]["Name"], "running")
        ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
        self.eventually(lambda: self.show(instance)["State"]["Name"] == "terminated")

    def test_shutting_down_for_long(self):
        instance = self.launch("c5.2xlarge")
        self.client("ec2").terminate_instances(InstanceIds=[instance["InstanceId"]])
        self.assertEqual(self.show(instance)["State"]["Name"], "shutting-down")

    def test_silent_metadata(self):
        instance = self.launch("m5.xlarge")
        token = ("PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"})
        self.assertEqual(self.ask(instance, *token)[0], 503)
        with self.assertRaises((http.client.HTTPException, ConnectionError)):
            self.ask(instance, *token)
        self.assertEqual(self.ask(instance, *token)[0], 200)


class Expired(Judge):
    options = {"faults": [{"effect": "credentials_expired", "access_key": KEY}]}

    def test_each_service_says_so(self):
        self.refused("RequestExpired", self.client("ec2").describe_vpcs)
        self.refused("ExpiredToken", self.client("sts").get_caller_identity, status=403)
        self.refused("ExpiredTokenException", self.client("ssm").get_parameter, Name="x")
        self.refused("ExpiredToken", self.client("s3").list_buckets)


class WrongClock(Judge):
    options = {"faults": [{"effect": "clock_offset", "seconds": 1200}]}

    def test_the_services_tell_their_time(self):
        told = self.refused("RequestTimeTooSkewed", self.client("s3").list_buckets, status=403)
        self.assertGreater(told["Error"]["ServerTime"], datetime.datetime.utcnow().isoformat())
        self.assertEqual(told["Error"]["MaxAllowedSkewMilliseconds"], "900000")
        told = self.refused("SignatureDoesNotMatch", self.client("sts").get_caller_identity, status=403)
        self.assertIn("Signature expired: ", told["Error"]["Message"])
        date = email.utils.parsedate_to_datetime(told["ResponseMetadata"]["HTTPHeaders"]["date"])
        ahead = (date - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
        self.assertTrue(600 < ahead <= 1201, ahead)


class Leaks(Judge):
    options = {"faults": [{"effect": "leave_behind", "what": "interfaces", "type": "c5.large"},
                          {"effect": "leave_behind", "what": "volumes", "type": "c5.large"},
                          {"effect": "error", "purchase": "spot", "subnet": SUBNET_A, "code": "UnfulfillableCapacity"},
                          {"effect": "capacity", "purchase": "spot", "limit": 1}]}

    def template(self, **data):
        name = self.id().split(".")[-1]
        self.client("ec2").create_launch_template(LaunchTemplateName=name, LaunchTemplateData={
            "ImageId": IMAGE, "InstanceType": "c5.xlarge", **data})
        return {"LaunchTemplateName": name, "Version": "$Latest"}

    def fleet(self, template, target, kind, **more):
        overrides = [{"InstanceType": "c5.xlarge", "SubnetId": s} for s in (SUBNET_A, SUBNET_B)]
        return self.client("ec2").create_fleet(
            Type="instant", LaunchTemplateConfigs=[{"LaunchTemplateSpecification": template, "Overrides": overrides}],
            TargetCapacitySpecification={"TotalTargetCapacity": target, "DefaultTargetCapacityType": kind}, **more)

    def end(self, ids):
        ec2 = self.client("ec2")
        ec2.terminate_instances(InstanceIds=ids)
        self.eventually(lambda: all(i["State"]["Name"] == "terminated" for r in ec2.describe_instances(
            InstanceIds=ids)["Reservations"] for i in r["Instances"]))

    def test_what_instances_leave_behind(self):
        ec2 = self.client("ec2")
        made = ec2.run_instances(InstanceType="c5.large", **LAUNCH)["Instances"][0]
        volume = made["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
        interface = made["NetworkInterfaces"][0]["NetworkInterfaceId"]
        self.refused("InvalidNetworkInterface.InUse", ec2.delete_network_interface, NetworkInterfaceId=interface)
        self.end([made["InstanceId"]])
        left = ec2.describe_network_interfaces(NetworkInterfaceIds=[interface], Filters=[
            {"Name": "status", "Values": ["available"]}])["NetworkInterfaces"]
        self.assertEqual([(i["NetworkInterfaceId"], "Attachment" in i) for i in left], [(interface, False)])
        self.assertEqual(ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["State"], "available")
        ec2.delete_network_interface(NetworkInterfaceId=interface)
        ec2.delete_volume(VolumeId=volume)

    def test_what_a_template_keeps(self):
        ec2 = self.client("ec2")
        kept = self.template(NetworkInterfaces=[{"DeviceIndex": 0, "DeleteOnTermination": False}],
                             BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"DeleteOnTermination": False}}])
        made = ec2.run_instances(LaunchTemplate=kept, ImageId=IMAGE, MinCount=1, MaxCount=1)["Instances"][0]
        self.assertFalse(made["NetworkInterfaces"][0]["Attachment"]["DeleteOnTermination"])
        self.end([made["InstanceId"]])
        interface = made["NetworkInterfaces"][0]["NetworkInterfaceId"]
        self.assertEqual(ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"][0]["Status"],
                         "available")

    def test_fleets_are_deleted_with_their_instances(self):
        ec2 = self.client("ec2")
        made = self.fleet(self.template(), 2, "on-demand")
        refused = ec2.delete_fleets(FleetIds=[made["FleetId"]], TerminateInstances=False)["UnsuccessfulFleetDeletions"]
        self.assertEqual([f["FleetId"] for f in refused], [made["FleetId"]])
        done = ec2.delete_fleets(FleetIds=[made["FleetId"]], TerminateInstances=True)["SuccessfulFleetDeletions"]
        self.assertEqual([f["FleetId"] for f in done], [made["FleetId"]])
        self.refused("InvalidFleetId.NotFound", ec2.describe_fleets, FleetIds=[made["FleetId"]])

    def test_spot_is_short_where_on_demand_is_not(self):
        template = self.template()
        self.assertEqual(self.fleet(template, 2, "on-demand").get("Errors", []), [])
        made = self.fleet(template, 3, "spot")
        self.assertEqual([len(part["InstanceIds"]) for part in made["Instances"]], [1])
        self.assertEqual([e["ErrorCode"] for e in made["Errors"]], ["UnfulfillableCapacity", "InsufficientInstanceCapacity"])
        self.assertEqual({e["Lifecycle"] for e in made["Errors"]}, {"spot"})


if __name__ == "__main__":
    unittest.main()
