#!/bin/sh
# Makes a Cluster of the nodes that are named, half of them replicas, unless the first of them is in one already.
set -eu

password=$(sed -n 's|^redis://node:\([^@]*\)@.*|\1|p' "${SECRETS_DIR:-/run/secrets}/node_redis_url")
export REDISCLI_AUTH="$password"

ask() {
    port="${1##*:}" port="${port%@*}"
    valkey-cli --user node --no-auth-warning -h "${1%:*}" -p "$port" cluster info
}

if ask "$1" | grep -q 'cluster_state:ok'; then
    exit 0
fi
exec valkey-cli --user node --no-auth-warning --cluster create "$@" --cluster-replicas 1 --cluster-yes
