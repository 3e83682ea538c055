package main

import (
	"math/rand/v2"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/encoder"
)

// redacted is what stands in the place of a secret; keys are written with it as it is.
const redacted = "******"

func redact(req configRequest) textAnswer {
	cfg, err := configloader.NewFromBytes([]byte(req.Config))
	if err != nil {
		return textAnswer{Error: err.Error()}
	}

	text, err := cfg.RedactSecrets(redacted).EncodeBytes(encoder.WithComments(encoder.CommentsDisabled))

	return textAnswer{Text: string(text), Error: errText(err)}
}

// secretFragments are patches that bring secrets into the sections.
var secretFragments = []string{
	"machine:\n  registries:\n    config:\n      a.example.org:\n        auth:\n          username: me\n          password: one\n          auth: two\n          identityToken: three\n      b.example.org: {}\n      c.example.org: null\n",
	"machine:\n  registries:\n    config:\n      a.example.org:\n        tls:\n          clientIdentity:\n            crt: b25l\n            key: dHdv\n          ca: dGhyZWU=\n",
	"machine:\n  network:\n    interfaces:\n      - interface: wg0\n        wireguard:\n          privateKey: one\n          peers:\n            - publicKey: two\n              endpoint: 10.0.0.1:51820\n",
	"machine:\n  network:\n    interfaces:\n      - interface: eth0\n        vip:\n          ip: 10.0.0.1\n          equinixMetal:\n            apiToken: one\n        vlans:\n          - vlanId: 5\n            vip:\n              hcloud:\n                apiToken: two\n",
	"machine:\n  systemDiskEncryption:\n    state:\n      provider: luks2\n      keys:\n        - slot: 0\n          static:\n            passphrase: one\n        - slot: 1\n          nodeID: {}\n    ephemeral:\n      keys:\n        - slot: 0\n          static: {}\n",
	"machine:\n  token: ''\n  ca:\n    crt: b25l\n    key: ''\n",
	"machine:\n  acceptedCAs:\n    - crt: b25l\n",
	"cluster:\n  secret: ''\n  token: x\n  aescbcEncryptionSecret: one\n",
	"cluster:\n  etcd:\n    ca:\n      crt: b25l\n      key: dHdv\n  aggregatorCA:\n    crt: b25l\n    key: '******'\n",
	"cluster:\n  serviceAccount:\n    key: b25l\n",
	"machine:\n  env:\n    PASSWORD: one\n",
}

// secretDocuments hold secrets of their own.
var secretDocuments = []string{
	"apiVersion: v1alpha1\nkind: SideroLinkConfig\napiUrl: https://a.example.org/join?user=x%20y&jointoken=one&a=b+c\nuniqueToken: two\n",
	"apiVersion: v1alpha1\nkind: SideroLinkConfig\napiUrl: grpc://a.example.org:443?b=1&a=%2F;x&c\n",
	"apiVersion: v1alpha1\nkind: SideroLinkConfig\napiUrl: https://a.example.org/?\n",
	"apiVersion: v1alpha1\nkind: WireguardConfig\nname: wg0\nprivateKey: one\npeers:\n  - publicKey: two\n    presharedKey: three\n  - publicKey: four\n",
	"apiVersion: v1alpha1\nkind: HCloudVIPConfig\nname: 10.0.0.1\nlink: eth0\napiToken: one\n",
	"apiVersion: v1alpha1\nkind: RegistryAuthConfig\nname: a.example.org\nusername: me\npassword: one\nauth: two\nidentityToken: three\n",
	"apiVersion: v1alpha1\nkind: RegistryTLSConfig\nname: a.example.org\nclientIdentity:\n  cert: one\n  key: two\nca: three\n",
	"apiVersion: v1alpha1\nkind: RegistryTLSConfig\nname: b.example.org\nclientIdentity:\n  cert: one\n",
	"apiVersion: v1alpha1\nkind: UserVolumeConfig\nname: data\nencryption:\n  provider: luks2\n  keys:\n    - slot: 0\n      static:\n        passphrase: one\n    - slot: 1\n      tpm: {}\n",
	"apiVersion: v1alpha1\nkind: SwapVolumeConfig\nname: swap\nencryption:\n  provider: luks2\n  keys:\n    - slot: 0\n      static:\n        passphrase: ''\n",
	"apiVersion: v1alpha1\nkind: RawVolumeConfig\nname: raw\nencryption:\n  provider: luks2\n  keys:\n    - slot: 3\n      static:\n        passphrase: one\n",
	"apiVersion: v1alpha1\nkind: VolumeConfig\nname: STATE\nencryption:\n  provider: luks2\n  keys:\n    - slot: 0\n      static:\n        passphrase: one\n",
}

// randomRedactRequest asks for a configuration with secrets in many places.
func (b bundles) randomRedactRequest(r *rand.Rand) map[string]any {
	var parts []string

	if r.IntN(4) > 0 {
		text, err := applyPatches([]byte(b.generated(r)), texts(r, 4, secretFragments)().([]string))
		if err != nil {
			text = []byte(b.generated(r))
		}

		parts = append(parts, string(text))
	}

	for _, i := range r.Perm(len(secretDocuments))[:1+r.IntN(5)] {
		parts = append(parts, secretDocuments[i])
	}

	if r.IntN(3) == 0 {
		parts = append(parts, pick(r, documents))
	}

	text := strings.Join(parts, "---\n")
	if text != "" && r.IntN(20) == 0 {
		text = damage(r, text)
	}

	return map[string]any{"config": text}
}
