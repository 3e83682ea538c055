#!/usr/bin/env bash
# Measures the configuration crates against Talos' Go machinery, one operation after the other in both languages, and
# prints the tables of README.md. `run.sh [SECONDS]`: length of each measurement. Needs Go and Python 3.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-2}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo build --quiet --release --bin gen
cargo bench --quiet -p talos-benches --no-run
(cd tests/interop && go build -o "$work/interop" .)
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json,sys; print(json.load(sys.stdin)["target_directory"])')
ours() { cargo bench --quiet -p talos-benches --bench configuration -- "$@"; }
ours input 0 "$work"
for name in generate generate_patched patch load encode validate load_and_validate parse_yaml write_yaml secrets; do
    ours "$name" "$seconds" "$work" | sed 's/^{/{"side":"rust",/'
    "$work/interop" bench -input "$work" -seconds "$seconds" "$name" | sed 's/^{/{"side":"go",/'
done >"$work/results"
echo "$(nproc) cores, $(date +%F), load $(cut -d' ' -f1-3 /proc/loadavg)"
python3 benches/table.py <"$work/results"

echo
echo "Whole process, gen config with three patches and a bundle:"
python3 benches/process.py "$target/release/gen" config bench https://bench.example.org:6443 --with-secrets "$work/secrets.yaml" \
    --config-patch @tests/interop/patches/all.yaml --config-patch-control-plane @tests/interop/patches/control-plane.yaml \
    --config-patch-worker @tests/interop/patches/worker.yaml --with-docs=false --with-examples=false --output "$work/out" --force

echo
echo "| shape | MiB | parse ns a byte | parse memory a byte | write ns a byte |"
echo "|---|---|---|---|---|"
for shape in config text brackets dense; do
    # The most nodes a byte take 72 bytes a byte: a hundred mebibytes of them are for large machines.
    sizes=(1 10 100)
    [ "$shape" != dense ] || sizes=(1 10)
    for size in "${sizes[@]}"; do
        cargo bench --quiet -p talos-benches --bench size -- "$shape" "$size"
    done
done
