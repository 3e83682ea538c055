package main

import "strings"

// excuse says why a difference is none of ours, "" where it is one. Every excuse has its
// reason here and is counted in the output.
func excuse(suite string, here map[string]any) string {
	if here["panic"] == true {
		return "Go panics"
	}

	theirs, _ := here["error"].(string)

	if suite == "patch" && strings.Contains(theirs, "is not settable") {
		return "v1.13.9 cannot merge over a set install disk size"
	}

	return ""
}
