#!/bin/bash
# Takes the environment and the command line that docker-compose.yml gives the image odoo, and is the sandbox: what is tried
# with it is the composition, not Odoo.
set -euo pipefail
[[ ${1:-} == odoo ]] && shift
database=
for argument; do
  case $argument in
    --database=*) database=${argument#*=} ;;
    --addons-path=*)
      IFS=, read -ra folders <<<"${argument#*=}"
      compgen -G '/mnt/extra-addons/*/__manifest__.py' >/dev/null || { echo 'no add-on in /mnt/extra-addons' >&2; exit 1; }
      [[ " ${folders[*]} " == *' /mnt/extra-addons '* ]] || { echo '/mnt/extra-addons is not in --addons-path' >&2; exit 1; }
      ;;
  esac
done
exec /odoobridge sandbox --database-url "postgres://$USER:$PASSWORD@$HOST/$database?sslmode=disable" --series 18 --db "$database" --listen :8069 --reset
