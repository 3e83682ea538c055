package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

var contracts = []string{"v1.0", "v1.1", "v1.2", "v1.3", "v1.4", "v1.5", "v1.6", "v1.7", "v1.8", "v1.9.4", "v1.10", "v1.11", "v1.12", "v1.13"}

// bundles are secrets for generated configs: some made by Go, some by conformance.
type bundles []string

func bundlePool(path string) (bundles, error) {
	peer, err := startPeer(path, "secrets")
	if err != nil {
		return nil, err
	}

	defer peer.stop()

	var pool bundles

	// Contracts up to 1.2 have the older encryption key; 1.7 and later have an RSA key, which takes its time.
	for _, contract := range []string{"v1.0", "v1.2", "v1.3", "v1.6", "v1.7", "v1.13"} {
		made := answerSecrets(secretsRequest{Contract: contract})
		if made.Error != "" {
			return nil, fmt.Errorf("secrets: %s", made.Error)
		}

		line, err := json.Marshal(map[string]any{"contract": contract})
		if err != nil {
			return nil, err
		}

		answer, err := peer.ask(line)
		if err != nil {
			return nil, err
		}

		text, _ := answer["secrets"].(string)
		if text == "" {
			return nil, fmt.Errorf("%w: %v", errNoBundle, answer["error"])
		}

		pool = append(pool, made.Secrets, text)
	}

	return pool, nil
}

func pick[T any](r *rand.Rand, choices []T) T { return choices[r.IntN(len(choices))] }

// sometimes sets a field in one of n cases.
func sometimes(r *rand.Rand, n int, request map[string]any, field string, value func() any) {
	if r.IntN(n) == 0 {
		request[field] = value()
	}
}

func texts(r *rand.Rand, most int, choices []string) func() any {
	return func() any {
		list := []string{}
		for range r.IntN(most + 1) {
			list = append(list, pick(r, choices))
		}

		return list
	}
}

func one[T any](r *rand.Rand, choices ...T) func() any { return func() any { return pick(r, choices) } }

func (b bundles) randomGenRequest(r *rand.Rand) map[string]any {
	endpoints := []string{
		"https://10.5.0.1:6443", "https://talos.example.org:6443", "https://[fd00::1]:6443", "https://lb", "https://A.example.org:443/",
		"https://lb:6443/path", "HTTPS://x:1",
	}
	broken := []string{"10.5.0.1:6443", "talos.example.org", "http://x:6443", "https://", "https://x:0", "https://x:70000", "", "https://a b", "https://fd00::1"}

	request := map[string]any{
		"secrets":  pick(r, b),
		"contract": pick(r, contracts),
		"cluster":  pick(r, []string{"talos", "seed", "true", "1", "a: b", "Ünïcode", "-", "x y", "null"}),
		"endpoint": pick(r, endpoints),
		"now":      time.Unix(1_800_000_000+int64(r.IntN(1_000_000)), 0).UTC().Format(time.RFC3339),
	}

	if r.IntN(12) == 0 {
		request["endpoint"] = pick(r, broken)
	}

	if r.IntN(25) == 0 {
		request["contract"] = pick(r, []string{"1.9", "v1.9", "v1.13-x", "one", "v", "1"})
	}

	sometimes(r, 3, request, "k8s_version", one(r, "1.30.4", "v1.31.0", "1.33.0-rc.1", "1.29.0"))
	sometimes(r, 3, request, "install_disk", one(r, "/dev/vda", "/dev/nvme0n1", "", "/dev/disk/by-id/x y"))
	sometimes(r, 3, request, "install_image", one(r, "", "factory.talos.dev/installer/abc:v1.9.4", "ghcr.io/siderolabs/installer:v1.9.4"))
	sometimes(r, 3, request, "additional_sans", texts(r, 3, []string{"10.0.0.1", "lb.example.org", "fd00::5", "true"}))
	sometimes(r, 5, request, "dns_domain", one(r, "k8s.example.org", "cluster.local"))
	sometimes(r, 5, request, "with_kubespan", one(r, true, false))
	sometimes(r, 5, request, "with_cluster_discovery", one(r, true, false))
	sometimes(r, 4, request, "registry_mirrors", func() any {
		mirrors := map[string][]string{}
		for range r.IntN(3) {
			mirrors[pick(r, []string{"docker.io", "ghcr.io", "*", "registry10.example.org", "registry9.example.org"})] = []string{"https://mirror.example.org", "http://10.0.0.9:5000"}[:1+r.IntN(2)]
		}

		return mirrors
	})
	sometimes(r, 3, request, "library", func() any { return randomLibraryOptions(r) })
	sometimes(r, 2, request, "patches", texts(r, 3, fragments))
	sometimes(r, 3, request, "patches_controlplane", texts(r, 2, fragments))
	sometimes(r, 3, request, "patches_worker", texts(r, 2, fragments))

	return request
}

// randomLibraryOptions are those that talosctl has no flags for.
func randomLibraryOptions(r *rand.Rand) map[string]any {
	options := map[string]any{}
	hosts := []string{"docker.io", "ghcr.io", "registry9.example.org"}

	sometimes(r, 2, options, "kernel_args", texts(r, 2, []string{"console=ttyS0", "a=b c", "-x"}))
	sometimes(r, 2, options, "sysctls", one(r, map[string]string{"net.ipv4.ip_forward": "1", "a10": "x", "a9": ""}, map[string]string{}))
	sometimes(r, 2, options, "api_port", one(r, 0, 5443, 6443))
	sometimes(r, 2, options, "cni_url", one(r, "https://example.org/cni.yaml", "https://example.org/a?b=c#d"))
	sometimes(r, 2, options, "scheduling", one(r, true, false))
	sometimes(r, 2, options, "registry_cas", one(r, map[string]string{"docker.io": "-----BEGIN", "ghcr.io": "x\ny\n"}, map[string]string{}))
	sometimes(r, 2, options, "registry_insecure", texts(r, 2, hosts))
	sometimes(r, 2, options, "kubeprism_port", one(r, 0, 7445, 7000))
	sometimes(r, 2, options, "forward_dns", one(r, true, false))
	sometimes(r, 2, options, "debug", one(r, true, false))
	sometimes(r, 2, options, "endpoints", texts(r, 2, []string{"10.0.0.2", "talos.example.org", "fd00::2"}))

	return options
}

// generated is a control plane or worker configuration as Go generates it.
func (b bundles) generated(r *rand.Rand) string {
	made := answerLine(mustJSON(map[string]any{
		"secrets": pick(r, b), "contract": pick(r, contracts), "cluster": "talos", "endpoint": "https://10.5.0.1:6443",
	}), gen).(genAnswer)

	return pick(r, []string{made.ControlPlane, made.Worker})
}

// randomBundleRequest asks for the secrets of a configuration, whole, with a line less, or with another token.
func (b bundles) randomBundleRequest(r *rand.Rand) map[string]any {
	lines := strings.Split(b.generated(r), "\n")

	switch r.IntN(4) {
	case 0:
		at := r.IntN(len(lines))
		lines = slices.Delete(lines, at, at+1)
	case 1:
		for i, line := range lines {
			if strings.HasPrefix(line, "    token: ") && r.IntN(2) == 0 {
				lines[i] = "    token: " + pick(r, []string{"a.b", "a.b.c", "a.", ".b", "ab", `""`, "'******'"})
			}
		}
	case 2:
		if cluster := slices.Index(lines, "cluster:"); cluster > 0 {
			lines = append(lines[:cluster], pick(r, []string{"", "cluster: {}", "cluster:\n    id: x", "cluster:\n    etcd: {}"}))
		}
	}

	return map[string]any{"config": strings.Join(lines, "\n")}
}

func (b bundles) randomPatchRequest(r *rand.Rand) map[string]any {
	patches := texts(r, 4, fragments)().([]string)
	for range r.IntN(3) {
		patches = append(patches, pick(r, documents))
	}

	// Operations only apply to one document, as some generated configurations and most handwritten ones are.
	if r.IntN(3) == 0 {
		for range 1 + r.IntN(2) {
			patches = slices.Insert(patches, r.IntN(len(patches)+1), pick(r, operations))
		}

		if r.IntN(3) > 0 {
			return map[string]any{"config": pick(r, handwritten), "patches": texts(r, 3, operations)()}
		}
	}

	return map[string]any{"config": b.generated(r), "patches": patches}
}

func mustJSON(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}

	return text
}

func randomSecretsRequest(r *rand.Rand) map[string]any {
	request := map[string]any{
		"contract": pick(r, contracts),
		"now":      time.Unix(int64(r.IntN(3_000_000_000)), 0).UTC().Format(time.RFC3339),
	}

	// A new RSA key takes seconds: not in every case.
	if r.IntN(3) > 0 {
		request["contract"] = pick(r, contracts[:7])
	}

	if r.IntN(15) == 0 {
		request["contract"] = pick(r, []string{"one", "v1", "v1.x"})
	}

	return request
}

// damage spoils text in the middle of a line.
func damage(r *rand.Rand, text string) string {
	at := r.IntN(len(text))

	switch r.IntN(3) {
	case 0:
		return text[:at]
	case 1:
		return text[:at] + "A" + text[at:]
	default:
		lines := strings.Split(text, "\n")
		i := r.IntN(len(lines))

		return strings.Join(slices.Delete(lines, i, i+1), "\n")
	}
}
