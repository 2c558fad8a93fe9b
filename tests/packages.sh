#!/usr/bin/env bash
# System packages that some tests need: on Debian, as root or with sudo. The one script here that installs any.
#   tests/packages.sh browser   Chromium, for tests/browser
#   tests/packages.sh video     the ffmpeg program, which makes and reads the clips of tests/clips
#   tests/packages.sh slurm     SLURM, munge, MariaDB (for accounting), for tests/cluster
# What is installed already is left as it is; if nothing is missing, nothing is done and no rights are needed.
set -euo pipefail

die() { echo "error: $*" >&2; exit 1; }

case ${1:-} in
  browser) packages=(chromium) ;;
  video) packages=(ffmpeg) ;;
  slurm) packages=(slurmctld slurmd slurm-client munge slurmdbd mariadb-server) ;;
  *) sed -n '2,6s/^# \?//p' "$0" >&2; exit 2 ;;
esac

[ "$1" != browser ] || [ ! -x /usr/bin/chromium ] || exit 0
[ "$1" != video ] || ! command -v ffmpeg >/dev/null || exit 0
command -v dpkg-query >/dev/null || die "this is not Debian; install what provides: ${packages[*]}"
missing=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

root=()
[ "$(id -u)" = 0 ] || root=(sudo)
[ ${#root[@]} = 0 ] || command -v sudo >/dev/null || die "needs root, or sudo, to install: ${missing[*]}"
echo "installing ${missing[*]}"
# Daemons are started by tests, not by their packages.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee $policy >/dev/null
  trap '"${root[@]}" rm $policy' EXIT
  "${root[@]}" chmod +x $policy
fi
"${root[@]}" apt-get update -qq
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
