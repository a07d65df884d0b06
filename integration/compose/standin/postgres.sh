#!/bin/bash
# What the image postgres does of what docker-compose.yml asks of it: the first start makes the cluster, the role and the
# database that the environment names.
set -euo pipefail
data=/var/lib/postgresql/data

if [[ ! -s $data/PG_VERSION ]]; then
  initdb -D "$data" -U "$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") --auth-local=trust --auth-host=scram-sha-256
  printf 'host all all all scram-sha-256\n' >>"$data/pg_hba.conf"
  pg_ctl -D "$data" -w -o "-c listen_addresses= -c unix_socket_directories=/tmp" start
  createdb -h /tmp -U "$POSTGRES_USER" "$POSTGRES_DB"
  pg_ctl -D "$data" -w -m fast stop
fi
exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories=/tmp
