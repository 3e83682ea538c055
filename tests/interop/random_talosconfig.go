package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

func randomContext(r *rand.Rand) string {
	var b strings.Builder

	field := func(n int, format string, values ...string) {
		if r.IntN(n) == 0 {
			fmt.Fprintf(&b, "    "+format+"\n", pick(r, values))
		}
	}

	field(2, "endpoints: %s", "[10.0.0.1]", "[10.0.0.1, 'fd00::1', lb:50000]", "[]", "['', 1, 0x10, true]", "null")
	field(3, "nodes: %s", "[10.0.0.2]", "[a, b]", "[]")
	field(6, "target: %s", "10.0.0.9", "''", "5")
	field(3, "ca: %s", "aGVsbG8K", "''", "null")
	field(3, "crt: %s", "aGVsbG8K", "''")
	field(3, "key: %s", "aGVsbG8K", "''")
	field(8, "auth: %s", "{}", "{basic: {username: u, password: 1}}", "{siderov1: {identity: me@example.org}}", "null")
	field(6, "cluster: %s", "lab", "'yes'", "''")
	field(12, "unknown: %s", "1", "{a: b}")
	field(40, "endpoints: %s", "10.0.0.1", "{a: b}")

	if b.Len() == 0 {
		return "    {}\n"
	}

	return b.String()
}

func randomTalosconfig(r *rand.Rand, names []string) string {
	var b strings.Builder

	if r.IntN(8) > 0 {
		fmt.Fprintf(&b, "context: %s\n", pick(r, names))
	}

	if r.IntN(12) > 0 {
		b.WriteString("contexts:\n")

		for i, name := range names {
			if i == 0 || r.IntN(2) == 0 {
				fmt.Fprintf(&b, "  %s:\n%s", name, randomContext(r))
			}
		}
	}

	if b.Len() == 0 {
		return "{}\n"
	}

	return b.String()
}

func (b bundles) randomTalosconfigRequest(r *rand.Rand) map[string]any {
	switch r.IntN(3) {
	case 0:
		text := randomTalosconfig(r, []string{"a", "'true'", "a10", "a9", "'b: c'"})
		if r.IntN(10) == 0 {
			text = damage(r, text)
		}

		return map[string]any{"op": "parse", "config": text}
	case 1:
		// One clash at the most: Go walks a map, so the renames of two could depend on its order.
		return map[string]any{
			"op": "merge", "config": randomTalosconfig(r, []string{"a", "b", "a-1"}), "other": randomTalosconfig(r, []string{"a", "c", "d"}),
		}
	default:
		return map[string]any{
			"op": "issue", "secrets": pick(r, b), "context": pick(r, []string{"talos", "true", "a b"}),
			"endpoints": texts(r, 3, []string{"10.0.0.1", "fd00::1"})(), "now": "2026-11-22T12:00:00Z",
			"roles": pick(r, [][]string{{"os:admin"}, {"os:reader", "os:operator"}, {"os:nobody"}}), "ttl": pick(r, []string{"", "1h", "8760h", "soon"}),
		}
	}
}

// sameTalosconfigs compares text and renames; a new certificate and its key by their shape.
func sameTalosconfigs(request, here, there map[string]any) string {
	if request["op"] == "issue" {
		return sameContexts(request, here, there, "text")
	}

	if difference := sameTexts("text")(request, here, there); difference != "" {
		return difference
	}

	if a, b := fmt.Sprint(here["renames"]), fmt.Sprint(there["renames"]); a != b {
		return fmt.Sprintf("renames: go %s, rust %s", a, b)
	}

	return ""
}
