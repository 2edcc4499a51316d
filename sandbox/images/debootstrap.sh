#!/bin/sh
# Make a base image's file system where no image registry is reachable: a minimal Debian or Ubuntu of
# this machine's own release with Python, as a tar. Needs root and debootstrap.
#   debootstrap.sh OUT.tar            then: docker import OUT.tar NAME:TAG
# The mirror and the release are those of this machine's apt, so that nothing here names a server.
set -eu

out=${1:?usage: debootstrap.sh OUT.tar}
[ "$(id -u)" = 0 ] || { echo "debootstrap.sh: needs root" >&2; exit 2; }
command -v debootstrap >/dev/null || { echo "debootstrap.sh: debootstrap is not installed" >&2; exit 2; }

. /etc/os-release
suite=${VERSION_CODENAME:?debootstrap.sh: this release has no codename}
mirror=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' \
  | awk -v suite="$suite" '$1 == suite && $2 == "main" { print $3; exit }')
[ -n "$mirror" ] || { echo "debootstrap.sh: apt has no source for $suite main" >&2; exit 2; }
components=main
[ "$ID" = ubuntu ] && components=main,universe

root=$(mktemp -d "$(dirname "$out")/debootstrap.XXXXXX")
trap 'rm -rf "$root"' EXIT INT TERM

echo "debootstrap: $suite"
debootstrap --variant=minbase --components="$components" \
  --include=python3,python3-venv,python-is-python3,python3-pip,libgomp1,ca-certificates \
  "$suite" "$root" "$mirror"
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/* \
  "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/locale/*
echo '127.0.0.1 localhost' > "$root/etc/hosts"
: > "$root/etc/resolv.conf"
echo sandbox > "$root/etc/hostname"
tar -C "$root" --numeric-owner --one-file-system -cf "$out" .
