#!/bin/sh
# Start Redis with the password from its secret. The configuration goes to memory, so that the password is
# neither in the command (`ps`) nor in the container's description (`docker inspect`).
set -eu
umask 077
cat >/tmp/redis.conf <<CONFIGURATION
requirepass "$(cat /run/secrets/redis_password)"
# A message that was sent survives a restart.
appendonly yes
appendfsync everysec
dir /data
# A full Redis refuses new messages instead of forgetting old ones; the jobs are in Postgres either way.
maxmemory 256mb
maxmemory-policy noeviction
CONFIGURATION
exec redis-server /tmp/redis.conf
