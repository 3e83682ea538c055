package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/client"
)

// snapshotCheck opens a snapshot of etcd, without the hash at its end, and lets bbolt check every page of it. The
// snapshot is in a file or, without one, taken from the machine that the flags name.
func snapshotCheck(args []string) error {
	var f clientFlags

	flags := flag.NewFlagSet("snapshot-check", flag.ExitOnError)
	f.nodeFlags(flags)

	if err := flags.Parse(args); err != nil {
		return err
	}

	data, err := snapshot(&f, flags.Arg(0))
	if err != nil {
		return err
	}

	file, err := os.CreateTemp("", "snapshot-*.db")
	if err != nil {
		return err
	}

	defer os.Remove(file.Name()) //nolint:errcheck

	// Pages have a multiple of 512 bytes, so what is left over is the hash.
	if _, err = file.Write(data[:len(data)-len(data)%512]); err != nil {
		return err
	}

	if err = file.Close(); err != nil {
		return err
	}

	db, err := bolt.Open(file.Name(), 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}

	defer db.Close() //nolint:errcheck

	var (
		problems []error
		buckets  []string
	)

	err = db.View(func(tx *bolt.Tx) error {
		for problem := range tx.Check() {
			problems = append(problems, problem)
		}

		return tx.ForEach(func(name []byte, _ *bolt.Bucket) error {
			buckets = append(buckets, string(name))

			return nil
		})
	})
	if err = errors.Join(append(problems, err)...); err != nil {
		return err
	}

	writeLine(os.Stdout, map[string]any{"bytes": len(data), "buckets": buckets})

	return nil
}

func snapshot(f *clientFlags, file string) ([]byte, error) {
	if file != "" {
		return os.ReadFile(file)
	}

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	c, err := f.connect(ctx)
	if err != nil {
		return nil, err
	}

	defer c.Close() //nolint:errcheck

	if f.node != "" {
		ctx = client.WithNode(ctx, f.node)
	}

	stream, err := c.EtcdSnapshot(ctx, &machine.EtcdSnapshotRequest{})
	if err != nil {
		return nil, err
	}

	defer stream.Close() //nolint:errcheck

	return io.ReadAll(stream)
}
