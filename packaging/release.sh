#!/usr/bin/env bash
# make release: archives of the program for Linux with what belongs to it, their bills of materials and checksums, in a
# folder of their own. The same commit and the same Go give the same bytes, wherever and whenever it is run.
#
# release.sh VERSION FOLDER
set -euo pipefail
version=$1
mkdir -p "$2"
out=$(cd "$2" && pwd)
cd "$(dirname "$0")/.."

# The time of everything in the archives: the commit's, or that of an export.
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}
date=$(date -u -d "@$epoch" +%Y-%m-%d)
export LC_ALL=C SOURCE_DATE_EPOCH=$epoch
export CGO_ENABLED=0 GOFLAGS=-trimpath GOAMD64=v1 GOARM64=v8.0 GOTOOLCHAIN=local

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# build OS ARCHITECTURE FILE. No build id and no commit: both differ where the source does not.
build() {
  GOOS=$1 GOARCH=$2 go build -buildvcs=false -ldflags="-s -w -buildid= -X main.release=$version" -o "$3" ./cmd/odoobridge
}

build "$(go env GOHOSTOS)" "$(go env GOHOSTARCH)" "$work/odoobridge"
go build -buildvcs=false -modfile=packaging/tools/go.mod -o "$work/cyclonedx-gomod" github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod

common=$work/common
mkdir -p "$common/completions" "$common/man" "$common/addon"
cp LICENSE README.md CHANGELOG.md "$common/"
cp -r docs packaging/systemd packaging/kubernetes packaging/prometheus packaging/grafana "$common/"
cp -r odoo/addon/odoobridge "$common/addon/"
find "$common/addon" -name __pycache__ -prune -exec rm -rf {} +
"$work/odoobridge" completion bash >"$common/completions/odoobridge.bash"
"$work/odoobridge" completion zsh >"$common/completions/_odoobridge"
"$work/odoobridge" completion fish >"$common/completions/odoobridge.fish"
"$work/odoobridge" man --date "$date" >"$common/man/odoobridge.1"

for architecture in amd64 arm64; do
  name=odoobridge-$version-linux-$architecture
  cp -r "$common" "$work/$name"
  build linux "$architecture" "$work/$name/odoobridge"
  "$work/cyclonedx-gomod" bin -json -std -noserial -notimestamp -version "v$version" -output "$work/$name/odoobridge.cdx.json" "$work/$name/odoobridge" 2>"$work/cyclonedx.log" ||
    { cat "$work/cyclonedx.log" >&2; exit 1; }
  cp "$work/$name/odoobridge.cdx.json" "$out/$name.cdx.json"
  find "$work/$name" -exec chmod u=rwX,go=rX {} +
  tar -C "$work" --sort=name --format=ustar --mtime="@$epoch" --owner=0 --group=0 --numeric-owner -cf - "$name" | gzip -9n >"$out/$name.tar.gz"
done
cd "$out"
sha256sum "odoobridge-$version-linux-"{amd64,arm64}.{tar.gz,cdx.json} >SHA256SUMS
cat SHA256SUMS
