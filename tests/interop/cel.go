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
	Error string `json:"error"`
}

// celVerdict is a line of the recorded verdicts; what a line says of the environments is recorded anew.
type celVerdict struct {
	Expression string   `json:"expression"`
	TakenBy    []string `json:"taken_by"`
}

var celEnvironments = []struct {
	name string
	make func() *celgo.Env
}{
	{"disk", celenv.DiskLocator},
	{"volume", celenv.VolumeLocator},
	{"link", celenv.LinkLocator},
	{"trigger", celenv.OOMTrigger},
	{"scoring", celenv.OOMCgroupScoring},
}

// checkCEL parses and checks an expression as the validation of a document does.
func checkCEL(req celRequest) celAnswer {
	for _, environment := range celEnvironments {
		if environment.name == req.Environment {
			return celAnswer{Error: errText(celError(req.Expression, req.Environment, environment.make()))}
		}
	}

	return celAnswer{Error: fmt.Sprintf("no environment %q", req.Environment)}
}

// recordCEL says which environments take an expression.
func recordCEL(verdict celVerdict) celVerdict {
	verdict.TakenBy = []string{}

	for _, environment := range celEnvironments {
		if celError(verdict.Expression, environment.name, environment.make()) == nil {
			verdict.TakenBy = append(verdict.TakenBy, environment.name)
		}
	}

	return verdict
}

func celError(expression, name string, environment *celgo.Env) error {
	parse := cel.ParseBooleanExpression
	if name == "scoring" {
		parse = cel.ParseDoubleExpression
	}

	_, err := parse(expression, environment)

	return err
}
