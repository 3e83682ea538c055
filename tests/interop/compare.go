package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// suite compares one command of both programs.
type suite struct {
	name string
	// request makes one case.
	request func(*rand.Rand) map[string]any
	// answer is this program's.
	answer func(line []byte) any
	// same says in what two good answers differ, "" for nothing.
	same func(request, here, there map[string]any) string
}

// compare feeds random cases to this program and to conformance and fails if an answer differs without an excuse.
func compare(args []string) error {
	flags := flag.NewFlagSet("compare", flag.ExitOnError)
	path := flags.String("conformance", "", "path of the program conformance")
	seed := flags.Uint64("seed", uint64(time.Now().Unix()), "seed of all cases")
	cases := flags.Int("cases", 300, "cases of each suite; secrets takes a tenth, validate twice as many")
	only := flags.Int("only", -1, "this case alone")
	failures := flags.String("failures", "", "folder for the requests and answers that differ")

	if err := flags.Parse(args); err != nil {
		return err
	}

	suites, err := compareSuites(*path)
	if err != nil {
		return err
	}

	failed := 0

	for _, s := range suites {
		if flags.NArg() > 0 && !slices.Contains(flags.Args(), s.name) {
			continue
		}

		run := &comparison{suite: s, path: *path, seed: *seed, failures: *failures, excused: map[string]int{}}

		if err := run.all(*cases, *only); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}

		failed += run.different
	}

	if failed > 0 {
		return fmt.Errorf("%d differences; repeat with -seed %d", failed, *seed)
	}

	return nil
}

type comparison struct {
	suite    suite
	path     string
	seed     uint64
	failures string

	same, errors, different int
	excused                 map[string]int
}

func (c *comparison) all(cases, only int) error {
	peer, err := startPeer(c.path, c.suite.name)
	if err != nil {
		return err
	}

	defer peer.stop()

	switch c.suite.name {
	case "secrets":
		cases = max(1, cases/10)
	case "validate":
		// It is quick, and there are many rules.
		cases *= 2
	}

	for i := range cases {
		if only >= 0 && i != only {
			continue
		}

		// A case depends on its own number only, so that it can be repeated alone.
		request := c.suite.request(rand.New(rand.NewPCG(c.seed, uint64(i))))

		line, err := json.Marshal(request)
		if err != nil {
			return err
		}

		here, err := reencode(c.suite.answer(line))
		if err != nil {
			return err
		}

		there, err := peer.ask(line)
		if err != nil {
			return fmt.Errorf("case %d: %w", i, err)
		}

		c.judge(i, request, here, there)
	}

	fmt.Printf("%s: %d same (%d of them refused by both), %d different, seed %d\n", c.suite.name, c.same, c.errors, c.different, c.seed)

	for reason, count := range c.excused {
		fmt.Printf("%s: %d excused: %s\n", c.suite.name, count, reason)
	}

	return nil
}

func (c *comparison) judge(number int, request, here, there map[string]any) {
	ours, _ := there["error"].(string)
	theirs, _ := here["error"].(string)

	var difference string

	switch {
	case there["bad_request"] == true || here["bad_request"] == true:
		difference = fmt.Sprintf("bad request: go %q, rust %q", theirs, ours)
	case (ours == "") != (theirs == ""):
		difference = fmt.Sprintf("go error %q, rust error %q", theirs, ours)
	case ours == "":
		difference = c.suite.same(request, here, there)
	default:
		c.errors++
	}

	if difference == "" {
		c.same++

		return
	}

	if reason := excuse(c.suite.name, here, there); reason != "" {
		c.excused[reason]++

		return
	}

	c.different++

	fmt.Printf("%s case %d: %s\n", c.suite.name, number, difference)

	if c.failures != "" {
		c.keep(number, map[string]any{"request": request, "go": here, "rust": there})
	}
}

func (c *comparison) keep(number int, facts map[string]any) {
	text, err := json.MarshalIndent(facts, "", "  ")
	if err == nil {
		err = os.MkdirAll(c.failures, 0o755)
	}

	if err == nil {
		err = os.WriteFile(filepath.Join(c.failures, fmt.Sprintf("%s-%d-%d.json", c.suite.name, c.seed, number)), text, 0o600)
	}

	if err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
	}
}

// conformance is the other program, answering one line for each line.
type conformance struct {
	process *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
}

func startPeer(path, command string) (*conformance, error) {
	process := exec.Command(path, command)
	process.Stderr = os.Stderr

	in, err := process.StdinPipe()
	if err != nil {
		return nil, err
	}

	out, err := process.StdoutPipe()
	if err != nil {
		return nil, err
	}

	return &conformance{process, in, bufio.NewReaderSize(out, 1<<20)}, process.Start()
}

func (p *conformance) ask(line []byte) (map[string]any, error) {
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		return nil, fmt.Errorf("conformance is gone: %w", err)
	}

	// A program that hangs must not hang the judge; the kill makes the read end.
	timer := time.AfterFunc(time.Minute, func() { p.process.Process.Kill() }) //nolint:errcheck
	defer timer.Stop()

	text, err := p.out.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("no answer from conformance: %w", err)
	}

	var answer map[string]any

	return answer, json.Unmarshal(text, &answer)
}

func (p *conformance) stop() {
	p.in.Close()     //nolint:errcheck
	p.process.Wait() //nolint:errcheck
}

// reencode gives an answer the shape it has on the wire.
func reencode(answer any) (map[string]any, error) {
	text, err := json.Marshal(answer)
	if err != nil {
		return nil, err
	}

	var out map[string]any

	return out, json.Unmarshal(text, &out)
}

// sameTexts compares the named fields as text.
func sameTexts(fields ...string) func(_, here, there map[string]any) string {
	return func(_, here, there map[string]any) string {
		for _, field := range fields {
			want, _ := here[field].(string)
			got, _ := there[field].(string)

			if want != got {
				return field + " " + firstDifference(want, got)
			}
		}

		return ""
	}
}

func sameDocuments(request, here, there map[string]any) string {
	if a, b := fmt.Sprint(here["documents"]), fmt.Sprint(there["documents"]); a != b {
		return fmt.Sprintf("documents: go %s, rust %s", a, b)
	}

	return sameTexts("text")(request, here, there)
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")

	for i := range max(len(w), len(g)) {
		a, b := "(end)", "(end)"
		if i < len(w) {
			a = w[i]
		}

		if i < len(g) {
			b = g[i]
		}

		if a != b {
			return fmt.Sprintf("line %d: go %.200q, rust %.200q", i+1, a, b)
		}
	}

	return "nothing"
}

var errNoBundle = errors.New("conformance made no bundle")

func compareSuites(path string) ([]suite, error) {
	bundles, err := bundlePool(path)
	if err != nil {
		return nil, err
	}

	return []suite{
		{"yaml", randomValue, answering(marshalYAML), sameTexts("text")},
		{"read", randomLines, answering(readYAML), sameTexts("tree")},
		{"secrets", randomSecretsRequest, answering(answerSecrets), sameSecrets},
		{"gen", bundles.randomGenRequest, answering(gen), sameGenerated},
		{"bundle-from-config", bundles.randomBundleRequest, answering(bundleFromConfig), sameTexts("secrets")},
		{"patch", bundles.randomPatchRequest, answering(patch), sameTexts("out")},
		{"validate", bundles.randomValidateRequest, answering(validate), sameVerdict},
		{"load", bundles.randomLoadRequest, answering(load), sameDocuments},
		{"redact", bundles.randomRedactRequest, answering(redact), sameTexts("text")},
		{"talosconfig", bundles.randomTalosconfigRequest, answering(talosconfig), sameTalosconfigs},
		{"cel", randomCEL, answering(checkCEL), sameTexts()},
		{"cert", bundles.randomCertRequest, answering(cert), sameCert},
	}, nil
}

func answering[In, Out any](answer func(In) Out) func([]byte) any {
	return func(line []byte) any { return answerLine(line, answer) }
}
