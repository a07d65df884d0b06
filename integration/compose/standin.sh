# shellcheck shell=bash disable=SC2154 # here is run.sh's folder
# Images that docker-compose.yml and the Dockerfile name. Where no registry can be asked, stand-ins of the same name are
# built: a Debian made by debootstrap, with its PostgreSQL or with this machine's Go in it.

standins=() # images that are not what their name says

# provide WORK IMAGE BUILDER: the image is there, is pulled, or is built by BUILDER WORK IMAGE.
provide() {
  local work=$1 image=$2 builder=$3
  docker image inspect "$image" >/dev/null 2>&1 && return
  if timeout "${PULL_TIMEOUT:-300}" docker pull -q "$image" >/dev/null 2>&1; then
    return
  fi
  say "$image can't be pulled: a stand-in of that name is built"
  "$builder" "$work" "$image"
  standins+=("$image")
}

debian() {
  docker image inspect odoobridge-standin >/dev/null 2>&1 && return
  ((EUID == 0)) || cannot 'images can be neither pulled nor, by another than root, built'
  if ! command -v debootstrap >/dev/null; then
    command -v apt-get >/dev/null || cannot 'images can be neither pulled nor, without debootstrap, built'
    apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends debootstrap >/dev/null || cannot 'apt-get could not install debootstrap'
  fi
  local suite
  suite=$(. /etc/os-release && [[ $ID == debian ]] && echo "$VERSION_CODENAME") || suite=bookworm
  debootstrap --variant=minbase --include=ca-certificates,curl,postgresql "$suite" "$1/debian" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >"$1/debootstrap.log" 2>&1 ||
    cannot "debootstrap failed: $(tail -n 3 "$1/debootstrap.log")"
  tar -C "$1/debian" -c . | docker import - odoobridge-standin >/dev/null
  rm -rf "$1/debian"
  standins+=(odoobridge-standin)
}

# build WORK IMAGE CONTEXT builds from the Dockerfile on standard input.
build() {
  docker build -q -t "$2" -f - "$3" >"$1/standin.log" 2>&1 || fail "the stand-in for $2 does not build: $(tail -n 5 "$1/standin.log")"
}

build_postgres() {
  debian "$1"
  build "$1" "$2" "$here/standin" <<'DOCKERFILE'
FROM odoobridge-standin
RUN ln -s /usr/lib/postgresql/*/bin /postgresql && install -d -o postgres -g postgres /var/lib/postgresql/data
ENV PATH=/postgresql:/usr/bin:/bin
COPY postgres.sh /postgres.sh
USER postgres
VOLUME /var/lib/postgresql/data
STOPSIGNAL SIGINT
ENTRYPOINT ["bash", "/postgres.sh"]
DOCKERFILE
}

# build_golang takes this machine's Go, its certificate authorities, and the modules that go.mod names, so that the build
# needs no network.
build_golang() {
  debian "$1"
  local context=$1/golang
  mkdir -p "$context/modules"
  cp -a "$(go env GOROOT)" "$context/go"
  cp -L /etc/ssl/certs/ca-certificates.crt "$context/"
  (cd "$here/../.." && GOFLAGS="-modcacherw" GOMODCACHE=$context/modules GOPROXY="file://$(go env GOMODCACHE)/cache/download,$(go env GOPROXY)" go mod download)
  build "$1" "$2" "$context" <<'DOCKERFILE'
FROM odoobridge-standin
ENV PATH=/usr/local/go/bin:/usr/bin:/bin GOTOOLCHAIN=local GOMODCACHE=/go/pkg/mod
COPY ca-certificates.crt /etc/ssl/certs/
COPY go /usr/local/go
COPY modules /go/pkg/mod
DOCKERFILE
  rm -rf "$context"
}

# build_odoo needs our own image.
build_odoo() {
  debian "$1"
  build "$1" "$2" "$here/standin" <<'DOCKERFILE'
FROM odoobridge-standin
COPY --from=odoobridge /odoobridge /odoobridge
COPY odoo.sh /odoo.sh
USER nobody
ENTRYPOINT ["bash", "/odoo.sh"]
DOCKERFILE
}

# remove_standins leaves no image behind that is not what its name says.
remove_standins() {
  [[ ${#standins[@]} == 0 || ${KEEP_STANDINS:-} ]] && return 0
  docker image rm -f "${standins[@]}" >/dev/null 2>&1 || true
}
