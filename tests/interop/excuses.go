package main

import "strings"

// excuse says why a difference is none of ours, "" where it is one. Every excuse has its reason here and is counted in
// the output.
func excuse(suite string, here, there map[string]any) string {
	if here["panic"] == true {
		return "Go panics"
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
