// Command record-yaml records what Go's YAML writer makes of the values in talos-sdk/yaml/tests/data.
//
// It reads lines {"in": value, ...} and prints {"in": value, "out": text}.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"log"
	"os"

	yaml "go.yaml.in/yaml/v4"
)

type entry struct {
	In  json.RawMessage `json:"in"`
	Out string          `json:"out"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)

	for lines.Scan() {
		var e entry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			log.Fatal(err)
		}

		var value any
		if err := json.Unmarshal(e.In, &value); err != nil {
			log.Fatal(err)
		}

		text, err := yaml.Marshal(value)
		if err != nil {
			log.Fatal(err)
		}

		e.Out = string(text)

		var line bytes.Buffer

		out := json.NewEncoder(&line)
		out.SetEscapeHTML(false)

		if err := out.Encode(e); err != nil {
			log.Fatal(err)
		}

		if _, err := line.WriteTo(os.Stdout); err != nil {
			log.Fatal(err)
		}
	}

	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
}
