#!/bin/sh
# Installs the Debian packages of packages.txt, or of the list given, that are missing, and nothing if none is. Uses sudo unless run as root.
set -eu
list=${1:-$(dirname "$0")/packages.txt}
missing=""
for package in $(sed 's/#.*//' "$list"); do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "installing:$missing"
if [ "$(id -u)" -eq 0 ]; then as_root=""; else as_root="sudo"; fi
if [ -n "$as_root" ] && ! command -v sudo >/dev/null; then
  echo "install_packages.sh: needs root for apt-get, expected sudo; or install these yourself:$missing" >&2
  exit 77
fi
$as_root apt-get update -qq
# shellcheck disable=SC2086  # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
