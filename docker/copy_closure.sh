#!/usr/bin/env bash
# Copies the libraries that the loader finds for programs, and their licences, into a folder, under the
# paths where it finds them, and lists how much each Debian package has of it.
#   docker/copy_closure.sh FOLDER PROGRAM...
# Debian's packages of LibTorch depend on compilers, GPU libraries and MPI that a server on a CPU never
# opens; the loader names what it does.
set -euo pipefail

folder=$1
shift
mkdir -p "$folder"
found=$(ldd "$@")
mapfile -t libraries < <(awk '$2 == "=>" && $3 ~ /^\// {print $3}' <<<"$found" | sort -u)
if missing=$(grep 'not found' <<<"$found"); then
  echo "copy_closure: $missing" >&2
  exit 1
fi
declare -A bytes
for library in "${libraries[@]}"; do
  # /lib is a link to /usr/lib, and must stay one. The files themselves, where they are links.
  install -D --mode=644 "$library" "$folder/usr${library#/usr}"
  file=$(readlink -f "$library")
  package=$({ dpkg-query --search "$file" "${file#/usr}" 2>/dev/null || true; } | head -1 | cut -d: -f1)
  package=${package:-none}
  if [[ -f /usr/share/doc/$package/copyright ]]; then
    install -D --mode=644 "/usr/share/doc/$package/copyright" \
      "$folder/usr/share/doc/distill/licences/$package"
  fi
  bytes[$package]=$((${bytes[$package]:-0} + $(stat -c %s "$file")))
done
for package in "${!bytes[@]}"; do
  echo "$((${bytes[$package]} / 1048576)) MiB $package"
done | sort -rn
