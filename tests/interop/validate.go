package main

import (
	"errors"
	"fmt"

	"github.com/hashicorp/go-multierror"

	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/validation"
)

type validateRequest struct {
	Name   string `json:"name"`
	Config string `json:"config"`
	Mode   string `json:"mode"`
	Strict bool   `json:"strict"`
}

type validateAnswer struct {
	OK bool `json:"ok"`
	// Stage is where it failed: load, mode or validate.
	Stage    string   `json:"stage,omitempty"`
	Errors   []string `json:"errors"`
	Warnings []string `json:"warnings"`
	Text     string   `json:"text"`
}

func validate(req validateRequest) validateAnswer {
	out := validateAnswer{Errors: []string{}, Warnings: []string{}, Stage: "load"}

	warnings, err := func() ([]string, error) {
		cfg, err := configloader.NewFromBytes([]byte(req.Config))
		if err != nil {
			return nil, err
		}

		out.Stage = "mode"

		mode, err := parseMode(req.Mode)
		if err != nil {
			return nil, err
		}

		out.Stage = "validate"

		opts := []validation.Option{validation.WithLocal()}
		if req.Strict {
			opts = append(opts, validation.WithStrict())
		}

		return cfg.Validate(mode, opts...)
	}()

	out.Warnings = append(out.Warnings, warnings...)
	out.Text = errText(err)

	if err == nil {
		out.OK, out.Stage = true, ""
	}

	out.Errors = append(out.Errors, allErrors(err)...)

	return out
}

// allErrors takes a tree of errors apart.
func allErrors(err error) []string {
	var multi *multierror.Error

	if errors.As(err, &multi) {
		var all []string

		for _, e := range multi.Errors {
			all = append(all, allErrors(e)...)
		}

		return all
	}

	if err == nil {
		return nil
	}

	return []string{err.Error()}
}

type mode string

func parseMode(text string) (mode, error) {
	switch text {
	case "metal", "cloud", "container", "metal-agent":
		return mode(text), nil
	default:
		return "", fmt.Errorf("unknown runtime mode: %q", text)
	}
}

func (m mode) String() string        { return string(m) }
func (m mode) RequiresInstall() bool { return m == "metal" }
func (m mode) InContainer() bool     { return m == "container" }
