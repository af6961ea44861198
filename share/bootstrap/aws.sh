# What every script of ours on an instance needs: patience, the metadata service, and Signature Version 4. Its includer sets
# region, host (the bucket's) and limit (seconds until it gives up).
imds=http://169.254.169.254/latest
began=$(date +%s)
scratch=$(mktemp -d) || exit 1
token='' access='' secret='' session='' key='' key_for='' code=''

say() { echo "spillway: $*"; }
# An instance that cannot join must not idle and be billed: its shutdown behaviour is to terminate.
give_up() {
  say "giving up: $*"
  rm -rf "$scratch"
  shutdown -h now || poweroff -f
  exit 1
}
# wait_a_little TRY WHAT: a quarter of a second first, doubling to 2 s, then up to 4 s, for many may be waiting; gives up past
# the limit.
wait_a_little() {
  [ $(($(date +%s) - began)) -lt "$limit" ] || give_up "$2: not there after $limit s"
  case $1 in 0) sleep 0.25 ;; 1) sleep 0.5 ;; 2) sleep 1 ;; [3-5]) sleep 2 ;; *) sleep "$((2 + $$ % 3))" ;; esac
}

# ---- the metadata service, version 2
renew_token() {
  token=$(curl -sf -m 3 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 21600' "$imds/api/token")
}
# metadata PATH...: the answers, each in a file of its own, $scratch/0, $scratch/1 ..., in one go. Fails unless all are there.
metadata() {
  n=0 urls=''
  for path in "$@"; do
    urls="$urls -o $scratch/$n $imds/$path"
    n=$((n + 1))
  done
  # shellcheck disable=SC2086
  codes=$(curl -s -m 5 -w '%{http_code} ' -H "X-aws-ec2-metadata-token: $token" $urls)
  case $codes in *401*) renew_token ;; esac
  for code in $codes; do
    [ "$code" = 200 ] || return 1
    n=$((n - 1))
  done
  [ "$n" = 0 ]
}
# json_text NAME TEXT: the first text of that name, in `value`; fails when there is none.
json_text() {
  value=${2#*\""$1"\"*:*\"}
  [ "$value" != "$2" ] || return 1
  value=${value%%\"*}
  [ -n "$value" ]
}
load_credentials() {
  metadata meta-data/iam/security-credentials/ || return 1
  read -r role <"$scratch/0" || [ -n "$role" ] || return 1
  metadata "meta-data/iam/security-credentials/$role" || return 1
  text=$(cat "$scratch/0")
  json_text AccessKeyId "$text" && access=$value || return 1
  json_text SecretAccessKey "$text" && secret=$value || return 1
  json_text Token "$text" && session=$value || return 1
  text='' value='' key=''
  rm -f "$scratch/0"
}

# ---- Signature Version 4 (curl 7.88's own leaves out S3's content hash)
# "digest *stdin" as openssl -r prints it; the caller cuts at the blank.
sha256() { openssl dgst -sha256 -r; }
hmac() { openssl dgst -sha256 -r -mac HMAC -macopt "hexkey:$1"; }
# signing_key DAY SERVICE
signing_key() {
  [ -n "$key" ] && [ "$key_for" = "$1/$2" ] && return
  key_for=$1/$2
  key=$(printf 'AWS4%s' "$secret" | od -An -v -tx1 | tr -d ' \n')
  for part in "$1" "$region" "$2" aws4_request; do
    key=$(printf '%s' "$part" | hmac "$key")
    key=${key%% *}
  done
}
# fetch PATH FILE: GET of an object, its path already percent-encoded; sets `code`.
fetch() { ask s3 "$host" GET "$1" "$2" ''; }
# put_name PATH: an empty object, whose name is all that it tells.
put_name() { ask s3 "$host" PUT "$1" /dev/null ''; }
# ask SERVICE HOST METHOD PATH FILE BODY: the answer's body comes into the file.
ask() {
  now=$(date -u +%Y%m%dT%H%M%SZ)
  digest=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 # of nothing
  [ -z "$6" ] || digest=$(printf '%s' "$6" | sha256)
  digest=${digest%% *}
  names='host;x-amz-content-sha256;x-amz-date;x-amz-security-token'
  scope="${now%T*}/$region/$1/aws4_request"
  signing_key "${now%T*}" "$1"
  hash=$(printf '%s\n%s\n\nhost:%s\nx-amz-content-sha256:%s\nx-amz-date:%s\nx-amz-security-token:%s\n\n%s\n%s' \
    "$3" "$4" "$2" "$digest" "$now" "$session" "$names" "$digest" | sha256)
  signature=$(printf 'AWS4-HMAC-SHA256\n%s\n%s\n%s' "$now" "$scope" "${hash%% *}" | hmac "$key")
  url=https://$2$4 file=$5
  case $3 in GET) set -- ;; *) set -- -X "$3" --data-binary "$6" ;; esac
  code=$(curl -s -m 10 "$@" -o "$file" -w '%{http_code}' -H "x-amz-content-sha256: $digest" -H "x-amz-date: $now" \
    -H "x-amz-security-token: $session" \
    -H "Authorization: AWS4-HMAC-SHA256 Credential=$access/$scope, SignedHeaders=$names, Signature=${signature%% *}" \
    "$url")
  # 400 is ExpiredToken; the next attempt comes with fresh credentials.
  [ "$code" != 400 ] || load_credentials
  [ "$code" = 200 ]
}
