# shellcheck shell=bash
# A Docker engine: the one that runs, or where there is none and root may, Debian's, started for as long as the test takes
# with a socket and a folder of its own.

engine_pid= # of the engine that was started here

# cannot tells why this machine can't, with the status that test harnesses take for "left out".
cannot() {
  printf 'compose-test: %s\n' "$*" >&2
  exit 77
}

install_engine() {
  local packages=()
  command -v dockerd >/dev/null || packages+=(docker.io containerd runc iptables)
  command -v docker >/dev/null || packages+=(docker.io)
  [[ $(compose_commands) ]] || packages+=(docker-compose)
  ((${#packages[@]})) || return 0
  if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
    cannot "not installed: ${packages[*]}; install them, or run this as root on Debian"
  fi
  say "installing ${packages[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -o DPkg::Lock::Timeout=300 update -qq
  apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "${packages[@]}" >/dev/null ||
    cannot "apt-get could not install ${packages[*]}"
}

# start_engine WORK leaves an engine to which docker and Compose speak.
start_engine() {
  if command -v docker >/dev/null && docker info >/dev/null 2>&1; then
    [[ $(compose_commands) ]] || install_engine
    say "the engine that runs: $(docker version -f '{{.Server.Version}}')"
    return
  fi
  ((EUID == 0)) || cannot 'no Docker engine answers ("docker info"), and only root can start one'
  install_engine
  export DOCKER_HOST=unix://$1/docker.sock
  ip link show docker0 >/dev/null 2>&1 || own_bridge=yes
  # A container that builds this may not be allowed everything that a machine is.
  local options
  for options in '' '--iptables=false' '--storage-driver=vfs' '--iptables=false --storage-driver=vfs'; do
    if try_engine "$1" "$options"; then
      say "an engine of our own: $(docker version -f '{{.Server.Version}}'), $(docker info -f '{{.Driver}}, cgroup v{{.CgroupVersion}}')${options:+, with $options}"
      return
    fi
  done
  tail -n 20 "$1/dockerd.log" >&2
  cannot 'dockerd does not start here, with none of the options tried; its last words are above'
}

# try_engine WORK OPTIONS: whether dockerd comes up with them.
try_engine() {
  # shellcheck disable=SC2086 # options are words
  dockerd --data-root "$1/engine" --exec-root "$1/exec" --pidfile "$1/dockerd.pid" -H "$DOCKER_HOST" $2 >"$1/dockerd.log" 2>&1 &
  engine_pid=$!
  local tries
  for ((tries = 0; tries < 120; tries++)); do
    docker info >/dev/null 2>&1 && return 0
    kill -0 "$engine_pid" 2>/dev/null || break
    sleep 0.5
  done
  stop_engine
  return 1
}

stop_engine() {
  [[ $engine_pid ]] || return 0
  kill "$engine_pid" 2>/dev/null || true
  wait "$engine_pid" 2>/dev/null || true
  engine_pid=
  [[ -z ${own_bridge:-} ]] || ip link delete docker0 2>/dev/null || true
}

# compose_commands lists the Compose programs there are, one a line: version 2 as docker's subcommand or a program, version 1
# as a program. COMPOSE names another.
compose_commands() {
  if [[ ${COMPOSE:-} ]]; then
    printf '%s\n' "$COMPOSE"
    return
  fi
  docker compose version >/dev/null 2>&1 && echo 'docker compose'
  docker-compose version >/dev/null 2>&1 && echo 'docker-compose'
  return 0
}
