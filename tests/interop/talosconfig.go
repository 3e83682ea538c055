package main

import (
	"errors"
	"fmt"
	"sort"
	"time"

	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/role"
)

type talosconfigRequest struct {
	Name   string `json:"name"`
	Op     string `json:"op"` // parse | merge | issue
	Config string `json:"config"`
	Other  string `json:"other"`

	// issue only
	Secrets   string     `json:"secrets"`
	Context   string     `json:"context"`
	Endpoints []string   `json:"endpoints"`
	Roles     []string   `json:"roles"`
	TTL       string     `json:"ttl"`
	Now       *time.Time `json:"now"`
}

type talosconfigAnswer struct {
	Config  *clientconfig.Config `json:"config"`
	Text    string               `json:"text"`
	Renames []string             `json:"renames,omitempty"`
	Error   string               `json:"error"`
}

func talosconfig(req talosconfigRequest) talosconfigAnswer {
	cfg, renames, err := talosconfigOp(req)
	if err != nil {
		return talosconfigAnswer{Error: err.Error()}
	}

	text, err := cfg.Bytes()

	return talosconfigAnswer{Config: cfg, Text: string(text), Renames: renames, Error: errText(err)}
}

func talosconfigOp(req talosconfigRequest) (*clientconfig.Config, []string, error) {
	switch req.Op {
	case "parse":
		cfg, err := clientconfig.FromString(req.Config)

		return cfg, nil, err
	case "merge":
		cfg, err := clientconfig.FromString(req.Config)
		if err != nil {
			return nil, nil, err
		}

		other, err := clientconfig.FromString(req.Other)
		if err != nil {
			return nil, nil, err
		}

		var renames []string

		for _, r := range cfg.Merge(other) {
			renames = append(renames, r.String())
		}

		sort.Strings(renames)

		return cfg, renames, nil
	case "issue":
		b, err := parseSecrets(req.Secrets, fixedClock(req.Now))
		if err != nil {
			return nil, nil, err
		}

		ttl := 8760 * time.Hour
		if req.TTL != "" {
			if ttl, err = time.ParseDuration(req.TTL); err != nil {
				return nil, nil, err
			}
		}

		cfg, err := issueTalosconfig(b, req.Context, req.Roles, ttl, req.Endpoints)

		return cfg, nil, err
	default:
		return nil, nil, errors.New(`op must be "parse", "merge" or "issue"`)
	}
}

func issueTalosconfig(b *secrets.Bundle, context string, roles []string, ttl time.Duration, endpoints []string) (*clientconfig.Config, error) {
	set := role.MakeSet(role.Admin)

	if roles != nil {
		var unknown []string
		if set, unknown = role.Parse(roles); len(unknown) > 0 {
			return nil, fmt.Errorf("unknown roles: %v", unknown)
		}
	}

	crt, err := b.GenerateTalosAPIClientCertificateWithTTL(set, ttl)
	if err != nil {
		return nil, err
	}

	return clientconfig.NewConfig(context, endpoints, b.Certs.OS.Crt, crt), nil
}
