# shellcheck shell=bash disable=SC2154 # work, here and the like are run.sh's
# The unit of packaging/systemd under a real systemd: a Debian in a container is installed to as docs/SYSTEMD.md says, with
# a PostgreSQL and the sandbox of its own.

# What systemd needs to be allowed in a container, and no more, for a container that builds this may not have all there is.
unit_capabilities=(SYS_ADMIN NET_ADMIN SYS_PTRACE DAC_READ_SEARCH SYS_NICE SYS_BOOT SYS_TTY_CONFIG AUDIT_CONTROL)

inside() { docker exec -i "$unit" "$@"; }

# start_systemd tells whether one came up.
start_systemd() {
  debian "$work"
  build "$work" odoobridge-systemd "$here/standin" <<'DOCKERFILE'
FROM odoobridge-standin
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends systemd systemd-sysv >/dev/null
STOPSIGNAL SIGRTMIN+3
CMD ["/sbin/init"]
DOCKERFILE
  standins+=(odoobridge-systemd)
  unit=$project-systemd
  docker run -d --name "$unit" "${unit_capabilities[@]/#/--cap-add=}" --security-opt seccomp=unconfined --security-opt apparmor=unconfined \
    --tmpfs /run --tmpfs /tmp -v /sys/fs/cgroup:/sys/fs/cgroup:rw odoobridge-systemd >/dev/null 2>"$work/systemd.log" || return 1
  local tries state
  for ((tries = 0; tries < 60; tries++)); do
    state=$(inside systemctl is-system-running 2>"$work/systemd.log") || true
    case $state in
      running | degraded)
        # As it is on a machine, where systemd is the first: or services would not see their credentials.
        inside mount --make-rshared / 2>"$work/systemd.log"
        return
        ;;
    esac
    sleep 0.5
  done
  docker logs "$unit" >"$work/systemd.log" 2>&1
  return 1
}

# try_unit needs an engine, but no Compose.
try_unit() {
  local name said
  name=odoobridge-$ODOOBRIDGE_VERSION-linux-$(go env GOHOSTARCH)
  if ! start_systemd; then
    say "systemd does not run in a container here, so the unit was not tried: $(tail -n 1 "$work/systemd.log")"
    return
  fi
  packaging/release.sh "$ODOOBRIDGE_VERSION" "$work/dist" >"$work/release.log" 2>&1 || fail "no release to install: $(tail -n 3 "$work/release.log")"
  inside tar -xz -C /root <"$work/dist/$name.tar.gz"
  inside su postgres -c 'psql -qc "CREATE ROLE odoo LOGIN SUPERUSER PASSWORD '\''odoo'\''"'
  # Its commands as they are, but for the password.
  sed -n 's/^    //p' docs/SYSTEMD.md | sed 's/odoobridge:PASSWORD@127.0.0.1:5432/odoo:odoo@127.0.0.1:5432/' >"$work/install"
  inside systemd-run --quiet --unit=sandbox "/root/$name/odoobridge" sandbox --database-url 'postgres://odoo:odoo@127.0.0.1/postgres' --db prod --series 18
  inside "/root/$name/odoobridge" health --wait 2m --url http://127.0.0.1:8069/web/health >/dev/null
  inside bash -euo pipefail -c "cd /root/$name; source /dev/stdin" <"$work/install" >"$work/unit.log" 2>&1 || {
    inside journalctl -u odoobridge -o cat --no-pager -n 20 >&2
    fail "docs/SYSTEMD.md does not work: $(tail -n 5 "$work/unit.log")"
  }
  inside odoobridge health --wait 30s >/dev/null || fail "the service is not ready: $(inside journalctl -u odoobridge -o cat --no-pager -n 5)"
  said=$(docker exec -e ODOOBRIDGE_API_KEY=conf-auth-api-key-rpcuser "$unit" odoobridge whoami)
  grep -q '"login": "rpcuser"' <<<"$said" || fail "whoami through the service says $said"
  # shellcheck disable=SC2016 # of the shell inside
  said=$(inside bash -c 'ps=/proc/$(systemctl show -p MainPID --value odoobridge)/status; grep -E "^(CapBnd|Seccomp):|^Uid" "$ps"' | tr -s '\t\n' ' ')
  [[ $said != *'Uid: 0 '* && $said == *'CapBnd: 0000000000000000 '* && $said == *'Seccomp: 2 '* ]] || fail "the service is not confined: $said"
  inside systemctl stop odoobridge
  said=$(inside systemctl show -p Result -p ExecMainStatus odoobridge | tr '\n' ' ')
  [[ $said == *'Result=success'* && $said == *'ExecMainStatus=0'* ]] || fail "the service ended with $said"
  # A configuration that can't be used is told, and not tried again and again.
  inside sed -i 's/^ODOOBRIDGE_ODOO_URL=.*/ODOOBRIDGE_ODOO_URL=odoo/' /etc/odoobridge/odoobridge.env
  ! inside systemctl start odoobridge 2>/dev/null || fail 'the service starts with a wrong URL'
  said=$(inside systemctl show -p ActiveState -p NRestarts odoobridge | tr '\n' ' ')
  [[ $said == *'ActiveState=failed'* && $said == *'NRestarts=0'* ]] || fail "with a wrong URL the service is $said"
  say "the unit works under systemd $(inside systemctl --version | sed -n '1s/systemd \([0-9]*\).*/\1/p')"
}

stop_systemd() { [[ -z ${unit:-} ]] || docker rm -f "$unit" >/dev/null 2>&1 || true; }
