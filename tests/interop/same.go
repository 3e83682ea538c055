package main

import (
	"encoding/base64"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
)

// shape is what certificates and keys have in common that were made for one purpose at one time: all facts but the
// random ones.
func shape(text string) ([]pemFacts, error) {
	items, err := parsePEM([]byte(text))

	for i := range items {
		item := &items[i]
		item.Serial, item.SerialBits, item.SubjectKeyID, item.AuthorityKeyID = "", 0, "", ""
		item.Key.SPKIFingerprint, item.Key.SPKISHA256Hex = "", ""

		// Serial numbers, ECDSA signatures and RSA numbers vary in length.
		if item.Kind == "certificate" || strings.HasPrefix(item.Key.Algorithm, "RSA") {
			item.DERLength = 0
		}

		for j := range item.Extensions {
			extension := &item.Extensions[j]

			switch extension.OID {
			case "2.5.29.14", "2.5.29.35":
				// The length of a key identifier is not random.
				extension.Value = fmt.Sprintf("%d bytes", len(extension.Value)/2)
			}
		}
	}

	return items, err
}

func sameShape(name, want, got string) string {
	here, err := shape(want)
	if err != nil {
		return fmt.Sprintf("%s: go: %v", name, err)
	}

	there, err := shape(got)
	if err != nil {
		return fmt.Sprintf("%s: rust: %v", name, err)
	}

	if !reflect.DeepEqual(here, there) {
		return fmt.Sprintf("%s: go %s, rust %s", name, mustJSON(here), mustJSON(there))
	}

	return ""
}

var secretForms = map[string]*regexp.Regexp{
	"token": regexp.MustCompile(`^[0-9a-z]{6}\.[0-9a-z]{16}$`),
	"key":   regexp.MustCompile(`^[A-Za-z0-9+/_-]{43}=$`),
}

// sameSecrets compares two new bundles: the keys of the text, the form of tokens, and all of a certificate that is not
// random.
func sameSecrets(_, here, there map[string]any) string {
	want, _ := here["secrets"].(string)
	got, _ := there["secrets"].(string)

	keys := regexp.MustCompile(`(?m)^( *[a-z0-9]+:).*$`)
	if a, b := keys.ReplaceAllString(want, "$1"), keys.ReplaceAllString(got, "$1"); a != b {
		return firstDifference(a, b)
	}

	a, err := parseSecrets(want, secrets.NewClock())
	if err != nil {
		return err.Error()
	}

	b, err := parseSecrets(got, secrets.NewClock())
	if err != nil {
		return "go does not read the bundle: " + err.Error()
	}

	if err = b.Validate(); err != nil {
		return "go refuses the bundle: " + err.Error()
	}

	for _, value := range []struct{ form, text string }{
		{"key", b.Cluster.ID}, {"key", b.Cluster.Secret}, {"token", b.Secrets.BootstrapToken}, {"token", b.TrustdInfo.Token},
		{"key", b.Secrets.AESCBCEncryptionSecret + b.Secrets.SecretboxEncryptionSecret},
	} {
		if !secretForms[value.form].MatchString(value.text) {
			return fmt.Sprintf("a %s has another form", value.form)
		}
	}

	for _, pair := range []struct {
		name      string
		want, got []byte
	}{
		{"etcd", a.Certs.Etcd.Crt, b.Certs.Etcd.Crt},
		{"etcd key", a.Certs.Etcd.Key, b.Certs.Etcd.Key},
		{"k8s", a.Certs.K8s.Crt, b.Certs.K8s.Crt},
		{"k8s key", a.Certs.K8s.Key, b.Certs.K8s.Key},
		{"aggregator", a.Certs.K8sAggregator.Crt, b.Certs.K8sAggregator.Crt},
		{"aggregator key", a.Certs.K8sAggregator.Key, b.Certs.K8sAggregator.Key},
		{"service account key", a.Certs.K8sServiceAccount.Key, b.Certs.K8sServiceAccount.Key},
		{"os", a.Certs.OS.Crt, b.Certs.OS.Crt},
		{"os key", a.Certs.OS.Key, b.Certs.OS.Key},
	} {
		if difference := sameShape(pair.name, string(pair.want), string(pair.got)); difference != "" {
			return difference
		}
	}

	return ""
}

// sameGenerated compares configurations as text, and the talosconfig but for its new certificate and key.
func sameGenerated(request, here, there map[string]any) string {
	if difference := sameTexts("controlplane", "worker")(request, here, there); difference != "" {
		return difference
	}

	return sameContexts(request, here, there, "talosconfig")
}

// sameContexts compares two talosconfigs for one bundle.
func sameContexts(request, here, there map[string]any, field string) string {
	want, _ := here[field].(string)
	got, _ := there[field].(string)

	credentials := regexp.MustCompile(`(?m)^( +(?:crt|key): ).*$`)
	if a, b := credentials.ReplaceAllString(want, "$1"), credentials.ReplaceAllString(got, "$1"); a != b {
		return "talosconfig " + firstDifference(a, b)
	}

	a, err := clientconfig.FromString(want)
	if err != nil {
		return err.Error()
	}

	b, err := clientconfig.FromString(got)
	if err != nil {
		return "go does not read the talosconfig: " + err.Error()
	}

	for name := range a.Contexts {
		for _, field := range []struct{ name, want, got string }{
			{"crt", a.Contexts[name].Crt, b.Contexts[name].Crt},
			{"key", a.Contexts[name].Key, b.Contexts[name].Key},
		} {
			if difference := sameShape(field.name, fromBase64(field.want), fromBase64(field.got)); difference != "" {
				return "talosconfig " + difference
			}
		}

		at, _ := time.Parse(time.RFC3339, fmt.Sprint(request["now"]))
		chain := certRequest{PEM: fromBase64(b.Contexts[name].Crt), Roots: fromBase64(b.Contexts[name].CA), Usage: "client", Now: &at}

		if err := verifyChain(chain); err != nil && !strings.Contains(err.Error(), "expired or is not yet valid") {
			return "talosconfig: " + err.Error()
		}
	}

	return ""
}

func fromBase64(text string) string {
	bytes, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return err.Error()
	}

	return string(bytes)
}

// optionalFacts are those that conformance may leave out.
var optionalFacts = []string{"canonical_pem", "text", "encoding"}

// sameCert compares facts; errors inside of items have their own words.
func sameCert(_, here, there map[string]any) string {
	for _, answer := range []map[string]any{here, there} {
		items, _ := answer["items"].([]any)
		for _, item := range items {
			facts, _ := item.(map[string]any)
			if text, _ := facts["error"].(string); text != "" {
				// What can be told of a damaged item is up to the parser.
				maps.DeleteFunc(facts, func(key string, _ any) bool { return key != "error" && key != "label" })
				facts["error"] = "yes"
			}
		}
	}

	return sameFacts("", here, there)
}

func sameFacts(path string, here, there any) string {
	switch want := here.(type) {
	case map[string]any:
		got, ok := there.(map[string]any)
		if !ok {
			break
		}

		for key := range got {
			if _, known := want[key]; !known {
				return fmt.Sprintf("%s.%s: rust has %v, go has none", path, key, got[key])
			}
		}

		for key := range want {
			if _, known := got[key]; !known && slices.Contains(optionalFacts, key) {
				continue
			}

			if difference := sameFacts(path+"."+key, want[key], got[key]); difference != "" {
				return difference
			}
		}

		return ""
	case []any:
		got, ok := there.([]any)
		if !ok || len(got) != len(want) {
			break
		}

		for i := range want {
			if difference := sameFacts(fmt.Sprintf("%s[%d]", path, i), want[i], got[i]); difference != "" {
				return difference
			}
		}

		return ""
	}

	if !reflect.DeepEqual(here, there) {
		return fmt.Sprintf("%s: go %.200v, rust %.200v", path, here, there)
	}

	return ""
}

// randomCertRequest asks for the facts of a bundle's certificates and keys, whole or damaged, or to verify a chain.
func (b bundles) randomCertRequest(r *rand.Rand) map[string]any {
	bundle, err := parseSecrets(pick(r, b), secrets.NewClock())
	if err != nil {
		panic(err)
	}

	parts := [][]byte{
		bundle.Certs.OS.Crt, bundle.Certs.OS.Key, bundle.Certs.Etcd.Crt, bundle.Certs.Etcd.Key, bundle.Certs.K8s.Crt, bundle.Certs.K8s.Key,
		bundle.Certs.K8sAggregator.Crt, bundle.Certs.K8sAggregator.Key, bundle.Certs.K8sServiceAccount.Key,
	}

	if r.IntN(3) > 0 {
		var text strings.Builder

		r.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })

		for _, part := range parts[:1+r.IntN(3)] {
			text.Write(part)
		}

		request := map[string]any{"op": "parse", "pem": text.String()}
		if r.IntN(4) == 0 {
			request["pem"] = damage(r, text.String())
		}

		return request
	}

	issued := answerLine(mustJSON(map[string]any{
		"op": "issue", "secrets": pick(r, b), "context": "c",
		"roles": pick(r, [][]string{{"os:admin"}, {"os:reader", "os:operator"}, {"os:etcd:backup", "os:admin", "os:reader"}}),
	}), talosconfig).(talosconfigAnswer)

	context := issued.Config.Contexts["c"]
	roots := pick(r, []string{fromBase64(context.CA), string(bundle.Certs.OS.Crt), string(bundle.Certs.K8s.Crt)})
	at := time.Now().Add(pick(r, []time.Duration{time.Minute, time.Minute, -24 * time.Hour, 9000 * time.Hour}))

	request := map[string]any{
		"op": "verify", "pem": fromBase64(context.Crt), "roots": roots, "intermediates": "", "usage": "client",
		"now": at.UTC().Format(time.RFC3339),
	}

	if r.IntN(3) == 0 {
		request["usage"], request["host"] = "server", "node-1"
	}

	return request
}
