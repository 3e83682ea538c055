package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// celRandom writes random CEL: of the type that is asked for most of the time, and sometimes damaged.
type celRandom struct {
	r           *rand.Rand
	environment string
	// variables of macros that are open, by type.
	variables []celVariable
}

type celVariable struct{ name, of string }

var celAtoms = map[string]map[string][]string{
	"disk": {
		"bool":         {"system_disk", "disk.rotational", "disk.readonly", "disk.cdrom"},
		"uint":         {"disk.size", "disk.io_size", "disk.sector_size", "GiB", "TB", "kB"},
		"string":       {"disk.dev_path", "disk.model", "disk.transport", "disk.serial", "disk.wwid"},
		"list(string)": {"disk.symlinks", "disk.secondary_disks"},
		"message":      {"disk"},
	},
	"volume": {
		"uint":         {"volume.size", "volume.partition_index", "disk.size", "MiB", "volume.offset"},
		"string":       {"volume.label", "volume.name", "volume.uuid", "volume.partition_label", "disk.transport"},
		"bool":         {"disk.rotational"},
		"list(string)": {"disk.symlinks"},
		"message":      {"disk", "volume"},
	},
	"link": {
		"string":       {"link.driver", "link.kind", "link.bus_path", "link.alias", "mac(link.hardware_addr)", "mac(link.permanent_addr)"},
		"bytes":        {"link.hardware_addr", "link.permanent_addr"},
		"uint":         {"link.mtu", "link.index", "link.flags"},
		"int":          {"link.type", "link.speed_megabits", "link.operational_state"},
		"bool":         {"link.link_state", "link.bridge_master.stp.enabled"},
		"list(string)": {"link.alt_names"},
		"message":      {"link", "link.vlan", "link.bond_master", "link.wireguard"},
	},
	"trigger": {
		"double": {
			"memory_some_avg10", "d_memory_full_total", "qos_memory_some_avg10[System]", "d_qos_memory_peak[1]",
			"multiply_qos_vectors(qos_memory_max, {System: 1.0})", "qos_memory_current[Besteffort]",
		},
		"duration":         {"time_since_trigger"},
		"int":              {"System", "Burstable"},
		"uint":             {"GiB"},
		"map(int, double)": {"qos_memory_current", "d_qos_memory_full_avg10"},
		"optional(double)": {"qos_memory_current[?1]", "optional.of(1.5)"},
	},
	"scoring": {
		"optional(uint)": {"memory_max", "memory_current", "memory_peak", "optional.of(1u)", "optional.none()"},
		"uint":           {"memory_max.value()", "memory_current.orValue(0u)", "memory_max.or(memory_peak).orValue(1u)"},
		"string":         {"path"},
		"int":            {"class", "Guaranteed"},
	},
}

var celLiterals = map[string][]string{
	"bool":             {"true", "false"},
	"int":              {"0", "1", "-5", "0x1F", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "- 3", "--2", "007"},
	"uint":             {"0u", "100u", "0xFFu", "18446744073709551615u", "18446744073709551616u", "3U"},
	"double":           {"1.0", ".5", "1e3", "-2.5e-3", "1e400", "1.", "0.0"},
	"string":           {`"a"`, `'b'`, `"""c"""`, `r'\d'`, `''`, `"\n\x41\u00e9"`, `"\ud800"`, `'\q'`, `"é"`, `'''x'y'''`, `"\101"`, `"\8"`},
	"bytes":            {`b'x'`, `b"\377"`, `br'\'`, `B"""z"""`, `b'\u0041'`},
	"null":             {"null"},
	"duration":         {"duration('1h')", "duration(5)"},
	"timestamp":        {"timestamp('2026-01-01T00:00:00Z')", "timestamp(0)"},
	"dyn":              {"dyn(1)", "dyn('x')", "dyn([])", "[1, 'a'][0]", "{'a': 1, 'b': 'c'}.a"},
	"list(string)":     {"['a', 'b']", "[]", "[,]", "['a',]"},
	"list(int)":        {"[1, 2]", "[]", "[1][0:1]"},
	"list(uint)":       {"[1u]", "[GiB]"},
	"map(string, int)": {"{'a': 1}", "{}", "{'a': 1,}", "{,}"},
	"map(int, double)": {"{1: 1.0}", "{System: 0.5, 2: 1.0}"},
	"message": {
		"google.protobuf.Duration{seconds: 1}", "google.protobuf.Int64Value{value: 1}", "google.protobuf.Struct{}",
		"google.protobuf.Value{bool_value: true}", "google.protobuf.Any{}", "google.protobuf.Empty{}",
		"google.protobuf.BoolValue{value: true}", "google.protobuf.FloatValue{value: 1.0}", "list{}", "null_type{}", "map{}",
		"talos.resource.definitions.block.DiskSpec{size: 1u}", "talos.resource.definitions.network.VLANSpec{}", "bool{}",
		"google.protobuf.ListValue{values: [1]}", "google.protobuf.NullValue{}", "google.protobuf.Timestamp{nanos: 1u}",
	},
	"type": {"int", "type(1)", "list", "google.protobuf.Duration", "type", "null_type", "optional_type"},
	"odd": {
		"google.protobuf.NullValue.NULL_VALUE", ".system_disk", ".disk.size", "unknown", "disk.unknown", "disk.a.b", "foo()",
		"volume", "link", "disk", "has(disk)", "has(disk.size)", "has(has(disk.size))", "a.?b", "for", "disk.`size`", "as", "disk.in",
		"x.__result__", "[1].all(__result__, true)", "[1].all(x.y, true)", "optional.of", "optional.none().x", "{?'a': optional.of(1)}",
		"[?optional.of(1)]", "size", "@result", "1 = 1", "a & b", "in", "google.protobuf.NullValue", "memory_max.?a", "_in_(1, [1])",
		"__not_strictly_false__(true)", "disk.getHours()", "optional.hasValue()", "[1].all(.x, .x > 0)", "[1].map(.x, 1)", "a.b.c.d{}",
		"[1].existsOne(x, x > 0)", "disk.?size", "[[]].map(x, x)", "[].map(x, [x])", "[{}, {'a': 1}]", "[[], [1]]", "[1, null]", "[disk, null]",
	},
}

var celTypes = []string{
	"bool", "int", "uint", "double", "string", "bytes", "null", "duration", "timestamp", "dyn", "list(string)", "list(int)",
	"list(uint)", "map(string, int)", "map(int, double)", "message", "type", "odd", "optional(uint)", "optional(double)",
}

func (c *celRandom) pick(from []string) string { return from[c.r.IntN(len(from))] }

func (c *celRandom) atom(of string) string {
	if c.r.IntN(3) == 0 {
		for _, v := range slices.Backward(c.variables) {
			if v.of == of || c.r.IntN(8) == 0 {
				return v.name
			}
		}
	}

	own := celAtoms[c.environment][of]
	if len(own) > 0 && c.r.IntN(3) > 0 {
		return c.pick(own)
	}

	if common := celLiterals[of]; len(common) > 0 {
		return c.pick(common)
	}

	if len(own) > 0 {
		return c.pick(own)
	}

	all := slices.Sorted(maps.Keys(celLiterals))

	return c.pick(celLiterals[c.pick(all)])
}

func (c *celRandom) numeric() string { return c.pick([]string{"int", "uint", "double"}) }

// of writes an expression of a type, or of another now and then.
func (c *celRandom) of(want string, depth int) string {
	if c.r.IntN(40) == 0 {
		want = c.pick(celTypes)
	}

	if depth <= 0 || c.r.IntN(6) == 0 {
		return c.atom(want)
	}

	sub := func(of string) string { return c.of(of, depth-1-c.r.IntN(2)) }

	switch c.r.IntN(12) {
	case 0:
		return "(" + sub(want) + ")"
	case 1:
		return fmt.Sprintf("%s ? %s : %s", sub("bool"), sub(want), sub(want))
	case 2:
		return fmt.Sprintf("[%s, %s][%s]", sub(want), sub(want), sub("int"))
	case 3:
		return fmt.Sprintf("{%s: %s}[%s]", sub("string"), sub(want), sub("string"))
	case 4:
		if c.environment == "trigger" || c.environment == "scoring" {
			return c.optional(want, sub)
		}
	}

	switch want {
	case "bool":
		return c.boolean(sub)
	case "int", "uint", "double":
		return c.number(want, sub)
	case "string":
		return c.pick([]string{
			sub("string") + " + " + sub("string"), "string(" + sub(c.numeric()) + ")", "string(" + sub("bytes") + ")",
			"{1: " + sub("string") + "}[1]", "mac(" + sub("bytes") + ")",
		})
	case "list(string)":
		return c.pick([]string{
			c.fold("map", sub("list(int)"), "int", "string", depth), c.fold("filter", sub("list(string)"), "string", "bool", depth),
			sub("list(string)") + " + " + sub("list(string)"), "[" + sub("string") + ", " + sub("string") + "]",
		})
	case "list(int)", "list(uint)":
		of := want[5 : len(want)-1]

		return c.pick([]string{
			c.fold("map", sub("list(string)"), "string", of, depth), "[" + sub(of) + "]", sub(want) + " + " + sub(want),
			c.fold("map", sub("map(string, int)"), "string", "bool, "+sub(of), depth),
		})
	case "timestamp":
		return c.pick([]string{sub("timestamp") + " + " + sub("duration"), sub("duration") + " + " + sub("timestamp"), sub("timestamp") + " - " + sub("duration")})
	case "duration":
		return c.pick([]string{sub("timestamp") + " - " + sub("timestamp"), sub("duration") + " + " + sub("duration"), "duration(" + sub("string") + ")"})
	case "dyn":
		return c.pick([]string{"dyn(" + sub(c.pick(celTypes)) + ")", sub("dyn") + ".field", sub("dyn") + "[" + sub("int") + "]", sub("dyn") + " + " + sub("int")})
	case "type":
		return "type(" + sub(c.pick(celTypes)) + ")"
	}

	return c.atom(want)
}

func (c *celRandom) boolean(sub func(string) string) string {
	switch c.r.IntN(12) {
	case 0, 1:
		return sub("bool") + c.pick([]string{" && ", " || "}) + sub("bool")
	case 2:
		return c.pick([]string{"!", "!!", "!"}) + sub("bool")
	case 3, 4:
		of := c.pick([]string{"int", "uint", "double", "string", "bool", "bytes", "duration", "timestamp", "dyn"})
		other := of

		if c.r.IntN(4) == 0 {
			other = c.numeric()
		}

		return sub(of) + c.pick([]string{" < ", " <= ", " > ", ">="}) + sub(other)
	case 5:
		of := c.pick(celTypes)

		return sub(of) + c.pick([]string{" == ", " != "}) + sub(of)
	case 6:
		return c.pick([]string{
			sub("string") + " in " + sub("list(string)"), sub("string") + " in " + sub("map(string, int)"), sub("int") + " in " + sub("list(int)"),
		})
	case 7:
		return sub("string") + c.pick([]string{".startsWith(", ".endsWith(", ".contains(", ".matches("}) + sub("string") + ")"
	case 8:
		of := c.pick([]string{"string", "int", "uint"})

		return c.fold(c.pick([]string{"all", "exists", "exists_one"}), sub("list("+of+")"), of, "bool", 2)
	case 9:
		return "glob(" + sub("string") + ", " + sub("string") + ")"
	case 10:
		return c.pick([]string{"has(" + sub("message") + ".size)", "has({'a': 1}.a)", "has(" + sub("map(string, int)") + ".b)", "matches(" + sub("string") + ", 'x')", "bool(" + sub("string") + ")"})
	default:
		return c.fold("exists", sub("map(string, int)"), "string", "bool", 2)
	}
}

func (c *celRandom) number(of string, sub func(string) string) string {
	switch c.r.IntN(7) {
	case 0, 1, 2:
		return sub(of) + c.pick([]string{" + ", "-", " * ", " / ", " % ", " - "}) + sub(of)
	case 3:
		return of + "(" + sub(c.pick([]string{"int", "uint", "double", "string"})) + ")"
	case 4:
		return "-" + sub(of)
	case 5:
		return c.pick([]string{"size(" + sub("list(string)") + ")", sub("string") + ".size()", sub("map(string, int)") + ".size()", sub("bytes") + ".size()"})
	default:
		return c.pick([]string{
			sub("timestamp") + ".getHours()", sub("duration") + ".getSeconds()", sub("timestamp") + ".getDate(" + sub("string") + ")",
			sub("map(int, double)") + "[1]", sub("list("+of+")") + "[0]",
		})
	}
}

func (c *celRandom) optional(want string, sub func(string) string) string {
	return c.pick([]string{
		"optional.of(" + sub(want) + ").value()", "[" + sub(want) + "][?0].orValue(" + sub(want) + ")", "{'a': " + sub(want) + "}.?a.value()",
		"[" + sub(want) + "].first().value()", "optional.of(" + sub("int") + ").optMap(o, " + sub(want) + ").value()",
		"optional.of(" + sub("uint") + ").optFlatMap(o, optional.of(" + sub(want) + ")).orValue(" + sub(want) + ")",
		"optional.unwrap([optional.of(" + sub(want) + ")])[0]", "[?optional.of(" + sub(want) + ")][0]", "{?'k': optional.of(" + sub(want) + ")}.k",
		"[optional.none(), optional.of(" + sub(want) + ")].unwrapOpt().last().or(optional.none()).value()",
	})
}

// fold writes a macro whose variable has type of, over what gives want.
func (c *celRandom) fold(name, over, of, want string, depth int) string {
	variable := c.pick([]string{"x", "y", "disk", "x", "z"})
	c.variables = append(c.variables, celVariable{variable, of})

	parts := strings.SplitN(want, ", ", 2)
	body := c.of(parts[0], depth-1)

	if len(parts) > 1 {
		body += ", " + parts[1]
	}

	c.variables = c.variables[:len(c.variables)-1]

	return fmt.Sprintf("%s.%s(%s, %s)", over, name, variable, body)
}

// damage deletes, doubles or inserts a piece.
func (c *celRandom) damage(text string) string {
	if text == "" {
		return text
	}

	at := c.r.IntN(len(text))
	end := min(len(text), at+1+c.r.IntN(3))

	switch c.r.IntN(3) {
	case 0:
		return text[:at] + text[end:]
	case 1:
		return text[:end] + text[at:]
	default:
		return text[:at] + c.pick([]string{"(", ")", ".", "?", "'", "\"", " ", "1", "u", "-", "!", "[", "]", "{", "}", ",", ":", "//", "\n", "\\", "é", "\t", "x"}) + text[at:]
	}
}

// randomCEL makes one request.
func randomCEL(r *rand.Rand) map[string]any {
	c := &celRandom{r: r, environment: []string{"disk", "volume", "link", "trigger", "scoring"}[r.IntN(5)]}

	want := "bool"
	if c.environment == "scoring" {
		want = "double"
	}

	text := c.of(want, 1+r.IntN(5))

	for r.IntN(4) == 0 {
		text = c.damage(text)
	}

	return map[string]any{"environment": c.environment, "expression": strings.ToValidUTF8(text, "?")}
}
