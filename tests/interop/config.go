package main

import (
	"go.yaml.in/yaml/v4"

	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
	"github.com/siderolabs/talos/pkg/machinery/config/encoder"
)

type patchRequest struct {
	Name    string   `json:"name"`
	Config  string   `json:"config"`
	Patches []string `json:"patches"`
}

type patchAnswer struct {
	Out   string `json:"out"`
	Error string `json:"error"`
}

func patch(req patchRequest) patchAnswer {
	out, err := applyPatches([]byte(req.Config), req.Patches)

	return patchAnswer{Out: string(out), Error: errText(err)}
}

func applyPatches(config []byte, texts []string) ([]byte, error) {
	patches, err := configpatcher.LoadPatches(texts)
	if err != nil {
		return nil, err
	}

	patched, err := configpatcher.Apply(configpatcher.WithBytes(config), patches)
	if err != nil {
		return nil, err
	}

	return patched.Bytes()
}

type loadAnswer struct {
	Documents []string `json:"documents"`
	Text      string   `json:"text"`
	Error     string   `json:"error"`
}

func load(req configRequest) loadAnswer {
	cfg, err := configloader.NewFromBytes([]byte(req.Config))
	if err != nil {
		return loadAnswer{Error: err.Error()}
	}

	var out loadAnswer

	for _, doc := range cfg.Documents() {
		out.Documents = append(out.Documents, doc.APIVersion()+"/"+doc.Kind())
	}

	text, err := cfg.EncodeBytes(encoder.WithComments(encoder.CommentsDisabled))
	out.Text, out.Error = string(text), errText(err)

	return out
}

type yamlRequest struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

type textAnswer struct {
	Text  string `json:"text"`
	Error string `json:"error"`
}

func marshalYAML(req yamlRequest) textAnswer {
	text, err := yaml.Marshal(req.Value)

	return textAnswer{Text: string(text), Error: errText(err)}
}
