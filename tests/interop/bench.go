package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
	"github.com/siderolabs/talos/pkg/machinery/config/encoder"
	"github.com/siderolabs/talos/pkg/machinery/config/generate"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/validation"
)

const benchContract = "v1.13"

// benchInput is what the benchmarks of both languages work on.
type benchInput struct {
	bundle                    *secrets.Bundle
	config                    []byte
	all, controlPlane, worker string
}

// bench measures one operation as benches/benches/configuration.rs does.
func bench(args []string) error {
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	seconds := flags.Float64("seconds", 1, "length of the measurement")
	folder := flags.String("input", ".", "folder with secrets.yaml and config.yaml")
	patches := flags.String("patches", "tests/interop/patches", "folder with the patches")

	if err := flags.Parse(args); err != nil {
		return err
	}

	in, err := readBenchInput(*folder, *patches)
	if err != nil {
		return err
	}

	loaded, err := configloader.NewFromBytes(in.config)
	if err != nil {
		return err
	}

	var tree yaml.Node
	if err = yaml.Unmarshal(in.config, &tree); err != nil {
		return err
	}

	operations := map[string]func() error{
		"generate":         func() error { return in.generate(false) },
		"generate_patched": func() error { return in.generate(true) },
		"patch": func() error {
			_, err := applyPatches(in.config, []string{in.all, in.controlPlane})

			return err
		},
		"load": func() error {
			_, err := configloader.NewFromBytes(in.config)

			return err
		},
		"encode": func() error {
			_, err := loaded.EncodeBytes(encoder.WithComments(encoder.CommentsDisabled))

			return err
		},
		"validate": func() error {
			_, err := loaded.Validate(metal{}, validation.WithLocal())

			return err
		},
		"load_and_validate": func() error {
			cfg, err := configloader.NewFromBytes(in.config)
			if err != nil {
				return err
			}

			_, err = cfg.Validate(metal{}, validation.WithLocal())

			return err
		},
		"secrets": func() error {
			contract, err := parseContract(benchContract)
			if err != nil {
				return err
			}

			_, err = secrets.NewBundle(secrets.NewClock(), contract)

			return err
		},
		"parse_yaml": func() error {
			var node yaml.Node

			return yaml.Unmarshal(in.config, &node)
		},
		"write_yaml": func() error {
			_, err := yaml.Marshal(&tree)

			return err
		},
	}

	operation := operations[flags.Arg(0)]
	if operation == nil {
		return fmt.Errorf("no operation %q", flags.Arg(0))
	}

	return repeat(flags.Arg(0), *seconds, operation)
}

func readBenchInput(folder, patches string) (*benchInput, error) {
	var (
		in     benchInput
		failed error
	)

	read := func(folder, name string) string {
		text, err := os.ReadFile(filepath.Join(folder, name))
		failed = errors.Join(failed, err)

		return string(text)
	}

	text := read(folder, "secrets.yaml")
	in.config = []byte(read(folder, "config.yaml"))
	in.all, in.controlPlane, in.worker = read(patches, "all.yaml"), read(patches, "control-plane.yaml"), read(patches, "worker.yaml")

	if failed != nil {
		return nil, failed
	}

	var err error

	in.bundle, err = parseSecrets(text, secrets.NewClock())

	return &in, err
}

// generate makes both configurations and encodes them.
func (in *benchInput) generate(patched bool) error {
	contract, err := parseContract(benchContract)
	if err != nil {
		return err
	}

	input, err := generate.NewInput("bench", "https://bench.example.org:6443", "1.33.1",
		generate.WithVersionContract(contract), generate.WithSecretsBundle(in.bundle))
	if err != nil {
		return err
	}

	for role, own := range map[machine.Type]string{machine.TypeControlPlane: in.controlPlane, machine.TypeWorker: in.worker} {
		cfg, err := input.Config(role)
		if err != nil {
			return err
		}

		if !patched {
			if _, err = cfg.EncodeBytes(encoder.WithComments(encoder.CommentsDisabled)); err != nil {
				return err
			}

			continue
		}

		patches, err := configpatcher.LoadPatches([]string{in.all, own})
		if err != nil {
			return err
		}

		result, err := configpatcher.Apply(configpatcher.WithConfig(cfg), patches)
		if err != nil {
			return err
		}

		if _, err = result.Bytes(); err != nil {
			return err
		}
	}

	return nil
}

// repeat runs the operation once, and then for the given time.
func repeat(name string, seconds float64, operation func() error) error {
	return repeatBy(name, 1, seconds, operation)
}

// repeatBy lets several callers run the operation side by side.
func repeatBy(name string, callers int, seconds float64, operation func() error) error {
	if err := operation(); err != nil {
		return err
	}

	var (
		mu     sync.Mutex
		wg     sync.WaitGroup
		failed error
		times  []time.Duration
	)

	runtime.GC()

	began, cpu := time.Now(), usageNow().cpu

	for range callers {
		wg.Go(func() {
			var own []time.Duration

			for len(own) == 0 || time.Since(began).Seconds() < seconds {
				start := time.Now()

				if err := operation(); err != nil {
					mu.Lock()
					defer mu.Unlock()

					failed = err

					return
				}

				own = append(own, time.Since(start))
			}

			mu.Lock()
			defer mu.Unlock()

			times = append(times, own...)
		})
	}

	wg.Wait()

	elapsed, used := time.Since(began), usageNow()

	if failed != nil {
		return failed
	}

	slices.Sort(times)

	micros := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
	count := float64(len(times))

	writeLine(os.Stdout, map[string]any{
		"name": name, "iterations": len(times), "min_us": micros(times[0]), "p50_us": micros(times[len(times)/2]),
		"p99_us": micros(times[len(times)*99/100]), "per_op_us": micros(elapsed) / count,
		"cpu_per_op_us": micros(used.cpu-cpu) / count, "max_rss_kib": used.maxRSS,
	})

	return nil
}

type processUsage struct {
	cpu    time.Duration
	maxRSS int64
}

func usageNow() processUsage {
	var u syscall.Rusage

	syscall.Getrusage(syscall.RUSAGE_SELF, &u) //nolint:errcheck

	return processUsage{time.Duration(u.Utime.Nano() + u.Stime.Nano()), u.Maxrss}
}
