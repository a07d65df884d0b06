#!/usr/bin/env bash
# make compose-test: builds the image, starts docker-compose.yml with every Compose there is, and runs the tests of
# integration/ that can be run against it; then installs a release to a Debian with systemd in a container. Exit status 77
# where this machine can't, with the reason.
#
# COMPOSE        the Compose to try, instead of "docker compose" and "docker-compose"
# KEEP_STANDINS  not empty: what was built in place of images that can't be pulled is left in an engine that ran before
# DEBIAN_MIRROR  where debootstrap finds Debian, where images can't be pulled
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."

# Of the image, in bytes.
largest_image=30000000

say() { printf 'compose-test: %s\n' "$*"; }

fail() {
  say "$*" >&2
  exit 1
}

# shellcheck source=integration/compose/engine.sh
source "$here/engine.sh"
# shellcheck source=integration/compose/standin.sh
source "$here/standin.sh"
# shellcheck source=integration/compose/unit.sh
source "$here/unit.sh"

work=$(mktemp -d /var/tmp/odoobridge-compose-XXXXXX)
project=odoobridge-test-$$
program=() # the Compose in use

# Free ports of loopback, told by "compose port".
export BRIDGE_PORT=0 ADMIN_PORT=0 ODOO_PORT=0
ODOOBRIDGE_VERSION=$(make -s version)
ODOOBRIDGE_REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)
export ODOOBRIDGE_VERSION ODOOBRIDGE_REVISION

compose() { "${program[@]}" -p "$project" "$@"; }

clean() {
  local status=$?
  if ((${#program[@]})); then
    ((status == 0 || status == 77)) || compose --profile sandbox --profile odoo logs --tail 40 >&2 || true
    compose --profile sandbox --profile odoo down -v >/dev/null 2>&1 || true
  fi
  stop_systemd
  if [[ $engine_pid ]]; then
    stop_engine
  elif [[ $(command -v docker) ]]; then
    remove_standins
  fi
  rm -rf "$work" || true
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# container SERVICE is its id.
container() { compose ps -q "$1"; }

# await_healthy SERVICE
await_healthy() {
  local tries state
  for ((tries = 0; tries < 600; tries++)); do
    state=$(docker inspect -f '{{.State.Status}} {{.State.Health.Status}}' "$(container "$1")" 2>/dev/null) || state=absent
    case $state in
      'running healthy') return ;;
      exited* | dead*) fail "$1 has ended" ;;
    esac
    sleep 0.5
  done
  fail "$1 is not healthy after five minutes: $state"
}

# url SERVICE PORT is where a port of it is published.
url() { printf 'http://%s' "$(compose port "$1" "$2")"; }

check_image() {
  local size user said
  size=$(docker image inspect -f '{{.Size}}' odoobridge)
  say "the image takes $((size / 100000 / 10)).$((size / 100000 % 10)) MB"
  ((size < largest_image)) || fail "the image has $size bytes; $largest_image is the most"
  user=$(docker image inspect -f '{{.Config.User}}' odoobridge)
  [[ $user == 65532:65532 ]] || fail "the image runs as ${user:-root}"
  said=$(docker run --rm --read-only --cap-drop ALL --network none odoobridge version)
  [[ $said == "odoobridge $ODOOBRIDGE_VERSION go"* ]] || fail "the image says it is $said, not of version $ODOOBRIDGE_VERSION"
  said=$(docker image inspect -f '{{index .Config.Labels "org.opencontainers.image.version"}} {{index .Config.Labels "org.opencontainers.image.revision"}}' odoobridge)
  [[ $said == "$ODOOBRIDGE_VERSION $ODOOBRIDGE_REVISION" ]] || fail "the image's labels say $said"
}

try_sandbox() {
  compose --profile sandbox up -d >"$work/up.log" 2>&1 || { cat "$work/up.log" >&2; fail "up failed"; }
  await_healthy bridge
  make integration STACK_URL="$(url bridge 8079)" STACK_ADMIN_URL="$(url bridge 8078)"
  # Odoo away: not ready, but alive, for nothing is won by a restart.
  compose stop sandbox >/dev/null 2>&1
  ! docker exec "$(container bridge)" /odoobridge health 2>"$work/health" || fail 'ready without Odoo'
  grep -q 'not ready: odoo: ' "$work/health" || fail "health says: $(<"$work/health")"
  docker exec "$(container bridge)" /odoobridge health --live >/dev/null || fail 'not alive without Odoo'
  compose start sandbox >/dev/null 2>&1
  await_healthy bridge
  stop_well
  compose --profile sandbox down -v >/dev/null 2>&1
}

try_odoo() {
  compose --profile odoo up -d >"$work/up.log" 2>&1 || { cat "$work/up.log" >&2; fail "up failed"; }
  await_healthy odoo
  await_healthy bridge
  local said
  said=$(docker run --rm --network "${project}_default" -e ODOOBRIDGE_PASSWORD=admin odoobridge whoami --url http://bridge:8079 --db odoo18 --login admin)
  grep -q '"login": "admin"' <<<"$said" || fail "whoami says $said"
  stop_well
  compose --profile odoo down -v >/dev/null 2>&1
}

# stop_well stops the bridge as "compose stop" does, and expects that it ends by itself.
stop_well() {
  local id status
  id=$(container bridge)
  compose stop bridge >/dev/null 2>&1
  status=$(docker inspect -f '{{.State.ExitCode}}' "$id")
  [[ $status == 0 ]] || fail "the bridge ended with status $status when it was told to stop"
}

start_engine "$work"
# Before Compose, which would try to pull them and give up.
go_version=$(sed -n 's/^ARG GO_VERSION=//p' Dockerfile)
provide "$work" "golang:$go_version" build_golang
provide "$work" "$(sed -n 's/^ *image: \(postgres:.*\)/\1/p' docker-compose.yml)" build_postgres

mapfile -t programs < <(compose_commands)
((${#programs[@]})) || cannot 'no Compose: neither "docker compose" nor "docker-compose"'
for name in "${programs[@]}"; do
  read -ra program <<<"$name"
  say "with $name $("${program[@]}" version --short)"
  compose --profile sandbox --profile odoo config >/dev/null
  compose --profile sandbox build >"$work/build.log" 2>&1 || { tail -n 30 "$work/build.log" >&2; fail 'the image does not build'; }
  check_image
  try_sandbox
  say "profile sandbox: works"
  provide "$work" "$(sed -n 's/^ *image: \(odoo:.*\)/\1/p' docker-compose.yml)" build_odoo
  try_odoo
  say "profile odoo: works${standins:+, with $(printf '%s ' "${standins[@]}")for what can not be pulled}"
done
try_unit
[[ " ${programs[*]} " == *' docker compose '* || ${COMPOSE:-} ]] || say 'version 2 of Compose is not installed here and was not tried'
say 'all passed'
