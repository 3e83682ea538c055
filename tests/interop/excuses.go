package main

import (
	"regexp"
	"slices"
	"strings"
)

// excuse says why a difference is none of ours, "" where it is one. Every excuse has its reason here and is counted in
// the output.
func excuse(suite string, here, there map[string]any) string {
	if here["panic"] == true {
		return "Go panics"
	}

	if suite == "validate" {
		return excuseVerdict(here, there)
	}

	failure, _ := here["error"].(string)

	if strings.Contains(failure, "is not settable") {
		return "v1.13.9 cannot merge over a set install disk size"
	}

	if refusal, _ := there["error"].(string); suite == "talosconfig" && strings.Contains(refusal, "is not PEM text in base64") {
		return "credentials are decoded here when the file is read, in Go when they are used"
	}

	if suite == "talosconfig" && forgotContext(here, there) {
		return "Go forgets the current context if the merged file's is none of its contexts"
	}

	for _, field := range []string{"text", "out"} {
		theirs, _ := here[field].(string)
		ours, _ := there[field].(string)

		if failure == "" && ours != "" && strings.ReplaceAll(theirs, "    controlPlane: null\n", "") == ours {
			return "v1.13.9 prints an empty cluster.controlPlane, later versions do not"
		}
	}

	return ""
}

func forgotContext(here, there map[string]any) bool {
	theirs, _ := here["text"].(string)
	ours, _ := there["text"].(string)

	_, theirContexts, _ := strings.Cut(theirs, "\n")
	_, ourContexts, _ := strings.Cut(ours, "\n")

	return strings.HasPrefix(theirs, "context: \"\"\n") && theirContexts == ourContexts
}

// versionRule is a rule that only one of v1.13.9 and main has.
type versionRule struct {
	reason string
	// theirs and ours are errors by that rule, "" where that side has none.
	theirs, ours string
}

var versionRules = []versionRule{
	{"v1.13.9 wants install instructions, main has UnattendedInstallConfig", `^install instructions are required in "metal" mode`, ""},
	{"v1.13.9 wants cluster.controlPlane, main has KubeClusterConfig", `cluster controlplane endpoint is required`, ""},
	{"host DNS in a container is asked for with the section machine only in v1.13.9, of all documents together in main", `^feature HostDNS should`, `in a container the host has to resolve names`},
	{"KubeSpan wants discovery in the section cluster in v1.13.9, any discovery service in main", `^\.cluster\.\w+ should be (enabled|set) when \.machine\.network\.kubespan`, `KubeSpan finds its peers by a discovery service`},
	{"main wants secrets in etcd to be encrypted", "", `a control plane encrypts what it keeps in etcd`},
	{"main calls machine.files deprecated", "", `machine\.files: deprecated`},
	{"main calls machine.baseRuntimeSpecOverrides deprecated", "", `machine\.baseRuntimeSpecOverrides: deprecated`},
}

// excuseVerdict leaves away the errors by rules that only one version has: the rest has to be empty on both sides, or
// on none.
func excuseVerdict(here, there map[string]any) string {
	theirs, ours := list(here["errors"]), list(there["errors"])

	if here["stage"] == "load" || there["stage"] == "load" {
		return ""
	}

	reason := ""

	for _, rule := range versionRules {
		fewer, less := without(theirs, rule.theirs), without(ours, rule.ours)
		if len(fewer) != len(theirs) || len(less) != len(ours) {
			reason = rule.reason
		}

		theirs, ours = fewer, less
	}

	if (len(theirs) == 0) != (len(ours) == 0) {
		return ""
	}

	return reason
}

func without(errors []string, pattern string) []string {
	if pattern == "" {
		return errors
	}

	matches := regexp.MustCompile(pattern).MatchString

	return slices.DeleteFunc(slices.Clone(errors), matches)
}
