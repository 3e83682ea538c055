#!/usr/bin/env bash
# The main job: the README's command, and the same with the owner's patches where they are.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cluster_up() { # cluster_up NAME ARGUMENT…: five Ready nodes and two paths at the end
    local name=$1
    shift
    cargo run --quiet --release --bin cluster_up -- --state "$work/$name" "$@" >"$work/$name.out"
    cat "$work/$name.out"
    [ "$(grep -c ' Ready *$' "$work/$name.out")" = 5 ] || { echo "bring-up: not five nodes are Ready" >&2; exit 1; }
    [ "$(tail -n 2 "$work/$name.out" | cut -d: -f1 | tr '\n' ' ')" = "talosconfig kubeconfig " ] ||
        { echo "bring-up: the last lines are not the two paths" >&2; exit 1; }
    for file in secrets.yaml controlplane.yaml worker.yaml talosconfig kubeconfig haproxy.cfg state.json; do
        [ "$(stat -c %a "$work/$name/talos/$file")" = 600 ] || { echo "bring-up: $file is not 0600" >&2; exit 1; }
    done
}

cluster_up defaults
seed=../shared/seed
if [ -d "$seed" ]; then
    cluster_up owner --config-patch "@$seed/cluster.yaml" \
        --config-patch-control-plane "@$seed/patch-controlplane.yaml" --config-patch-worker "@$seed/patch-worker.yaml" \
        --kubernetes-version 1.30.4 --talos-version v1.9.4
else
    echo "bring-up: no $seed, so the owner's patches were not tried"
fi
