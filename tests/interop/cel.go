package main

import (
	"fmt"

	celgo "github.com/google/cel-go/cel"
	"github.com/siderolabs/talos/pkg/machinery/cel"
	"github.com/siderolabs/talos/pkg/machinery/cel/celenv"
)

type celRequest struct {
	Name        string `json:"name"`
	Environment string `json:"environment"`
	Expression  string `json:"expression"`
}

type celAnswer struct {
	OK    bool   `json:"ok"`
	Error string `json:"error"`
}

var celEnvironments = map[string]func() *celgo.Env{
	"disk":    celenv.DiskLocator,
	"volume":  celenv.VolumeLocator,
	"link":    celenv.LinkLocator,
	"trigger": celenv.OOMTrigger,
	"scoring": celenv.OOMCgroupScoring,
}

// checkCEL parses and checks an expression as the validation of a document does.
func checkCEL(req celRequest) celAnswer {
	environment, ok := celEnvironments[req.Environment]
	if !ok {
		return celAnswer{Error: fmt.Sprintf("no environment %q", req.Environment)}
	}

	parse := cel.ParseBooleanExpression
	if req.Environment == "scoring" {
		parse = cel.ParseDoubleExpression
	}

	_, err := parse(req.Expression, environment())

	return celAnswer{OK: err == nil, Error: errText(err)}
}
