#!/usr/bin/env bash
# Holds this project against Go's Talos machinery, openssl, haproxy and the real openstack client.
# `run.sh [STEP…]` with the steps judge, schema, chains, stored, simulator, server, contract, openstack, balancer; all
# without one.
# INTEROP_SEED and INTEROP_CASES set the random input of `judge`, which is the same each time without: a change fails for
# what it changed. To look further, INTEROP_SEED=$RANDOM.
# INTEROP_KEEP=1 keeps the working folder.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
work=$(mktemp -d)
pids=()

finish() {
    local status=$?
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    if [ $status != 0 ] || [ -n "${INTEROP_KEEP:-}" ]; then
        echo "interop: files are kept in $work"
    else
        rm -rf "$work"
    fi
    exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM

say() { echo "interop: $*"; }
fail() { echo "interop: FAILED: $*" >&2; exit 1; }
# want TEXT COMMAND…: the command succeeds and prints TEXT (an extended regular expression) somewhere.
want() {
    local text=$1 out; shift
    out=$("$@" 2>"$work/stderr") || fail "$* $(printf '%s\n' "$out" | tail -n 3) $(tail -n 3 "$work/stderr")"
    grep -Eq -- "$text" <<<"$out" || fail "$*: no $text in: $(head -c 600 <<<"$out")"
}
# refuse TEXT COMMAND…: the command fails, and says TEXT in one line or more, on either stream.
refuse() {
    local text=$1 out; shift
    if out=$("$@" 2>&1); then fail "$*: should fail"; fi
    grep -Eq -- "$text" <<<"$out" || fail "$*: no $text in: $(head -c 600 <<<"$out")"
}
# await SECONDS COMMAND…: until the command succeeds.
await() {
    local deadline=$((SECONDS + $1)); shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $deadline ] || fail "waited too long for: $*"
        sleep 0.2
    done
}
json() { python3 -c 'import json,sys; d=json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }

target=$(cargo metadata --format-version 1 --no-deps | json 'd["target_directory"]')
built=
build() {
    [ -z "$built" ] || return 0
    built=1
    say "building"
    [ -z "$(gofmt -l "$here")" ] || fail "gofmt would change $(gofmt -l "$here")"
    (cd "$here" && go vet ./... && go build -o "$work/interop" .)
    cargo build --quiet --release --bin conformance --bin cluster_up --bin sim_cloud --bin machine --bin resources \
        --bin contract
    PATH=$work:$target/release:$PATH
}

# Random input through Go and through conformance.
judge() {
    local seed=${INTEROP_SEED:-1795374339}
    say "random input, seed $seed"
    interop compare -conformance "$target/release/conformance" -seed "$seed" -cases "${INTEROP_CASES:-500}" \
        -failures "$work/differences"
}

# What Go loads is valid by the JSON schema, and unknown keys are not.
schema() {
    local venv=${INTEROP_SCHEMA_VENV:-$target/jsonschema} folders=()
    if ! [ -x "$venv/bin/python" ]; then
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check jsonschema ruamel.yaml
    fi
    [ ! -d "$here/../../../shared/reference/golden/gen" ] || folders=("$here/../../../shared/reference/golden/gen")
    conformance schema >"$work/schema.json"
    interop samples -conformance "$target/release/conformance" -seed "${INTEROP_SEED:-1795374339}" -cases 300 >"$work/samples"
    "$venv/bin/python" "$here/schema.py" "$work/schema.json" "${folders[@]}" <"$work/samples" >"$work/schema.out" 2>&1 ||
        fail "schema: $(cat "$work/schema.out")"
    say "schema: $(cat "$work/schema.out")"
}

# Chains made here, for client and server use, before openssl and Go's crypto/x509.
chains() {
    local kind folder
    for kind in ed25519 p256 rsa4096; do
        folder=$work/pki-$kind
        cargo run --quiet --release -p talos-pki --example issue -- "$folder" "$kind"
        want 'client.crt: OK' openssl verify -x509_strict -purpose sslclient -CAfile "$folder/ca.crt" "$folder/client.crt"
        want 'server.crt: OK' openssl verify -x509_strict -purpose sslserver -CAfile "$folder/ca.crt" "$folder/server.crt"
        refuse 'error' openssl verify -purpose sslserver -CAfile "$folder/ca.crt" "$folder/client.crt"
        want 'os:admin' openssl req -verify -noout -subject -in "$folder/client.csr"
        [ "$(stat -c %a "$folder/client.key")" = 600 ] || fail "client.key can be read by others"
        python3 "$here/chains.py" "$folder" "$work/interop"
    done
    say "chains: accepted by openssl and Go"
}

# Go's client against the simulator that cluster_up keeps serving.
simulator() {
    local state=$work/state config endpoint node nodes
    cluster_up --name talos --state "$state" --keep >"$work/cluster_up.out" 2>"$work/cluster_up.err" &
    pids+=($!)
    config=$state/talos/talosconfig
    await 300 grep -Eq '^kubeconfig: +/' "$work/cluster_up.out"
    [ "$(stat -c %a "$config")" = 600 ] || fail "$config can be read by others"
    endpoint=$(context "$config" '["Endpoints"][0]')
    nodes=$(interop client -talosconfig "$config" -endpoint "$endpoint" cosi-list cluster Members.cluster.talos.dev |
        grep -Eo 'addresses:\\n +- [0-9.]+' | grep -Eo '[0-9.]+$' | tr '\n' ' ')
    [ "$(wc -w <<<"$nodes")" = 5 ] || fail "the cluster has other members than five: $nodes"
    for node in $nodes; do
        want '"tag":"v1\.' interop client -talosconfig "$config" -endpoint "$endpoint" -node "$node" version
        want '"id":"apid".*"healthy":true' interop client -talosconfig "$config" -endpoint "$endpoint" -node "$node" services
        want '"stage":"running"|stage: running' interop client -talosconfig "$config" -endpoint "$endpoint" -node "$node" \
            cosi-get runtime MachineStatuses.runtime.talos.dev machine
        want 'HostnameStatuses|NodeAddresses' interop client -talosconfig "$config" -endpoint "$endpoint" -node "$node" \
            cosi-list network NodeAddresses.net.talos.dev
    done
    node=${nodes%% *}
    local client=(interop client -talosconfig "$config" -endpoint "$endpoint" -node "$node")
    want '"results":5' "${client[@]}" cosi-list cluster Members.cluster.talos.dev
    want '"event":"Created"' "${client[@]}" cosi-watch cluster Members.cluster.talos.dev -bootstrap -count 5
    want '"bytes":[1-9]' "${client[@]}" logs machined -tail 5
    want 'client-certificate-data' "${client[@]}" kubeconfig
    want '"type":"talos/runtime/machine\.' "${client[@]}" events -tail 1 -count 1
    for node in $nodes; do
        want '"different":0' interop forms -talosconfig "$config" -endpoint "$endpoint" -node "$node"
    done
    node=${nodes%% *}
    want '"buckets":\["' interop snapshot-check -talosconfig "$config" -endpoint "$endpoint" -node "$node"
    refuse '"code":"NotFound"' "${client[@]}" cosi-get runtime MachineStatuses.runtime.talos.dev nothing
    refuse '"code":"(Unavailable|InvalidArgument|NotFound|Unknown)"' interop client -talosconfig "$config" -endpoint "$endpoint" \
        -node 127.255.255.1 -timeout 10s version
    say "simulator: Go's client reads all $(wc -w <<<"$nodes") nodes through one endpoint"
    drain "$state/talos/kubeconfig"
}

# kubectl, where there is one, empties a simulated node and takes it away.
drain() {
    if ! command -v kubectl >/dev/null; then
        say "simulator: there is no kubectl here, so nobody drains"
        return
    fi
    local kubectl=(kubectl --kubeconfig "$1" --cache-dir "$work/kubectl" --request-timeout 20s) node
    node=$("${kubectl[@]}" get nodes -l '!node-role.kubernetes.io/control-plane' -o name | tail -n 1)
    want 'Talos' "${kubectl[@]}" get nodes -o wide
    want 'kube-system +coredns' "${kubectl[@]}" get pods -A
    want 'created' "${kubectl[@]}" run bare --image=pause --overrides "{\"spec\":{\"nodeName\":\"${node#node/}\"}}"
    want 'created' "${kubectl[@]}" create poddisruptionbudget bare --selector run=bare --min-available 1
    refuse 'no controller' "${kubectl[@]}" drain "$node" --ignore-daemonsets
    refuse 'disruption budget|DisruptionBudget' "${kubectl[@]}" drain "$node" --ignore-daemonsets --force --timeout 1s
    want 'deleted' "${kubectl[@]}" delete poddisruptionbudget bare
    want 'drained' "${kubectl[@]}" drain "$node" --ignore-daemonsets --force --timeout 60s
    want 'SchedulingDisabled' "${kubectl[@]}" get "$node"
    want 'uncordoned' "${kubectl[@]}" uncordon "$node"
    want 'deleted' "${kubectl[@]}" delete "$node"
    refuse 'NotFound' "${kubectl[@]}" get "$node"
    say "simulator: kubectl drains a node, waits for a disruption budget, and takes the node away"
}

# context FILE PART: a part of the current context of a talosconfig, as Go reads it.
context() {
    python3 -c 'import json,sys; print(json.dumps({"op":"parse","config":open(sys.argv[1]).read()}))' "$1" |
        interop talosconfig | json "(lambda c: c['Contexts'][c['Context']]$2)(d['config'])"
}

# What a bring-up stored is what Go generates from the same bundle, patches and options.
stored() {
    local all=$here/patches/all.yaml control_plane=$here/patches/control-plane.yaml worker=$here/patches/worker.yaml
    local seed=$here/../../../shared/seed role
    if [ -d "$seed" ]; then
        all=$seed/cluster.yaml control_plane=$seed/patch-controlplane.yaml worker=$seed/patch-worker.yaml
    fi
    cluster_up --name stored --state "$work/bring-up" --output json --talos-version v1.9.4 --kubernetes-version 1.30.4 \
        --config-patch "@$all" --config-patch-control-plane "@$control_plane" --config-patch-worker "@$worker" \
        >"$work/report.json" 2>"$work/stderr" || fail "cluster_up: $(tail -n 3 "$work/stderr")"
    python3 "$here/stored.py" "$work/report.json" "$work/bring-up/stored" "$all" "$control_plane" "$worker" |
        interop gen >"$work/generated.json"
    for role in controlplane worker; do
        json "d['$role']" <"$work/generated.json" >"$work/go.$role.yaml"
        # `json` ends its output with a line break of its own.
        printf '\n' | cat "$work/bring-up/stored/$role.yaml" - | cmp - "$work/go.$role.yaml" || fail "$role.yaml is not what Go generates"
    done
    say "stored: both configurations equal Go's"
}

# Our programs and our client against Go's server.
server() {
    local address
    mkfifo "$work/control"
    interop serve <"$work/control" >"$work/serve.out" &
    pids+=($!)
    exec 9>"$work/control"
    await 20 test -s "$work/serve.out"
    head -n 1 "$work/serve.out" | json 'd["talosconfig"]' >"$work/go.talosconfig"
    address=$(head -n 1 "$work/serve.out" | json 'd["address"]')
    chmod 600 "$work/go.talosconfig"
    want 'v1\.13\.9' machine version --talosconfig "$work/go.talosconfig" -e "$address" -n node-1
    want 'apid' machine services --talosconfig "$work/go.talosconfig" -e "$address" -n node-1
    want 'apid: line 99' machine logs apid --tail 3 --talosconfig "$work/go.talosconfig" -e "$address" -n node-1
    want 'running' resources get machinestatus --talosconfig "$work/go.talosconfig" -e "$address" -n node-1
    export TALOS_INTEROP=$work/interop RUST_BACKTRACE=0
    cargo test --quiet --workspace --test go_server >"$work/go_server.out" 2>&1 ||
        fail "go_server: $(tail -n 20 "$work/go_server.out")"
    cargo test --quiet --workspace --features talos-client/siderov1 --test transport siderov1 >"$work/siderov1.out" 2>&1 ||
        fail "siderov1: $(tail -n 20 "$work/siderov1.out")"
    by_address
    say "server: our client reads Go's server, and what it signs is accepted as Omni does it"
}

# The contract suite at Go's server, one of them in maintenance mode. What that server lacks is listed and not passed, so
# the number of cases that pass must not fall.
by_address() {
    local kind words
    for kind in machine maintenance; do
        words=()
        [ $kind = machine ] || words=(-maintenance)
        mkfifo "$work/$kind.control"
        interop serve "${words[@]}" <"$work/$kind.control" >"$work/$kind.out" &
        pids+=($!)
    done
    exec 7>"$work/machine.control" 8>"$work/maintenance.control"
    for kind in machine maintenance; do await 20 test -s "$work/$kind.out"; done
    head -n 1 "$work/machine.out" | json 'd["talosconfig"]' >"$work/machine.talosconfig"
    "$target/release/contract" at "$work/machine.talosconfig" 390 \
        "$(head -n 1 "$work/maintenance.out" | json 'd["address"]')" >"$work/by_address.out" 2>&1 ||
        fail "by address: $(grep -E 'FAILED|cases:' "$work/by_address.out" | tail -n 20)"
    say "server: contract suite: $(tail -n 1 "$work/by_address.out")"
}

# Every case of the contract suite that Go's client has a command for, on simulated machines of each version.
contract() {
    local line
    "$target/release/contract" go "$work/interop" "$work/contract" >"$work/contract.out" 2>&1 || fail "contract: $(tail -n 20 "$work/contract.out")"
    while read -r line; do say "contract: $line"; done <"$work/contract.out"
}

# The real openstack client against sim_cloud.
openstack() {
    local venv=${INTEROP_VENV:-$target/openstackclient}
    if ! [ -x "$venv/bin/openstack" ]; then
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check python-openstackclient
    fi
    mkdir -p "$work/cloud"
    sim_cloud --dir "$work/cloud" >"$work/sim_cloud.out" 2>&1 &
    pids+=($!)
    await 60 test -s "$work/cloud/clouds.yaml"
    export OS_CLIENT_CONFIG_FILE=$work/cloud/clouds.yaml OS_CLOUD=sim
    await 60 "$venv/bin/openstack" token issue
    cluster_up --name real --cloud sim --control-planes 1 --workers 1 --state "$work/real" >"$work/real.out" 2>&1 ||
        fail "cluster_up --cloud sim: $(tail -n 3 "$work/real.out")"
    local list
    list() { "$venv/bin/openstack" "$@" -f json; }
    [ "$(list image list | json 'len(d)')" = 1 ] || fail "not one image"
    [ "$(list server list | json 'sorted(s["Status"] for s in d)')" = "['ACTIVE', 'ACTIVE']" ] || fail "not two active servers"
    [ "$(list port list | json 'len(d) >= 2')" = True ] || fail "fewer than two ports"
    want 'active' list image show "$(list image list | json 'd[0]["ID"]')"
    want 'ACTIVE' list server show "$(list server list | json 'd[0]["ID"]')"
    want 'fixed_ips' list port show "$(list port list | json 'd[0]["ID"]')"
    say "openstack: the real client lists image, servers and ports"
}

# The HAProxy configuration that cluster_up wrote, checked by haproxy, and driven once in front of the simulated nodes.
balancer() {
    local written=$work/state/talos/haproxy.cfg ports api kubernetes node
    [ -f "$written" ] || simulator
    haproxy -c -f "$written" >"$work/haproxy.check" 2>&1 || fail "haproxy -c: $(tail -n 3 "$work/haproxy.check")"
    ports=$(python3 "$here/rebind.py" "$written" "$work/haproxy.cfg")
    api=$(json 'd["50000"]' <<<"$ports")
    kubernetes=$(json 'd["6443"]' <<<"$ports")
    haproxy -db -f "$work/haproxy.cfg" >"$work/haproxy.out" 2>&1 &
    pids+=($!)
    await 30 curl --silent --insecure --output /dev/null "https://127.0.0.1:$kubernetes/version"
    for node in 1 2 3 4 5 6; do
        want '^401$' curl --silent --insecure --output /dev/null --write-out '%{http_code}\n' "https://127.0.0.1:$kubernetes/version"
        want '"tag":"v1\.' interop client -talosconfig "$work/state/talos/talosconfig" -endpoint "127.0.0.1:$api" version
    done
    [ "$(grep -Eo 'talos/[a-z0-9-]*control-plane-[0-9]' "$work/haproxy.out" | sort -u | wc -l)" -gt 1 ] ||
        fail "haproxy sends all calls to one node"
    say "balancer: haproxy takes the configuration and balances with it"
}

steps=("$@")
[ ${#steps[@]} -gt 0 ] || steps=(judge schema chains stored simulator server contract openstack balancer)
build
for name in "${steps[@]}"; do "$name"; done
say "all good: ${steps[*]}"
