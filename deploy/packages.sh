#!/bin/bash
# Installs the Debian packages that one part of Passerelle needs: deploy/packages.sh build|run|test|deep
# Root or sudo. Starts, changes and enables no service. Says nothing and asks nothing when all are there.
set -euo pipefail

build=(cmake ninja-build g++ ccache mold pkg-config
  libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc
  libssl-dev libcurl4-openssl-dev rapidjson-dev libyaml-cpp-dev libxml2-dev libzip-dev libgmime-3.0-dev
  libsqlite3-dev libzstd-dev libcli11-dev libboost1.81-dev prometheus-cpp-dev tzdata
  libpango1.0-dev libcairo2-dev libqpdf-dev libdmtx-dev fonts-liberation2 fonts-dejavu-core)
run=(libgrpc++1.51 libprotobuf32 libssl3 libcurl4 libyaml-cpp0.7 libxml2 libzip4 libgmime-3.0-0 libsqlite3-0 libzstd1
  libprometheus-cpp-core1.0 tzdata ca-certificates
  libpangocairo-1.0-0 libcairo2 libqpdf29 libdmtx0b fonts-liberation2 fonts-dejavu-core)
# Postfix and Dovecot themselves are unpacked into a private folder, never installed: see deploy/demo/mailhost.
demo=(python3 openssl)
test=(libgtest-dev libgmock-dev python3-venv libxml2-utils sqlite3)
# A Go of the machine's own is as good as Debian's.
command -v go >/dev/null || test+=(golang-go)
deep=(clang libclang-rt-14-dev default-jdk-headless maven)

case "${1:-}" in
  build) wanted=("${build[@]}") ;;
  run) wanted=("${run[@]}" "${demo[@]}") ;;
  test) wanted=("${build[@]}" "${run[@]}" "${demo[@]}" "${test[@]}") ;;
  deep) wanted=("${build[@]}" "${run[@]}" "${demo[@]}" "${test[@]}" "${deep[@]}") ;;
  *)
    echo "usage: deploy/packages.sh build|run|test|deep" >&2
    exit 2
    ;;
esac

# One question for all: it is asked at each ./demo and ./test. Packages never heard of are an error, and missing.
installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null || true)
missing=()
for package in "${wanted[@]}"; do
  grep -qxF "installed $package" <<<"$installed" || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "packages.sh: root or sudo is needed to install: ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
echo "packages.sh: installing ${#missing[@]} packages: ${missing[*]}"
# A new machine may be busy with its own updates: wait for them.
patience=(-o DPkg::Lock::Timeout=300)
"${as_root[@]}" apt-get "${patience[@]}" update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "${patience[@]}" install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
