#!/usr/bin/env bash
# Runs fuzz targets, all unless some are named, on stable Rust without sanitizers; needs a C++ compiler.
#
#     run.sh [TARGET…]                  the same inputs each time, made from the seeds: what a change must pass
#     run.sh --seconds N [TARGET…]      new inputs for N seconds, starting from what earlier runs found to be new
#
# Inputs that fail stay beside the build.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=
[ "${1:-}" != --seconds ] || { seconds=$2; shift 2; }
targets=("$@")
[ ${#targets[@]} -gt 0 ] || for file in fuzz/fuzz_targets/*.rs; do targets+=("$(basename "$file" .rs)"); done

host=$(rustc -vV | sed -n 's/^host: //p')
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
# libFuzzer steers by these counters. With --target the flags keep off build scripts and procedural macros.
counters="-Cpasses=sancov-module"
for option in level=4 inline-8bit-counters pc-table trace-compares; do
    counters+=" -Cllvm-args=-sanitizer-coverage-$option"
done
RUSTFLAGS=$counters cargo build --quiet --locked --release --manifest-path fuzz/Cargo.toml --target "$host"

for target in "${targets[@]}"; do
    found=$CARGO_TARGET_DIR/corpus/$target failed=$CARGO_TARGET_DIR/failed/$target
    mkdir -p "$found" "$failed"
    log=$failed/log
    if [ -n "$seconds" ]; then
        how=("$found" "fuzz/seeds/$target" -max_total_time="$seconds")
    else
        seeds=(fuzz/seeds/"$target"/*) runs=50000
        # One input of these is read as every type there is, or unpacked into files.
        case $target in resources | archive) runs=2500 ;; esac
        how=("-seed_inputs=$(IFS=,; echo "${seeds[*]}")" -seed=1 -runs=$runs)
    fi
    "$CARGO_TARGET_DIR/$host/release/$target" "${how[@]}" -artifact_prefix="$failed/" \
        -max_len=4096 -timeout=10 -rss_limit_mb=2048 >"$log" 2>&1 ||
        { tail -n 40 "$log"; echo "fuzz: $target failed"; exit 1; }
    echo "fuzz: $target is fine: $(tail -n 1 "$log")"
done
