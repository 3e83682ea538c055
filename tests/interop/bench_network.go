package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/cosi-project/runtime/pkg/resource"
	"github.com/cosi-project/runtime/pkg/state"

	"github.com/siderolabs/talos/pkg/machinery/client"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	"github.com/siderolabs/talos/pkg/machinery/resources/network"
)

// benchNetwork measures one operation of Go's client as benches/benches/network.rs does.
func benchNetwork(args []string) error {
	flags := flag.NewFlagSet("bench-network", flag.ExitOnError)
	seconds := flags.Float64("seconds", 1, "length of the measurement")
	file := flags.String("talosconfig", "", "whom to call")
	bytes := flags.Int64("bytes", 1<<30, "stream: bytes")
	items := flags.Int("items", 10000, "list and watch: resources")

	if err := flags.Parse(args); err != nil {
		return err
	}

	config, err := clientconfig.Open(*file)
	if err != nil {
		return err
	}

	ctx := context.Background()

	c, err := client.New(ctx, client.WithConfig(config), client.WithDefaultGRPCDialOptions())
	if err != nil {
		return err
	}

	defer c.Close() //nolint:errcheck

	version := func() error {
		_, err := c.Version(ctx)

		return err
	}
	kind := resource.NewMetadata(network.NamespaceName, network.AddressStatusType, "", resource.VersionUndefined)

	switch name := flags.Arg(0); name {
	case "unary":
		return repeat(name, *seconds, version)
	case "unary_64":
		return repeatBy(name, 64, *seconds, version)
	case "stream":
		return repeat(name, *seconds, func() error { return readAll(ctx, c, *bytes) })
	case "list":
		return repeat(name, *seconds, func() error {
			list, err := c.COSI.List(ctx, kind)
			if err == nil && len(list.Items) != *items {
				err = fmt.Errorf("got %d resources", len(list.Items))
			}

			return err
		})
	case "watch":
		return repeat(name, *seconds, func() error { return watchContents(ctx, c, kind, *items) })
	default:
		return fmt.Errorf("no operation %q", name)
	}
}

func readAll(ctx context.Context, c *client.Client, bytes int64) error {
	reader, err := c.Read(ctx, fmt.Sprintf("/bench/%d", bytes))
	if err != nil {
		return err
	}

	defer reader.Close() //nolint:errcheck

	n, err := io.Copy(io.Discard, reader)
	if err == nil && n != bytes {
		err = fmt.Errorf("got %d bytes", n)
	}

	return err
}

// watchContents reads what is there from a watch, many resources in a message.
func watchContents(ctx context.Context, c *client.Client, kind resource.Kind, items int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	events := make(chan []state.Event, 64)
	if err := c.COSI.WatchKindAggregated(ctx, kind, events, state.WithBootstrapContents(true)); err != nil {
		return err
	}

	for seen := 0; ; {
		for _, event := range <-events {
			switch event.Type {
			case state.Created:
				seen++
			case state.Bootstrapped:
				if seen != items {
					return fmt.Errorf("got %d events", seen)
				}

				return nil
			case state.Errored:
				return event.Error
			case state.Updated, state.Destroyed, state.Noop:
				return errors.New("the resources change")
			}
		}
	}
}
