package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/cosi-project/runtime/pkg/state"
	"github.com/siderolabs/crypto/x509"
	"google.golang.org/grpc/codes"

	"github.com/siderolabs/talos/pkg/machinery/client"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
)

const clientUsage = `usage: interop client [flags] COMMAND
  version | services | service ID | hostname
  apply FILE [-mode auto|no-reboot|reboot|staged|try] [-dry-run] [-try-timeout 1m]
  logs ID [-tail N] [-follow] [-k8s] | dmesg
  events [-tail N] [-actor ID] [-count N]
  copy PATH | read PATH | list PATH | kubeconfig | snapshot
  cosi-get NS TYPE ID | cosi-list NS TYPE [-label Q] [-id REGEXP] | cosi-watch NS TYPE [ID] [-bootstrap] [-count N] | resolve TYPE
  bootstrap | reboot [-mode default|powercycle|force] | shutdown [-force] | reset | rollback | upgrade IMAGE
  call SERVICE/METHOD [JSON...]   any RPC; several JSON arguments for a client stream
  batch                           one JSON array of arguments per line of stdin
`

type clientFlags struct {
	endpoints   listFlag
	talosconfig string
	context     string
	node        string
	nodes       listFlag
	insecure    bool
	fingerprint string
	timeout     time.Duration
}

type listFlag []string

func (l *listFlag) String() string     { return strings.Join(*l, ",") }
func (l *listFlag) Set(s string) error { *l = append(*l, strings.Split(s, ",")...); return nil }

func runClient(args []string) error {
	var f clientFlags

	flags := flag.NewFlagSet("client", flag.ExitOnError)
	flags.Usage = func() {
		fmt.Fprint(os.Stderr, clientUsage)
		flags.PrintDefaults()
	}
	flags.Var(&f.endpoints, "endpoint", "endpoints (default: from the talosconfig)")
	flags.StringVar(&f.talosconfig, "talosconfig", "", "talosconfig file, @- for stdin")
	flags.StringVar(&f.context, "context", "", "context of the talosconfig")
	flags.StringVar(&f.node, "node", "", "node header")
	flags.Var(&f.nodes, "nodes", "nodes header")
	flags.BoolVar(&f.insecure, "insecure", false, "no client certificate, no server verification")
	flags.StringVar(&f.fingerprint, "fingerprint", "", "with -insecure: SPKI fingerprint of the server")
	flags.DurationVar(&f.timeout, "timeout", 30*time.Second, "limit for each command")

	if err := flags.Parse(args); err != nil {
		return err
	}

	if flags.NArg() == 0 {
		flags.Usage()

		return errReported
	}

	ctx := context.Background()

	c, err := f.connect(ctx)
	if err != nil {
		writeLine(os.Stdout, map[string]any{"error": rpcError(err)})

		return errReported
	}

	defer c.Close() //nolint:errcheck

	if flags.Arg(0) == "batch" {
		return f.batch(ctx, c)
	}

	return f.run(ctx, c, flags.Args(), os.Stdout)
}

func (f *clientFlags) connect(ctx context.Context) (*client.Client, error) {
	opts := []client.OptionFunc{client.WithDefaultGRPCDialOptions()}

	if len(f.endpoints) > 0 {
		opts = append(opts, client.WithEndpoints(f.endpoints...))
	}

	if f.insecure {
		cfg := &tls.Config{InsecureSkipVerify: true} //nolint:gosec

		if f.fingerprint != "" {
			fingerprint, err := x509.ParseFingerprint(f.fingerprint)
			if err != nil {
				return nil, err
			}

			cfg.VerifyConnection = x509.MatchSPKIFingerprints(fingerprint)
		}

		return client.New(ctx, append(opts, client.WithTLSConfig(cfg))...)
	}

	var (
		cfg *clientconfig.Config
		err error
	)

	if f.talosconfig == "@-" {
		cfg, err = clientconfig.ReadFrom(os.Stdin)
	} else {
		var text []byte
		if text, err = os.ReadFile(f.talosconfig); err == nil {
			cfg, err = clientconfig.FromBytes(text)
		}
	}

	if err != nil {
		return nil, err
	}

	opts = append(opts, client.WithConfig(cfg))
	if f.context != "" {
		opts = append(opts, client.WithContextName(f.context))
	}

	return client.New(ctx, opts...)
}

func (f *clientFlags) batch(ctx context.Context, c *client.Client) error {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush() //nolint:errcheck

	scanner := bufio.NewScanner(os.Stdin)
	scanner.Buffer(nil, 64<<20)

	for scanner.Scan() {
		var args []string

		if err := json.Unmarshal(scanner.Bytes(), &args); err != nil || len(args) == 0 {
			writeLine(out, map[string]any{"error": "bad request"})
		} else if err = f.run(ctx, c, args, out); err != nil && !errors.Is(err, errReported) {
			return err
		}

		if err := out.Flush(); err != nil {
			return err
		}
	}

	return scanner.Err()
}

// run prints {"result":…} lines for streams, or one line, and {"error":…} on failure; the last line has "end": true.
func (f *clientFlags) run(ctx context.Context, c *client.Client, args []string, w io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()

	switch {
	case f.node != "":
		ctx = client.WithNode(ctx, f.node)
	case len(f.nodes) > 0:
		ctx = client.WithNodes(ctx, f.nodes...)
	}

	cmd := &command{ctx: ctx, c: c, out: w, flags: flag.NewFlagSet(args[0], flag.ContinueOnError)}

	err := cmd.run(args[0], args[1:])
	last := map[string]any{"end": true, "results": cmd.results}

	if err != nil {
		last["error"] = rpcError(err)
	}

	writeLine(w, last)

	if err != nil {
		return errReported
	}

	return nil
}

type errorFacts struct {
	Code    string            `json:"code"`
	Message string            `json:"message"`
	Text    string            `json:"text"`
	Nodes   map[string]string `json:"nodes,omitempty"`
}

func rpcError(err error) errorFacts {
	facts := errorFacts{Code: client.StatusCode(err).String(), Text: err.Error(), Message: client.Status(err).Message()}

	// COSI and context errors hide the code.
	switch {
	case state.IsNotFoundError(err):
		facts.Code = codes.NotFound.String()
	case state.IsConflictError(err):
		facts.Code = codes.FailedPrecondition.String()
	case errors.Is(err, context.DeadlineExceeded):
		facts.Code = codes.DeadlineExceeded.String()
	}

	if facts.Message == "" {
		facts.Message = facts.Text
	}

	var node *client.NodeError
	if errors.As(err, &node) {
		facts.Nodes = map[string]string{node.Node: client.StatusCode(node.Err).String()}
	}

	return facts
}
