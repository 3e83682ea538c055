package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v4"
)

type readRequest struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

type readAnswer struct {
	// One line a node: depth, kind, tag, style, place, text. Aliases stand as what they mean.
	Tree  string `json:"tree"`
	Error string `json:"error"`
}

// readLimit is the number of nodes after which a tree is cut.
const readLimit = 2000

// readYAML gives the trees of all documents. Keys that are given twice and aliases that expand too far only show when
// values are made of them; what does not fit its tag is not looked at.
func readYAML(req readRequest) readAnswer {
	var (
		out     strings.Builder
		nodes   = yaml.NewDecoder(strings.NewReader(req.Text))
		written = 0
	)

	for {
		var document yaml.Node

		if err := nodes.Decode(&document); err != nil {
			if errors.Is(err, io.EOF) {
				return readAnswer{Tree: out.String()}
			}

			return readAnswer{Error: err.Error()}
		}

		var value any

		text := errText(document.Decode(&value))
		for _, problem := range []string{"already defined", "contains itself", "excessive aliasing"} {
			if strings.Contains(text, problem) {
				return readAnswer{Error: text}
			}
		}

		for _, child := range document.Content {
			describeNode(child, 0, &written, &out)
		}
	}
}

func describeNode(node *yaml.Node, depth int, written *int, out *strings.Builder) {
	if *written++; *written > readLimit {
		return
	}

	if node.Kind == yaml.AliasNode {
		describeNode(node.Alias, depth, written, out)

		return
	}

	kinds := map[yaml.Kind]string{yaml.ScalarNode: "scalar", yaml.SequenceNode: "sequence", yaml.MappingNode: "mapping"}

	style := ""

	for _, known := range []struct {
		style yaml.Style
		name  string
	}{
		{yaml.TaggedStyle, "!"}, {yaml.DoubleQuotedStyle, "\""}, {yaml.SingleQuotedStyle, "'"}, {yaml.LiteralStyle, "|"},
		{yaml.FoldedStyle, ">"}, {yaml.FlowStyle, "[]"},
	} {
		if node.Style&known.style != 0 {
			style += known.name
		}
	}

	fmt.Fprintf(out, "%d %s %s %s %d:%d %s\n", depth, kinds[node.Kind], node.ShortTag(), style, node.Line, node.Column, node.Value)

	for _, child := range node.Content {
		describeNode(child, depth+1, written, out)
	}
}
