package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/cosi-project/runtime/api/v1alpha1"
	"github.com/cosi-project/runtime/pkg/resource/meta"
	"github.com/cosi-project/runtime/pkg/resource/protobuf"
	"github.com/cosi-project/runtime/pkg/safe"
	"go.yaml.in/yaml/v4"

	"github.com/siderolabs/talos/pkg/machinery/client"
)

// forms counts the resources of a machine by how their two forms agree.
type forms struct {
	state     v1alpha1.StateClient
	same      int
	unknown   int
	different []string
}

// checkForms reads all resources of a machine and holds the YAML that each came with against the YAML that Go writes
// for what it decoded from protobuf.
func checkForms(args []string) error {
	var f clientFlags

	flags := flag.NewFlagSet("forms", flag.ExitOnError)
	f.nodeFlags(flags)

	if err := flags.Parse(args); err != nil {
		return err
	}

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	c, err := f.connect(ctx)
	if err != nil {
		return err
	}

	defer c.Close() //nolint:errcheck

	if f.node != "" {
		ctx = client.WithNode(ctx, f.node)
	}

	definitions, err := safe.StateListAll[*meta.ResourceDefinition](ctx, c.COSI)
	if err != nil {
		return err
	}

	all := forms{state: v1alpha1.NewStateClient(c.Conn())}

	for definition := range definitions.All() {
		if err := all.list(ctx, definition.TypedSpec().DefaultNamespace, definition.TypedSpec().Type); err != nil {
			return fmt.Errorf("%s: %w", definition.TypedSpec().Type, err)
		}
	}

	writeLine(os.Stdout, map[string]any{"same": all.same, "unknown": all.unknown, "different": len(all.different)})

	if len(all.different) > 0 {
		fmt.Fprintln(os.Stderr, strings.Join(all.different, "\n"))

		return errReported
	}

	return nil
}

// nodeFlags are the flags that name one machine.
func (f *clientFlags) nodeFlags(flags *flag.FlagSet) {
	flags.StringVar(&f.talosconfig, "talosconfig", "", "talosconfig file")
	flags.Var(&f.endpoints, "endpoint", "endpoints (default: from the talosconfig)")
	flags.StringVar(&f.node, "node", "", "node header")
}

func (f *forms) list(ctx context.Context, namespace, kind string) error {
	stream, err := f.state.List(ctx, &v1alpha1.ListRequest{Namespace: namespace, Type: kind})
	if err != nil {
		return err
	}

	for {
		reply, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}

		if err != nil {
			return err
		}

		sent, err := protobuf.Unmarshal(reply.GetResource())
		if err != nil {
			return err
		}

		id := kind + "/" + sent.Metadata().ID()
		decoded, err := protobuf.UnmarshalResource(sent)

		// Go knows types without a protobuf form only by their YAML.
		if _, raw := decoded.(*protobuf.Resource); raw {
			f.unknown++

			continue
		}

		if err != nil {
			f.different = append(f.different, fmt.Sprintf("%s: %s", id, err))

			continue
		}

		if err = f.compare(id, reply.GetResource().GetSpec().GetYamlSpec(), decoded.Spec()); err != nil {
			return err
		}
	}
}

func (f *forms) compare(id, sent string, decoded any) error {
	ours, err := yaml.Marshal(decoded)
	if err != nil {
		return err
	}

	var a, b any

	if err = errors.Join(yaml.Unmarshal([]byte(sent), &a), yaml.Unmarshal(ours, &b)); err != nil {
		return fmt.Errorf("%s: %w", id, err)
	}

	if reflect.DeepEqual(a, b) {
		f.same++
	} else {
		f.different = append(f.different, fmt.Sprintf("%s:\nsent in YAML:\n%s\nGo's YAML for what was sent in protobuf:\n%s", id, sent, ours))
	}

	return nil
}
