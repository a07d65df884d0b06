#!/usr/bin/env bash
# Installs those of this folder's clients that are missing. Needs Debian and root for its packages, npm for the others.
set -euo pipefail
cd "$(dirname "$0")"

packages=()
# missing PACKAGES TEST... notes the packages if the test does not succeed.
missing() {
  local names=$1
  shift
  "$@" >/dev/null 2>&1 || read -ra packages <<<"${packages[*]} $names"
}
missing 'python3 python3-odoorpc' /usr/bin/python3 -c 'import odoorpc, xmlrpc.client'
missing 'ruby ruby-xmlrpc' ruby -e 'require "xmlrpc/client"'
missing 'php-cli php-curl php-xmlrpc' php -r 'exit(extension_loaded("xmlrpc") && extension_loaded("curl") ? 0 : 1);'
missing 'librpc-xml-perl' perl -MRPC::XML::Client -e 1
missing nodejs command -v node
missing npm command -v npm
if ((${#packages[@]} > 0)); then
  echo "install ${packages[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi

if ! [[ npm/node_modules/.package-lock.json -nt npm/package-lock.json ]]; then
  (cd npm && npm ci --no-audit --no-fund)
fi
