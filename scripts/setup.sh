#!/usr/bin/env bash
# Installs the build dependencies of distill on Debian 12 or newer. See `scripts/setup.sh --help`.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly TORCH_REQUIREMENT=torch==2.13.0
readonly BUILD_PACKAGES=(
  ccache cmake g++ libabsl-dev libcli11-dev libexif-dev libgrpc++-dev libjpeg-dev libprotobuf-dev
  libspdlog-dev libspng-dev libssl-dev libtomlplusplus-dev ninja-build nlohmann-json3-dev pkg-config
  prometheus-cpp-dev protobuf-compiler protobuf-compiler-grpc python3 python3-venv zlib1g-dev)
readonly DEMO_PACKAGES=(dataset-fashion-mnist)
readonly TEST_PACKAGES=(
  chromium chromium-driver clang dataset-fashion-mnist iproute2 libbenchmark-dev libclang-rt-dev
  libgmock-dev libgtest-dev libturbojpeg0-dev openssl)

print_help() {
  cat <<END
Usage: scripts/setup.sh [--for=build|demo|tests] [--check]

Installs the Debian packages, the LibTorch and the Python packages that are missing, and says how
much it downloads before it does. Needs root or sudo. What is there is left as it is.

  --for=build  only what building the programs takes
  --for=demo   only what building and running the demo takes
  --for=tests  only what building and running the tests takes
  --check      installs nothing; lists what is missing, and exits 1 if something is

LibTorch >= 2.6 is taken from TORCH_ROOT, else the torch package of python3, else Debian's
libtorch-dev where it is new enough, else $TORCH_REQUIREMENT from pip's index, put into .venv.
END
}

parse_command_line() {
  purpose=all check_only=no
  local argument
  for argument in "$@"; do
    case $argument in
      --for=build | --for=demo | --for=tests) purpose=${argument#--for=} ;;
      --for=*) usage_error "--for=${argument#--for=} is unknown; --for takes build, demo or tests" ;;
      --check) check_only=yes ;;
      -h | --help)
        print_help
        exit 0
        ;;
      *) usage_error "unknown option '$argument'; allowed are --for=build|demo|tests, --check, --help" ;;
    esac
  done
}

for_tests() { [[ $purpose == tests || $purpose == all ]]; }

# missing_packages NAME...: prints the packages that are not installed.
missing_packages() {
  local name
  for name in "$@"; do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || echo "$name"
  done
}

as_root() {
  if ((EUID == 0)); then
    "$@"
  else
    command -v sudo >/dev/null || fail "installing packages needs root or sudo; run it as root"
    sudo "$@"
  fi
}

# install_packages NAME...: requires up-to-date package lists.
install_packages() {
  local megabytes
  megabytes=$(apt-get install -qq -y --no-install-recommends --print-uris "$@" |
    awk '$1 ~ /^\047/ {bytes += $3} END {printf "%.1f", bytes / 1e6}')
  echo "Installing with apt-get ($megabytes MB to download; takes a few minutes): $*"
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

# Prints "ROOT VERSION" of the LibTorch that the build will take, or nothing.
find_libtorch() { command -v cmake >/dev/null && cmake -P cmake/LibTorchRoot.cmake 2>/dev/null; }

# Returns whether .venv holds exactly the packages of tests/requirements.txt.
have_python_packages() {
  [[ -x .venv/bin/python ]] && .venv/bin/python - tests/requirements.txt <<'END' 2>/dev/null
import importlib.metadata, sys
for line in open(sys.argv[1]):
    name, _, version = line.partition("#")[0].strip().partition("==")
    if name and importlib.metadata.version(name) != version:
        sys.exit(1)
END
}

make_venv() {
  [[ -x .venv/bin/pip ]] || python3 -m venv .venv || fail "python3 cannot make .venv"
}

pip_install() { .venv/bin/pip install --disable-pip-version-check "$@"; }

# Prints the version of the torch package that pip would install, such as 2.13.0+cpu.
offered_torch() {
  pip_install --quiet --dry-run --ignore-installed --no-deps --report - "$TORCH_REQUIREMENT" |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["install"][0]["metadata"]["version"])'
}

install_libtorch() {
  local candidate version
  [[ -z ${TORCH_ROOT:-} ]] ||
    fail "TORCH_ROOT=$TORCH_ROOT holds no LibTorch >= 2.6; correct it, or unset it to search"
  candidate=$(apt-cache policy libtorch-dev | awk '$1 == "Candidate:" {print $2}')
  if dpkg --compare-versions "${candidate:-0}" ge 2.6; then
    install_packages libtorch-dev libopenblas0-pthread
    return
  fi
  cat <<END
Installing LibTorch: $TORCH_REQUIREMENT with pip, from the index that pip is configured for, into
.venv. The download is about 200 MB where the index serves the CPU build. The public registry
serves the CUDA build, several GB with the CUDA libraries it needs: to avoid it, name an index of
CPU builds in pip's configuration, or put an unpacked LibTorch anywhere and set TORCH_ROOT.
END
  make_venv
  version=$(offered_torch)
  echo "pip's index offers torch $version."
  # C++ needs none of the package's dependencies, but the CUDA build does not load without CUDA's.
  if [[ $version == *+cpu ]]; then
    pip_install --no-deps "$TORCH_REQUIREMENT"
  else
    pip_install "$TORCH_REQUIREMENT"
  fi
}

install_python_packages() {
  echo "Installing with pip into .venv (about 107 MB to download):" \
    "$(grep -o '^[^#]*' tests/requirements.txt | xargs)"
  make_venv
  pip_install --quiet -r tests/requirements.txt
}

# Unpacked and not installed: the package would start a web server.
have_nginx() { [[ -x .venv/nginx/usr/sbin/nginx ]]; }

unpack_nginx() {
  echo "Unpacking Debian's nginx into .venv/nginx (1 MB to download)."
  make_venv
  local folder
  folder=$(mktemp -d)
  # apt's own user downloads.
  chmod 755 "$folder"
  ! id _apt >/dev/null 2>&1 || as_root chown _apt "$folder"
  cd "$folder"
  as_root apt-get download -qq nginx >/dev/null 2>&1 ||
    { as_root apt-get update -qq && as_root apt-get download -qq nginx >/dev/null; }
  cd - >/dev/null
  dpkg-deb -x "$folder"/nginx_*.deb .venv/nginx
  as_root rm -rf "$folder"
}

main() {
  parse_command_line "$@"
  command -v apt-get >/dev/null || fail "no apt-get here; this script is for Debian 12 or newer"

  local wanted=("${BUILD_PACKAGES[@]}") missing libtorch
  [[ $purpose != demo && $purpose != all ]] || wanted+=("${DEMO_PACKAGES[@]}")
  ! for_tests || wanted+=("${TEST_PACKAGES[@]}")
  mapfile -t missing < <(missing_packages "${wanted[@]}")
  libtorch=$(find_libtorch || true)

  if [[ $check_only == yes ]]; then
    [[ -n $libtorch ]] || missing+=("LibTorch >= 2.6")
    ! for_tests || have_python_packages || missing+=("tests/requirements.txt in .venv")
    ! for_tests || have_nginx || missing+=("nginx, unpacked in .venv")
    if ((${#missing[@]} == 0)); then
      echo "Nothing is missing. LibTorch: $libtorch"
      exit 0
    fi
    echo "Missing:"
    printf '  %s\n' "${missing[@]}"
    exit 1
  fi

  if ((${#missing[@]})); then
    echo "Reading apt's package lists."
    as_root apt-get update -qq
    install_packages "${missing[@]}"
  fi
  [[ -n $(find_libtorch) ]] || install_libtorch
  ! for_tests || have_python_packages || install_python_packages
  ! for_tests || have_nginx || unpack_nginx
  libtorch=$(find_libtorch) || true
  [[ -n $libtorch ]] ||
    fail "the LibTorch just installed is not found. $(cmake -P cmake/LibTorchRoot.cmake 2>&1)"
  echo "Everything for $purpose is there. LibTorch: $libtorch"
}

main "$@"
