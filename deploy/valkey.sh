#!/bin/sh
# Starts Valkey with the users of redis-users.acl. The passwords are those in the addresses that the processes are given
# as secrets (redis://receiver:<password>@valkey:6379), so that each is written down once. Options are passed on.
# With a secret of the nodes (redis://node:<password>@valkey:6379) it is one of a Cluster, under the name of its host.
set -eu

users="${USERS_ACL:-/deploy/redis-users.acl}"
secrets="${SECRETS_DIR:-/run/secrets}"
made="${TMPDIR:-/tmp}/users.acl"
node="${TMPDIR:-/tmp}/node.conf"

password() {
    found=$(sed -n "s|^rediss\{0,1\}[+a-z]*://$1:\([^@]*\)@.*|\1|p" "$secrets/$1_redis_url")
    if [ -z "$found" ]; then
        echo "$secrets/$1_redis_url is not like redis://$1:<password>@valkey:6379" >&2
        exit 1
    fi
    printf %s "$found"
}

password_hash() {
    word=$(password "$1")
    printf %s "$word" | sha256sum | cut -d ' ' -f 1
}

receiver=$(password_hash receiver)
worker=$(password_hash worker)
umask 077
sed -e "s/RECEIVER_PASSWORD_SHA256/$receiver/" -e "s/WORKER_PASSWORD_SHA256/$worker/" "$users" > "$made"
: > "$node"
if [ -e "$secrets/node_redis_url" ]; then
    # By this user replicas follow their master, and the Cluster is made.
    secret=$(password node) hash=$(password_hash node)
    rights="resetkeys resetchannels -@all +psync +replconf +ping +cluster +info"
    echo "user node on #$hash $rights" >> "$made"
    cat > "$node" <<CONF
cluster-enabled yes
cluster-announce-hostname ${HOSTNAME:-$(hostname)}
cluster-preferred-endpoint-type hostname
cluster-require-full-coverage no
cluster-node-timeout 5000
masteruser node
masterauth $secret
CONF
fi

# What is stored must survive a crash, so it is appended to a file; what does not fit must fail, not vanish.
# An incident has a stream, which takes what a node of it may hold, and three small hashes.
exec valkey-server "$node" --aclfile "$made" --appendonly yes --appendfsync everysec --save "" --maxmemory-policy noeviction \
    --stream-node-max-bytes 512 --hash-max-listpack-value 4096 --hash-max-listpack-entries 16 "$@"
