"""What the judges of networks share."""
from judge import IMAGE, Judge

OWN = [{"Key": "spillway:cluster", "Value": "u-1"}]


def tagged(kind):
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": OWN}]}


def by(name, *values):
    return [{"Name": name, "Values": list(values)}]


class Network(Judge):
    options = {"boot_ms": 0, "shutdown_ms": 0}

    def setUp(self):
        self.ec2 = self.client("ec2")

    def vpc(self, cidr="10.9.0.0/16"):
        return self.ec2.create_vpc(CidrBlock=cidr, **tagged("vpc"))["Vpc"]["VpcId"]

    def subnet(self, vpc, cidr="10.9.1.0/24", **more):
        return self.ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, **more)["Subnet"]["SubnetId"]

    def group(self, vpc, name="nodes"):
        return self.ec2.create_security_group(VpcId=vpc, GroupName=name, Description="of a judge",
                                              **tagged("security-group"))["GroupId"]

    def instance(self, subnet, **more):
        return self.ec2.run_instances(ImageId=IMAGE, SubnetId=subnet, MinCount=1, MaxCount=1, **more)["Instances"][0]

    def shown(self, instance):
        return self.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
