#!/usr/bin/env bash
# Measures the configuration crates against Talos' Go machinery, one operation after the other in both languages, and
# prints the tables of README.md; then the client against Go's, both on Go's server. `run.sh [SECONDS [PART…]]`: length of
# each measurement; the parts are configuration, process, size, network, nodes. Needs Go and Python 3.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-2}
parts=("${@:2}")
[ ${#parts[@]} -gt 0 ] || parts=(configuration process size network nodes)
work=$(mktemp -d)
# Servers end with their input.
trap 'exec 8>&- 9>&-; wait; rm -rf "$work"' EXIT

cargo build --quiet --release --bin gen
cargo bench --quiet -p talos-benches --no-run
(cd tests/interop && go build -o "$work/interop" .)
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json,sys; print(json.load(sys.stdin)["target_directory"])')
ours() { cargo bench --quiet -p talos-benches --bench "$@"; }
side() { sed "s/^{/{\"side\":\"$1\",/"; }
echo "$(nproc) cores, $(date +%F), load $(cut -d' ' -f1-3 /proc/loadavg)"
ours configuration -- input 0 "$work"

configuration() {
    local name
    for name in generate generate_patched patch load encode validate load_and_validate parse_yaml write_yaml secrets; do
        ours configuration -- "$name" "$seconds" "$work" | side rust
        "$work/interop" bench -input "$work" -seconds "$seconds" "$name" | side go
    done >"$work/results"
    python3 benches/table.py <"$work/results"
}

process() {
    echo "Whole process, gen config with three patches and a bundle:"
    python3 benches/process.py "$target/release/gen" config bench https://bench.example.org:6443 --with-secrets "$work/secrets.yaml" \
        --config-patch @tests/interop/patches/all.yaml --config-patch-control-plane @tests/interop/patches/control-plane.yaml \
        --config-patch-worker @tests/interop/patches/worker.yaml --with-docs=false --with-examples=false --output "$work/out" --force
}

size() {
    local shape sizes size
    echo "| shape | MiB | parse ns a byte | parse memory a byte | write ns a byte |"
    echo "|---|---|---|---|---|"
    for shape in config text brackets dense; do
        # The most nodes a byte take 72 bytes a byte: a hundred mebibytes of them are for large machines.
        sizes=(1 10 100)
        [ "$shape" != dense ] || sizes=(1 10)
        for size in "${sizes[@]}"; do
            ours size -- "$shape" "$size"
        done
    done
}

# until_line FILE: until a server has said in FILE that it is ready.
until_line() { until [ -s "$1" ]; do sleep 0.1; done; }

network() {
    local name
    mkfifo "$work/go.control" "$work/sim.control"
    "$work/interop" serve -record=false -chunk 32768 -resources 10000 <"$work/go.control" >"$work/go.ready" &
    exec 8>"$work/go.control"
    until_line "$work/go.ready"
    python3 -c 'import json,sys; print(json.loads(sys.stdin.readline())["talosconfig"])' <"$work/go.ready" >"$work/go.talosconfig"
    cargo bench --quiet -p talos-benches --bench network -- serve "$work/sim.talosconfig" 0 <"$work/sim.control" >"$work/sim.ready" &
    exec 9>"$work/sim.control"
    until_line "$work/sim.ready"
    for name in unary unary_64 list watch stream; do
        ours network -- "$name" "$seconds" "$work/go.talosconfig" | side rust
        "$work/interop" bench-network -talosconfig "$work/go.talosconfig" -seconds "$seconds" "$name" | side go
    done >"$work/results"
    ours network -- stream "$seconds" "$work/sim.talosconfig" | side both >>"$work/results"
    for name in unary unary_64; do
        ours network -- "$name" "$seconds" "$work/go.talosconfig" threads | side threads >>"$work/results"
    done
    exec 8>&- 9>&-
    python3 benches/network.py <"$work/results"
}

nodes() {
    local count
    echo "| operation | nodes | ms | KiB of client memory a node |"
    echo "|---|---|---|---|"
    for count in 247 497 997; do
        rm -f "$work"/nodes.*
        mkfifo "$work/nodes.control"
        cargo bench --quiet -p talos-benches --bench network -- serve "$work/nodes.talosconfig" $count \
            <"$work/nodes.control" >"$work/nodes.ready" &
        exec 9>"$work/nodes.control"
        until_line "$work/nodes.ready"
        ours network -- nodes "$work/nodes.talosconfig"
        exec 9>&-
        wait
    done
}

for part in "${parts[@]}"; do
    echo
    "$part"
done
