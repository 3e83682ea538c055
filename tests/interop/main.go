// Command interop holds this project against Talos' own Go packages: it answers the same questions as the program
// `conformance`, compares both on random input, and is the Go side of client and server tests.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

const usage = `usage: interop <command> [flags]

JSON lines on stdin, one JSON line per request on stdout:
  gen                 machine configs and talosconfig
  secrets             new secrets bundle (with -contract: one bundle as YAML, no stdin)
  bundle-from-config  secrets bundle of a control plane config
  patch               machineconfig patch
  validate            whether Talos takes a configuration
  load                parse a config, print its documents and re-encoded text
  redact              a config with ****** for its secrets
  yaml                yaml.Marshal of a JSON value
  read                trees of the documents of a YAML text
  talosconfig         parse, merge, issue
  cert                X.509 facts, chain verification
  siderov1            keys that sign calls, and whether a signed call is accepted
  cel                 whether Talos takes a CEL expression in an environment
  cel-verdicts        which environments take a CEL expression

network (loopback):
  serve               Talos API server
  client              Talos API client

measure:
  bench               one operation on the input of benches/run.sh, again and again
  bench-network       one operation of the client, again and again

judge:
  compare             random input through this program and through conformance
  samples             random configurations, each with what Go's loader says
  forms               whether protobuf and YAML of all resources of a machine say the same
  snapshot-check      whether bbolt takes every page of a snapshot of etcd
`

func main() {
	commands := map[string]func([]string) error{
		"gen":                func([]string) error { return lines(gen) },
		"secrets":            newSecrets,
		"bundle-from-config": func([]string) error { return lines(bundleFromConfig) },
		"patch":              func([]string) error { return lines(patch) },
		"validate":           func([]string) error { return lines(validate) },
		"load":               func([]string) error { return lines(load) },
		"redact":             func([]string) error { return lines(redact) },
		"yaml":               func([]string) error { return lines(marshalYAML) },
		"read":               func([]string) error { return lines(readYAML) },
		"talosconfig":        func([]string) error { return lines(talosconfig) },
		"cert":               func([]string) error { return lines(cert) },
		"siderov1":           func([]string) error { return lines(siderov1) },
		"cel":                func([]string) error { return lines(checkCEL) },
		"cel-verdicts":       func([]string) error { return lines(recordCEL) },
		"serve":              serve,
		"client":             runClient,
		"bench":              bench,
		"bench-network":      benchNetwork,
		"compare":            compare,
		"samples":            samples,
		"forms":              checkForms,
		"snapshot-check":     snapshotCheck,
	}

	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}

	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		if !errors.Is(err, errReported) {
			fmt.Fprintln(os.Stderr, "interop:", err)
		}

		os.Exit(1)
	}
}

// errReported says that the failure was already printed as JSON.
var errReported = errors.New("reported")

// lines answers every JSON line of stdin with one JSON line.
func lines[In, Out any](answer func(In) Out) error {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)

	for {
		line, readErr := in.ReadBytes('\n')

		if len(bytes.TrimSpace(line)) > 0 {
			writeLine(out, answerLine(line, answer))

			// Keep an interactive driver going, batch otherwise.
			if in.Buffered() == 0 {
				if err := out.Flush(); err != nil {
					return err
				}
			}
		}

		if errors.Is(readErr, io.EOF) {
			return out.Flush()
		}

		if readErr != nil {
			return readErr
		}
	}
}

func answerLine[In, Out any](line []byte, answer func(In) Out) (out any) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintf(os.Stderr, "panic: %v\n%s", r, debug.Stack())

			out = map[string]any{"error": fmt.Sprintf("panic: %v", r), "panic": true}
		}
	}()

	var in In

	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()

	if err := dec.Decode(&in); err != nil {
		return map[string]any{"error": "bad request: " + err.Error(), "bad_request": true}
	}

	return answer(in)
}

func writeLine(w io.Writer, v any) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)

	if err := enc.Encode(v); err != nil {
		fmt.Fprintf(w, "{\"error\":%q}\n", err.Error())
	}
}

func orDefault[T any](p *T, def T) T {
	if p == nil {
		return def
	}

	return *p
}

func errText(err error) string {
	if err == nil {
		return ""
	}

	return err.Error()
}
