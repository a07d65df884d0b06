#!/usr/bin/env bash
# make release-test: two releases from the same files in two places are the same to the byte, and hold what they should.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$1

fail() {
  printf 'release-test: %s\n' "$*" >&2
  exit 1
}

work=$(mktemp -d /var/tmp/odoobridge-release-XXXXXX)
trap 'rm -rf "$work"' EXIT
export SOURCE_DATE_EPOCH=1700000000
for place in one another/place; do
  mkdir -p "$work/$place/source"
  git ls-files -z --cached --others --exclude-standard | tar -c --null -T - | tar -x -C "$work/$place/source"
  # Times and rights of the files are not those of another day.
  find "$work/another" -exec touch -d '2001-02-03' {} + -exec chmod go-rwx {} + 2>/dev/null || true
  "$work/$place/source/packaging/release.sh" "$version" "$work/$place/dist" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "release.sh failed"; }
done
diff -r "$work/one/dist" "$work/another/place/dist" || fail 'two releases differ'

cd "$work/one/dist"
sha256sum --quiet -c SHA256SUMS
(($(wc -l <SHA256SUMS) == 4)) || fail "SHA256SUMS: $(<SHA256SUMS)"
for architecture in amd64 arm64; do
  name=odoobridge-$version-linux-$architecture
  tar -xzf "$name.tar.gz"
  for file in LICENSE README.md CHANGELOG.md docs/DOCKER.md completions/odoobridge.bash completions/_odoobridge completions/odoobridge.fish \
    man/odoobridge.1 systemd/odoobridge.service systemd/odoobridge.env kubernetes/kustomization.yaml addon/odoobridge/__manifest__.py; do
    [[ -s $name/$file ]] || fail "$name has no $file"
  done
  go version -m "$name/odoobridge" | grep -q "GOARCH=$architecture" || fail "$name is of another architecture"
  grep -aq "$work" "$name/odoobridge" && fail "$name tells where it was built"
  python3 - "$name/odoobridge.cdx.json" "$version" <<'PYTHON' || fail "the bill of materials of $name is wrong"
import json
import sys

bom = json.load(open(sys.argv[1], encoding="utf-8"))
assert bom["bomFormat"] == "CycloneDX" and bom["metadata"]["component"]["version"] == "v" + sys.argv[2], bom["metadata"]
components = {c["name"]: c.get("version") for c in bom["components"]}
for name in ("github.com/lib/pq", "github.com/rs/zerolog", "github.com/spf13/cobra", "std"):
    assert components.get(name), (name, components)
assert "honnef.co/go/tools" not in components, "a tool of developers is no part of the program"
PYTHON
done
native=odoobridge-$version-linux-$(go env GOHOSTARCH)/odoobridge
[[ $("$native" version) == "odoobridge $version go"* ]] || fail "it says that it is $("$native" version)"
printf 'release-test: %s is the same twice; %s\n' "$version" "$(du -ch -- *.tar.gz | tail -n 1 | cut -f 1) in both archives"
