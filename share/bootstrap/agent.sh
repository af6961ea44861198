# ---- the node looks after itself: it hears of a spot interruption first, and must not idle and be billed when nobody is there to
# suspend it. Never while a job step runs here.
busy() { grep -qsx slurmstepd /proc/[0-9]*/comm; }
# tell_slurm WHY: no new jobs here; the controller does the rest. Once for each reason.
told=''
tell_slurm() {
  case $told in *"|$1|"*) return ;; esac
  scontrol update "nodename=$node" state=drain "reason=spillway: $1" && told="$told|$1|" && say "$1"
}
spot_notice() {
  if metadata meta-data/spot/instance-action && json_text time "$(cat "$scratch/0")"; then
    case $value in *[!0-9TZ:.-]*) return ;; esac
    tell_slurm "spot interruption at $value"
  elif metadata meta-data/events/recommendations/rebalance; then
    tell_slurm 'rebalance recommended'
  fi
}
controller_answers() {
  if command -v scontrol >/dev/null; then
    case $(scontrol ping 2>/dev/null) in *' is UP'*) return 0 ;; *) return 1 ;; esac
  fi
  for controller in $(echo "$controllers" | tr , ' '); do
    case $(curl -s -o "$scratch/ping" -m 4 -w '%{time_connect}' "telnet://$controller" </dev/null) in
      '' | 0.000000) ;;
      *) return 0 ;;
    esac
  done
  return 1
}
# lease_is_old: the controller's daemon says every few minutes that it is there. An answer that cannot be had proves nothing.
lease_is_old() {
  fetch "/$cluster/lease.json" "$scratch/lease" && lease=$(cat "$scratch/lease") || return 1
  lease=${lease#*\"renewed_at_s\":}
  lease=${lease# }
  lease=${lease%%[!0-9]*}
  [ -n "$lease" ] && [ $(($(date +%s) - lease)) -gt "$alone_limit" ]
}
end_self() {
  tell_slurm "$1; the instance ends itself"
  sleep 2
  busy && return
  say "$1: shutting down"
  rm -rf "$scratch"
  shutdown -h now || poweroff -f
}
# tend_tunnel: of nodes that end the tunnel themselves; the others' gateway looks after itself.
tend_tunnel() { :; }
watch_over() {
  trap '' HUP
  scratch=$(mktemp -d) || return
  heard=$(date +%s) round=0
  while sleep 5; do
    round=$((round + 1))
    spot_notice
    tend_tunnel
    [ $((round % 4)) = 0 ] || continue
    renew_token
    now_s=$(date +%s)
    controller_answers && heard=$now_s
    busy && continue
    if [ $((now_s - heard)) -gt "$alone_limit" ]; then
      end_self 'slurmctld is out of reach'
    elif [ $((round % 24)) = 0 ] && lease_is_old; then
      end_self 'nobody renews the lease'
    fi
  done
}
