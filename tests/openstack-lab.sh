#!/usr/bin/env bash
# The OpenStack contract on real Keystone, Glance, Nova and Neutron: starts the lab of ../shared/openstack-lab
# on loopback, runs the suite, stops it again. Says so and succeeds where there is no lab (OSLAB_HOME moves it).
set -euo pipefail
cd "$(dirname "$0")/.."

lab=${OSLAB_HOME:-../shared/openstack-lab}
if [ ! -x "$lab/up.sh" ]; then
    echo "openstack-lab: skipped, there is no $lab"
    exit 0
fi
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
as_root "$lab/install.sh"

# Compiled first: the lab takes memory and processor time for as long as it is up.
cargo test --workspace --test openstack_lab --no-run

work=$(mktemp -d)
# Away from the range that the kernel hands out by itself, and from a lab that may be up already.
export OSLAB_BASE_PORT=${OSLAB_BASE_PORT:-$((20000 + RANDOM % 9000))}
export OSLAB_TLS=1
stop() {
    status=$?
    if [ "$status" != 0 ]; then grep -hE " ERROR |Traceback" -A 3 "$work"/lab/log/*.log 2>/dev/null | tail -n 40 || true; fi
    "$lab/down.sh" "$work/lab" || true
    rm -rf "$work"
    exit "$status"
}
trap stop EXIT
"$lab/up.sh" "$work/lab"
OSLAB_DIR=$work/lab cargo test --workspace --test openstack_lab -- --nocapture
