#!/usr/bin/env bash
# Makes .venv ready to run and to test the project. Installs what is missing, leaves alone what
# is there, and is done in a moment when nothing is missing.
#
#   make setup                                choose a Python 3.11 or 3.12 from the PATH
#   make setup PYTHON=/somewhere/python3.12   use this one for a new .venv
set -euo pipefail
cd "$(dirname "$0")"

# The project never fetches an interpreter, and trusts the certificates that the machine trusts.
export UV_PYTHON_DOWNLOADS=never UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-1}"
OLDEST_UV=0.8.0

# Each shared library that WeasyPrint loads, and the Debian package that brings it.
LIBRARIES=(
    libpango-1.0.so.0:libpango-1.0-0
    libpangoft2-1.0.so.0:libpangoft2-1.0-0
    libharfbuzz-subset.so.0:libharfbuzz-subset0
)

say() { printf '%s\n' "$*" >&2; }
fail() { printf 'setup: %s\n' "$@" >&2; exit 1; }

# What .venv was made from, and where it stands.
fingerprint() { { pwd; cat setup.sh pyproject.toml requirements/*.txt; } | sha256sum; }

loads() { "$1" -c 'import ctypes, sys; ctypes.CDLL(sys.argv[1])' "$2" 2>/dev/null; }

libraries_load() {
    local entry
    for entry in "${LIBRARIES[@]}"; do loads "$1" "${entry%%:*}" || return 1; done
}

ready() {
    [ "$(cat .venv/.ready 2>/dev/null)" = "$(fingerprint)" ] && libraries_load .venv/bin/python
}

# Prints the interpreter's version and own path if it is one that the project runs on. A name on
# the PATH proves nothing (pyenv leaves names that fail), so it is run.
probe() {
    "$1" -c '
import sys
import ctypes, sqlite3, ssl, zlib
print(*sys.version_info[:2], sep=".", end=" ")
print(sys.executable)
sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null
}

find_python() {
    local candidate found seen=""
    if [ -n "${PYTHON:-}" ]; then
        found=$(probe "$PYTHON") || fail "PYTHON=$PYTHON is not a working Python 3.11 or 3.12"
        echo "${found#* }"
        return
    fi
    while read -r candidate; do
        case "$candidate" in "$PWD"/.venv/* | "$PWD"/.tools/*) continue ;; esac
        found=$(probe "$candidate") && { echo "${found#* }"; return; }
        [ -z "$found" ] || seen+=" ${found#* } (${found%% *})"
    done < <(type -ap python3.11 python3.12 python3 python)
    fail "needs Python 3.11 or 3.12; found:${seen:- none that works}" \
        "(durable_rules, which decides the cases, does not run on Python 3.13)" \
        "install one, or name it: make setup PYTHON=/path/to/python3.12"
}

has_headers() {
    "$1" -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))'
}

compiles() {
    local compiler
    compiler=$("$1" -c 'import sysconfig; print(sysconfig.get_config_var("CC").split()[0])')
    echo '#include <stdlib.h>' | "$compiler" -x c -E -o /dev/null - 2>/dev/null
}

# Prints the Debian packages that the machine lacks, one a line.
missing_packages() {
    local python=$1 version entry
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    for entry in "${LIBRARIES[@]}"; do loads "$python" "${entry%%:*}" || echo "${entry##*:}"; done
    [ -e /etc/fonts/fonts.conf ] || echo fontconfig-config
    compiles "$python" || printf '%s\n' gcc libc6-dev
    has_headers "$python" || echo "python$version-dev"
    find_uv >/dev/null || "$python" -c 'import ensurepip, venv' 2>/dev/null || echo "python$version-venv"
}

install_packages() {
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    command -v apt-get >/dev/null || return 1
    command -v "${as_root[0]:-true}" >/dev/null || return 1
    say "Installing system packages: $*"
    "${as_root[@]}" apt-get -qq update &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
            --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" >/dev/null
}

provide_packages() {
    local python=$1 packages
    mapfile -t packages < <(missing_packages "$python")
    [ "${#packages[@]}" -gt 0 ] || return 0
    install_packages "${packages[@]}" || fail "could not install system packages." \
        "As an administrator, run: apt-get install ${packages[*]}"
    mapfile -t packages < <(missing_packages "$python")
    [ "${#packages[@]}" -eq 0 ] || fail "still missing after installation: ${packages[*]}"
}

recent_enough() {
    local version
    version=$("$1" --version 2>/dev/null) || return 1
    version=${version#uv }
    printf '%s\n' "$OLDEST_UV" "${version%% *}" | sort -VC
}

# Prints a uv that will do: the machine's, else the project's own.
find_uv() {
    local candidate
    while read -r candidate; do
        recent_enough "$candidate" && { echo "$candidate"; return; }
    done < <(type -ap uv || true; echo "$PWD/.tools/bin/uv")
    return 1
}

provide_uv() {
    find_uv >/dev/null && return
    say "Installing uv into .tools"
    "$1" -m venv --clear .tools
    .tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
        --only-binary :all: -r requirements/uv.txt >&2
}

# Everything comes as a wheel but durable_rules, which exists as source alone and is built with
# pinned tools. The checkout itself goes on the path as it is.
build_environment() {
    local python=$1 uv=$2
    say "Installing the locked environment into .venv"
    probe .venv/bin/python >/dev/null || "$uv" venv --quiet --clear --relocatable --python "$python" .venv
    "$uv" pip sync --quiet --python .venv/bin/python --require-hashes \
        --only-binary :all: --no-binary durable-rules \
        --build-constraints requirements/build.txt requirements/dev.txt
    "$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
}

main() {
    local python
    ready && return
    python=$(find_python)
    provide_packages "$python"
    provide_uv "$python"
    build_environment "$python" "$(find_uv)"
    fingerprint >.venv/.ready
}

main
