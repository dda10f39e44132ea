# Functions about packages, most about Debian's, for the other scripts in this folder. Each script prints only its
# result on stdout (file descriptor 3) and everything else on stderr. Exit code 3 means: not available here, and the
# reason is on stderr.
set -eu
exec 3>&1 1>&2

cache=${STANCHION_CACHE:-${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/stanchion}
case $cache in /*) ;; *) cache=$PWD/$cache ;; esac
policy=/usr/sbin/policy-rc.d
temporary='' # a folder that is deleted at the end
private=''   # options that keep apt's lists and cache in the temporary folder
without_services=''

skip() {
    echo "$what is skipped: $1."
    exit 3
}

clean_up() {
    [ -z "$temporary" ] || rm -rf "$temporary"
    [ -z "$without_services" ] || rm -f "$policy"
}
trap clean_up EXIT
trap 'exit 130' HUP INT TERM

apt() {
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 apt-get -qq -o Acquire::Retries=2 \
        -o Acquire::http::Timeout=20 -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 $private "$@" </dev/null
}

# Makes the temporary folder below the cache. What is made there can be renamed to its place in one step.
make_temporary_folder() {
    mkdir -p "$cache" 2>/dev/null || skip "$cache cannot be written (STANCHION_CACHE names another folder)"
    temporary=$(mktemp -d "$cache/$1.XXXXXX")
}

is_root() {
    [ "$(id -u)" = 0 ]
}

is_debian_12() {
    # shellcheck source=/dev/null
    [ -r /etc/os-release ] && [ "$(. /etc/os-release && echo "$ID ${VERSION_ID:-}")" = 'debian 12' ]
}

# -- installing, as root -------------------------------------------------------------------------------

# Installs or upgrades packages after printing their names, without starting their services: the tests start their own.
install() {
    apt update || echo "The lists of packages cannot be updated; the lists of this machine are used."
    planned=$(apt -s install --no-install-recommends "$@" 2>/dev/null | sed -n 's/^Inst \([^ ]*\) .*/\1/p' | tr '\n' ' ')
    [ -n "$planned" ] || return 0
    echo "Installing ${planned% }."
    if [ ! -e "$policy" ]; then
        without_services=yes
        printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
    fi
    apt install -y --no-install-recommends "$@"
}

# -- unpacking, as any user ----------------------------------------------------------------------------

# Makes the temporary folder, with the folders that apt-get needs.
make_temporary() {
    command -v apt-get >/dev/null || skip 'apt-get is not installed'
    command -v dpkg-deb >/dev/null || skip 'dpkg-deb is not installed'
    make_temporary_folder unpack
    mkdir -p "$temporary/debs" "$temporary/tree" "$temporary/cache/archives/partial"
    private="-o Dir::Cache=$temporary/cache"
}

use_private_lists() {
    private="$private -o Dir::State::lists=$temporary/lists"
    mkdir -p "$temporary/lists/partial"
    apt update
}

# Calls the function $1, which downloads packages into the temporary folder, and unpacks them into its folder tree.
unpack() {
    "$1" || { use_private_lists && "$1"; } || skip 'apt-get could not download it'
    for deb in "$temporary"/debs/*.deb; do
        dpkg-deb -x "$deb" "$temporary/tree"
    done
    rm -rf "$temporary"/tree/usr/share/doc "$temporary"/tree/usr/share/man "$temporary"/tree/usr/share/locale
    chmod 755 "$temporary/tree"
}
