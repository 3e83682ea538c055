#!/usr/bin/env bash
# Runs every fuzz target for some seconds from its seeds: `run.sh [SECONDS [TARGET…]]`. Works on stable Rust, without
# sanitizers; needs a C++ compiler. The seed is fixed, so that a first run can be had again; what was found to be new, and
# inputs that fail, stay beside the build, and the next run starts from there.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-5}
targets=("${@:2}")
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
    corpus=$CARGO_TARGET_DIR/corpus/$target failed=$CARGO_TARGET_DIR/failed/$target
    mkdir -p "$corpus" "$failed"
    log=$failed/log
    "$CARGO_TARGET_DIR/$host/release/$target" "$corpus" "fuzz/seeds/$target" -artifact_prefix="$failed/" \
        -seed=1 -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 >"$log" 2>&1 ||
        { tail -n 40 "$log"; echo "fuzz: $target failed"; exit 1; }
    echo "fuzz: $target is fine: $(tail -n 1 "$log")"
done
