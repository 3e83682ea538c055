package main

import (
	"math"
	"math/rand/v2"
	"strings"
)

var scraps = []string{
	"a", "b", "Z", "0", "1", "7", "10", " ", "  ", ":", ": ", "#", " #", "-", "- ", "?", "? ", "!", "&", "*", "%", "@", "`", "'", "\"",
	",", "[", "]", "{", "}", "|", ">", "=", "~", "<<", "\\", "/", ".", "...", "---", "_", "+", "\n", "\n\n", "\t", "\r", "\u0000", "\u0007",
	"\u007f", "\u0085", "\u00a0", "\u2028", "\ufeff", "é", "日本", "😀", "true", "no", "Yes", "on", "null", "NaN", ".inf", "0x1F", "0o17", "1e3",
	"1_000", "12:30", "2001-01-01", "2024-01-02T03:04:05Z", "key: value", "- item", "long words of text, one after the other",
}

func randomText(r *rand.Rand) string {
	var b strings.Builder

	for range r.IntN(6) {
		b.WriteString(scraps[r.IntN(len(scraps))])
	}

	if r.IntN(40) == 0 {
		b.WriteString(strings.Repeat("wide ", 40))
	}

	return b.String()
}

func randomScalar(r *rand.Rand) any {
	switch r.IntN(8) {
	case 0:
		return r.IntN(2) == 0
	case 1:
		return nil
	case 2:
		return float64(r.IntN(2000) - 1000)
	case 3:
		return (r.Float64() - 0.5) * math.Pow(10, float64(r.IntN(60)-30))
	default:
		return randomText(r)
	}
}

func randomTree(r *rand.Rand, depth int) any {
	kind := r.IntN(3)
	if depth == 0 {
		kind = 2
	}

	switch kind {
	case 0:
		m := map[string]any{}
		for range r.IntN(5) {
			m[randomText(r)] = randomTree(r, depth-1)
		}

		return m
	case 1:
		list := []any{}
		for range r.IntN(4) {
			list = append(list, randomTree(r, depth-1))
		}

		return list
	default:
		return randomScalar(r)
	}
}

func randomValue(r *rand.Rand) map[string]any {
	return map[string]any{"value": randomTree(r, 4)}
}

// lines of a YAML text, to be put together and damaged.
var pieces = []string{
	"a: b", "- a", "- - b", "  c: d", "  - e", "? f", ": g", "a: |", "  text", "b: >-", "   more", "c: |2+", "'d e': \"f\\n\\x41\"", "\"", "'",
	"{a: b, c: [d, e: f]}", "[g, {h, i: }, ]", "j: [k", "  , l]", "&m n: *m", "- *m", "<<: *m", "!!str o: !p q", "!<tag:r> s", "--- t", "---", "...",
	"%YAML 1.1", "%TAG !u! tag:u:", "!u!v w", "# x", "\t# y", "z: # 1", "2: 3 # 4", "", "  ", "\t", "a: b: c", "k: v\r", "\ufeffa: b", "- ", "? ", ": ",
}

func randomLines(r *rand.Rand) map[string]any {
	var b strings.Builder

	for range r.IntN(7) {
		b.WriteString(pieces[r.IntN(len(pieces))] + "\n")
	}

	text := []rune(b.String())

	for range r.IntN(3) {
		at := r.IntN(len(text) + 1)
		cut := min(len(text), at+r.IntN(3))
		text = []rune(string(text[:at]) + scraps[r.IntN(len(scraps))] + string(text[cut:]))
	}

	return map[string]any{"text": string(text)}
}
