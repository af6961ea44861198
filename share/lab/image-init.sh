#!/bin/sh
# PID 1 of the lab's image: plays the part that systemd and cloud-init play in an AMI. It fetches the instance's user-data
# from the metadata service, runs it once as root, and waits to be powered off.
umask 022
# shellcheck disable=SC2172
trap "exit 0" TERM 38  # 38 is SIGRTMIN+4, which asks systemd to power off
imds=http://169.254.169.254/latest
user_data=/var/lib/cloud/instance/user-data.txt
mkdir -p /var/lib/cloud/instance

fetch_user_data() {
  token=$(curl -sf -m 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' "$imds/api/token") || return 1
  status=$(curl -s -m 5 -o "$user_data" -w '%{http_code}' -H "X-aws-ec2-metadata-token: $token" "$imds/user-data")
  [ "$status" = 200 ] || [ "$status" = 404 ]
}

try=0
until fetch_user_data; do
  try=$((try + 1))
  [ "$try" -lt 600 ] || { echo 'init: no user-data from the metadata service'; exit 1; }
  sleep 0.2
done
if [ "$status" = 200 ]; then
  chmod 700 "$user_data"
  "$user_data" </dev/null &
  wait $!
  echo "init: user-data ended with $?"
fi
while :; do
  sleep 86400 &
  wait $!
done
