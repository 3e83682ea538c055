package main

import (
	"bufio"
	"flag"
	"math/rand/v2"
	"os"
	"time"
)

// samples prints random configurations as JSON lines, each with what Go's loader says.
func samples(args []string) error {
	flags := flag.NewFlagSet("samples", flag.ExitOnError)
	path := flags.String("conformance", "", "path of the program conformance")
	seed := flags.Uint64("seed", uint64(time.Now().Unix()), "seed of all samples")
	cases := flags.Int("cases", 300, "how many")

	if err := flags.Parse(args); err != nil {
		return err
	}

	bundles, err := bundlePool(*path)
	if err != nil {
		return err
	}

	out := bufio.NewWriter(os.Stdout)

	for i := range *cases {
		r := rand.New(rand.NewPCG(*seed, uint64(i)))

		request := bundles.randomLoadRequest
		if r.IntN(2) == 0 {
			request = bundles.randomRedactRequest
		}

		config, _ := request(r)["config"].(string)

		writeLine(out, map[string]any{"config": config, "error": load(configRequest{Config: config}).Error})
	}

	return out.Flush()
}
