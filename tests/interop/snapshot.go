package main

import (
	"errors"
	"os"

	bolt "go.etcd.io/bbolt"
)

// snapshotCheck opens a snapshot of etcd, without the hash at its end, and lets bbolt check every page of it.
func snapshotCheck(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: interop snapshot-check FILE")
	}

	data, err := os.ReadFile(args[0])
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
