// Command record-yaml records what Go's YAML module makes of the cases in talos-sdk/yaml/tests/data.
//
// A line {"in": value} is written: "out" is the text. A line {"text": yaml} is read without knowing types and
// written again: "out" has one text a document, and is null if Go refuses the text.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"
	"strings"

	yaml "go.yaml.in/yaml/v4"
)

type entry struct {
	In   json.RawMessage `json:"in,omitempty"`
	Text *string         `json:"text,omitempty"`
	Out  any             `json:"out"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)

	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)

	for lines.Scan() {
		var e entry

		check(json.Unmarshal(lines.Bytes(), &e))

		if e.Text != nil {
			e.Out = read(*e.Text)
		} else {
			var value any

			check(json.Unmarshal(e.In, &value))

			text, err := yaml.Marshal(value)
			check(err)

			e.Out = string(text)
		}

		check(out.Encode(e))
	}

	check(lines.Err())
}

func read(text string) any {
	documents := []string{}
	decoder := yaml.NewDecoder(strings.NewReader(text))

	for {
		var value any

		switch err := decoder.Decode(&value); {
		case errors.Is(err, io.EOF):
			return documents
		case err != nil:
			return nil
		}

		written, err := yaml.Marshal(value)
		if err != nil {
			return nil
		}

		documents = append(documents, string(written))
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
