package main

import (
	"math/rand/v2"
	"strings"

	"go.yaml.in/yaml/v4"
)

// choice is a place in the sections, and values for it, good and bad, as YAML.
type choice struct {
	path   string
	values []string
}

const wireguardKey = "qAZS9X2i9dYoZ0N8zxCMk9O8Jh4k4S5a2wcWk3Y0rl8="

// choices reach every rule of the sections machine and cluster.
var choices = []choice{
	{"persist", []string{"true", "false"}},
	{"machine", []string{"null", "{}", "{type: worker}"}},
	{"cluster", []string{"null", "{}", "{clusterName: a}"}},
	{"machine.type", []string{"controlplane", "worker", "init", "join", "''", "unknown", "master"}},
	{"machine.ca", []string{"null", "{}", "{crt: '', key: ''}", "{crt: Zm9v, key: ''}", "{crt: Zm9v, key: YmFy}", "{crt: '', key: YmFy}"}},
	{"machine.acceptedCAs", []string{"[]", "[{crt: Zm9v}]", "[null]"}},
	{"machine.files", []string{"[]", "[{content: a, permissions: 0o644, path: /var/a, op: create}]"}},
	{"machine.baseRuntimeSpecOverrides", []string{"{process: {rlimits: [{type: RLIMIT_NOFILE, hard: 1024, soft: 1024}]}}", "{process: {cwd: 1}}", "{linux: []}", "{a: b}"}},
	{"machine.install", []string{"null", "{}", "{disk: /dev/sda}", "{disk: ''}", "{diskSelector: {}}"}},
	{"machine.install.diskSelector", []string{"{size: '>= 10GB'}", "{size: 1TB, type: nvme}", "{type: floppy}", "{name: a}", "{model: 'WDC*', busPath: /pci*}", "{type: ssd}", "{uuid: '[', wwid: a}"}},
	{"machine.install.extraKernelArgs", []string{"[]", "[a=b]"}},
	{"machine.install.grubUseUKICmdline", []string{"true", "false"}},
	{"machine.install.extensions", []string{"[{image: a}]", "[{image: a}, {image: b}]", "[{image: a}, {image: a}]"}},
	{"machine.features.hostDNS", []string{"{}", "{enabled: true}", "{enabled: true, forwardKubeDNSToHost: true}", "{forwardKubeDNSToHost: true}", "null"}},
	{"machine.features.kubernetesTalosAPIAccess", []string{"{enabled: true, allowedRoles: ['os:reader']}", "{enabled: true, allowedRoles: ['os:king']}", "{allowedRoles: ['os:king']}", "{enabled: true}"}},
	{"machine.features.nodeAddressSortAlgorithm", []string{"v1", "V2", "v3", "''"}},
	{"machine.features.stableHostname", []string{"true", "false"}},
	{"machine.network.hostname", []string{"a", "''"}},
	{"machine.network.nameservers", []string{"[1.1.1.1]", "[a]"}},
	{"machine.network.kubespan", []string{"{}", "{enabled: true}", "{enabled: true, mtu: 1279}", "{enabled: true, mtu: 1280}", "{enabled: true, mtu: 0}", "{mtu: 100}",
		"{enabled: true, filters: {endpoints: [0.0.0.0/0, '!10.0.0.0/8']}}", "{enabled: true, filters: {endpoints: ['!!10.0.0.0/8']}}",
		"{enabled: true, filters: {endpoints: [10.0.0.1, a]}}", "{enabled: true, filters: {excludeAdvertisedNetworks: [10.0.0.0/8]}}", "{enabled: true, filters: {excludeAdvertisedNetworks: ['!10.0.0.0/8']}}"}},
	{"machine.network.interfaces", interfaces},
	{"machine.disks", []string{"[]", "[null]", "[{device: /dev/sdb, partitions: [{mountpoint: /a}]}]", "[{device: /dev/sdb, partitions: [{mountpoint: /a}, {mountpoint: /b, size: 1GB}]}]",
		"[{device: /dev/sdb, partitions: [{mountpoint: /b, size: 1GB}, {mountpoint: /a}]}]", "[{device: /dev/sdb, partitions: [{size: 0}]}]"}},
	{"machine.kubelet.nodeIP.validSubnets", networkLists},
	{"machine.kubelet.extraConfig", []string{"{maxPods: 1}", "{apiVersion: a}", "{authentication: {}}", "{seccompDefault: true}", "{staticPodPath: a}", "{port: 1}", "{cgroupRoot: null}"}},
	{"machine.kubelet.extraMounts", []string{"[{destination: /a, type: bind, source: /a}]"}},
	{"machine.systemDiskEncryption.state", encryptions},
	{"machine.systemDiskEncryption.ephemeral", encryptions},
	{"machine.logging.destinations", []string{"[]", "[{endpoint: 'tcp://1.2.3.4:5044/', format: json_lines}]", "[{endpoint: 'udp://h:1', format: json}]", "[{endpoint: 'http://h', format: json_lines}]",
		"[{endpoint: 'tcp:', format: json_lines}]", "[{format: json_lines}]", "[{endpoint: '', format: json_lines}]", "[{endpoint: 'TCP://h', format: json_lines}]", "[{endpoint: 'tcp://u@', format: json_lines}]"}},
	{"machine.nodeLabels", labelMaps},
	{"machine.nodeAnnotations", append([]string{"{talos.dev/owned-labels: a}", "{talos.dev/owned-taints: a}", "{a: '" + strings.Repeat("x", 1<<18) + "'}", "{a: '" + strings.Repeat("x", 1<<18-1) + "'}"}, labelMaps...)},
	{"machine.nodeTaints", append([]string{"{a: NoSchedule}", "{a: 'b:NoExecute'}", "{a: 'b:c:NoExecute'}", "{a: ':PreferNoSchedule'}", "{a: '-:NoSchedule'}", "{a: noschedule}", "{a: ''}", "{'a b': NoSchedule}"}, labelMaps...)},
	{"machine.registries", []string{"{mirrors: {a: null}}", "{config: {a: null}}", "{mirrors: {a: {endpoints: [b]}}}", "{config: {a: {auth: {username: b}}}}"}},
	{"machine.sysctls", []string{"{a: b}"}},
	{"machine.env", []string{"{a: b}"}},
	{"machine.time", []string{"{servers: [a]}", "{disabled: true}"}},
	{"cluster.id", []string{"''", "a"}},
	{"cluster.secret", []string{"''", "a"}},
	{"cluster.controlPlane", []string{"null", "{}", "{endpoint: null}", "{endpoint: ''}"}},
	{"cluster.controlPlane.endpoint", []string{"https://a:6443", "https://[fd00::1]", "https://", "https://a:0", "https://a:65536", "https://a:65535", "a", "mailto:a", "http://u:p@h/x?y#z", "https://:1", "//h", "https://a:99999999999999999999"}},
	{"cluster.network.dnsDomain", []string{"a.b", "''", "a..b", "-a", "a-", "a_b.", "a._", "ä", "a b", strings.Repeat("a", 63), strings.Repeat("a", 64), strings.Repeat("a", 63) + "_", strings.Repeat("a.", 150), strings.Repeat("a.", 255), strings.Repeat("a.", 256)}},
	{"cluster.network.cni", []string{"null", "{}", "{name: flannel}", "{name: none}", "{name: custom}", "{name: cilium}", "{name: flannel, urls: [a]}", "{name: none, urls: ['https://a']}",
		"{name: custom, urls: ['https://a', 'b']}", "{name: custom, urls: ['https://a']}", "{name: none, flannel: {extraArgs: [a]}}", "{name: flannel, flannel: {extraArgs: [a], kubeNetworkPoliciesEnabled: true}}",
		"{name: custom, flannel: {kubeNetworkPoliciesEnabled: true}, urls: ['https://a']}", "{name: none, flannel: {kubeNetworkPoliciesEnabled: false}}"}},
	{"cluster.network.podSubnets", []string{"[]", "[a]", "[10.0.0.0/8]"}},
	{"cluster.externalCloudProvider", []string{"{}", "{enabled: true}", "{manifests: [a]}", "{enabled: true, manifests: ['https://a']}", "{enabled: true, manifests: [a, 'https://b:c']}", "{enabled: false, manifests: ['https://a']}"}},
	{"cluster.etcd", []string{"null", "{}", "{ca: {crt: '', key: ''}}", "{ca: null}"}},
	{"cluster.etcd.subnet", []string{"10.0.0.0/8", "''", "a", "!10.0.0.1"}},
	{"cluster.etcd.advertisedSubnets", networkLists},
	{"cluster.etcd.listenSubnets", networkLists},
	{"cluster.ca", []string{"null", "{}", "{crt: Zm9v, key: ''}", "{crt: Zm9v, key: YmFy}"}},
	{"cluster.acceptedCAs", []string{"[]", "[{crt: Zm9v}]"}},
	{"cluster.secretboxEncryptionSecret", []string{"''", "a"}},
	{"cluster.aescbcEncryptionSecret", []string{"''", "a"}},
	{"cluster.inlineManifests", []string{"[]", "[{name: a, contents: b}]", "[{name: a, contents: b}, {name: a, contents: c}]", "[{name: ' ', contents: b}]", "[{name: '', contents: b}, {name: '', contents: b}]", "[{name: \"\\u2003\", contents: b}]"}},
	{"cluster.discovery", []string{"null", "{}", "{enabled: true}", "{enabled: false}", "{enabled: true, registries: {service: {disabled: true}}}", "{enabled: true, registries: {kubernetes: {disabled: true}}}"}},
	{"cluster.discovery.registries.service.endpoint", []string{"https://discovery.talos.dev/", "https://a", "https://a/b", "a", "''", "https://a?b", "https://a#b", "https://a?b#c", "mailto:a", "'*'", "/", "//a", "https://a:b", "https://a b"}},
	{"cluster.apiServer.extraArgs", []string{"{a: b}", "{authorization-mode: Node}", "{authorization-webhook-a: b}", "{authorization-modes: b}"}},
	{"cluster.apiServer.authorizationConfig", []string{"[]", "null", "[{type: Node, name: a}]", "[{type: Webhook, name: a, webhook: {a: b}}]", "[{type: node, name: a}]", "[{type: RBAC}]", "[{name: a}]"}},
	{"cluster.apiServer.resources", resources},
	{"cluster.controllerManager.resources", resources},
	{"cluster.scheduler.resources", resources},
	{"cluster.apiServer.image", []string{"a", "a:v1.2.3"}},
	{"cluster.proxy", []string{"{disabled: true}", "{mode: ipvs}"}},
	{"cluster.allowSchedulingOnMasters", []string{"true"}},
}

var networkLists = []string{"[10.0.0.0/8, '!10.1.0.0/16', fd00::1]", "[a]", "['']", "['!']", "[10.0.0.0/08]", "[10.0.0.256]", "[10.0.0.0/33]", "['fe80::1%eth0']", "['fe80::1%eth0/64']", "['::ffff:1.2.3.4/96']", "[010.0.0.1]", "[]"}

var labelMaps = []string{"{}", "{a: b}", "{example.com/a: b}", "{Example.com/a: b}", "{a/b/c: d}", "{/a: b}", "{a/: b}", "{'': b}", "{a: '-'}", "{a: ''}", "{a: 'x y'}", "{-a: b}", "{a_.b-c: D.e_f}", "{a: " + strings.Repeat("b", 64) + "}", "{" + strings.Repeat("b", 64) + ": a}", "{a..b/c: d}"}

var encryptions = []string{"null", "{}", "{provider: luks2, keys: []}", "{provider: luks2, keys: [{slot: 0, nodeID: {}}]}", "{provider: a, keys: [{slot: 0, static: {passphrase: a}}, {slot: 0, tpm: {}}]}", "{keys: [{slot: 1}]}", "{keys: [{slot: 1, kms: {endpoint: a}}, {slot: 2, tpm: {}}]}"}

var resources = []string{"{}", "{requests: {cpu: 1, memory: 1Gi}}", "{limits: {cpu: 1, disk: 1}}", "{requests: {'': 1}}", "null"}

var interfaces = []string{
	"[]", "[{}]", "[{interface: a}]", "[{interface: a, deviceSelector: {busPath: b}}]", "[{deviceSelector: {}}]", "[{deviceSelector: {physical: true}}]", "[{deviceSelector: {physical: false}}]",
	"[{interface: a, addresses: [10.0.0.1/24, 'fd00::1/64', 10.0.0.2]}]", "[{interface: a, addresses: [a]}]", "[{interface: a, addresses: [10.0.0.1/33]}]", "[{interface: a, addresses: [10.0.0.1/024]}]", "[{interface: a, cidr: 10.0.0.1/24}]",
	"[{interface: a, cidr: 10.0.0.1/24, addresses: [10.0.0.2/24]}]", "[{interface: a, cidr: b}]", "[{interface: a, ignore: true, cidr: b, routes: [{}]}]", "[{ignore: true}]", "[{interface: a, addresses: ['fe80::1%eth0']}]",
	"[{interface: a, routes: [{network: 10.0.0.0/8, gateway: 10.0.0.1}]}]", "[{interface: a, routes: [{}]}]", "[{interface: a, routes: [{network: a}]}]", "[{interface: a, routes: [{gateway: a}]}]", "[{interface: a, routes: [{gateway: 10.0.0.1, source: a}]}]", "[{interface: a, routes: [{network: 10.0.0.0, source: '::1'}]}]",
	"[{interface: a, vip: {ip: 10.0.0.1}}]", "[{interface: a, vip: {ip: a}}]", "[{interface: a, vip: {ip: ''}}]", "[{interface: a, ignore: true, vip: {ip: ''}}]", "[{interface: a, vlans: [{vlanId: 1, vip: {ip: a}}]}]",
	"[{interface: a, vlans: [{vlanId: 1, addresses: [10.0.0.1/24]}, {vlanId: 2, cidr: 10.0.0.1}]}]", "[{interface: a, vlans: [{vlanId: 1, addresses: [a]}]}]", "[{interface: a, vlans: [{vlanId: 1, addresses: [10.0.0.1/24], cidr: 10.0.0.1/24}]}]", "[{interface: a, vlans: [{cidr: a}]}]",
	"[{interface: a, bond: {interfaces: [b], mode: 802.3ad, lacpRate: fast, adActorSysPrio: 1, adUserPortKey: 2}}, {interface: b}]", "[{interface: a, bond: {interfaces: [b]}}, {interface: b, dhcp: true}]", "[{interface: a, bond: {interfaces: [b]}}, {interface: b, dhcp: false, mtu: 9000}]",
	"[{interface: a, bond: {interfaces: [b]}, bridge: {interfaces: [c]}}]", "[{interface: a, bond: {interfaces: [b], deviceSelectors: [{busPath: c}]}}]", "[{interface: a, bond: {interfaces: [x]}}, {interface: b, bridge: {interfaces: [x]}}]", "[{interface: a, bond: {interfaces: [x, x]}}]", "[{interface: a, bridge: {interfaces: [b], stp: {enabled: true}}}, {interface: b, addresses: [10.0.0.1/24]}]",
	"[{interface: a, bond: {mode: b}}]", "[{interface: a, bond: {mode: balance-xor, xmitHashPolicy: layer3+4}}]", "[{interface: a, bond: {xmitHashPolicy: layer4}}]", "[{interface: a, bond: {mode: 802.3ad, lacpRate: medium}}]", "[{interface: a, bond: {lacpRate: slow}}]",
	"[{interface: a, bond: {arpValidate: all}}]", "[{interface: a, bond: {mode: balance-alb, arpValidate: none}}]", "[{interface: a, bond: {arpValidate: some}}]", "[{interface: a, bond: {arpAllTargets: any}}]", "[{interface: a, bond: {arpAllTargets: one}}]",
	"[{interface: a, bond: {mode: active-backup, primary: b, primaryReselect: better}}]", "[{interface: a, bond: {primary: b}}]", "[{interface: a, bond: {primaryReselect: a}}]", "[{interface: a, bond: {failOverMac: follow}}]", "[{interface: a, bond: {failOverMac: '1'}}]", "[{interface: a, bond: {adSelect: count}}]", "[{interface: a, bond: {adSelect: a}}]",
	"[{interface: a, bond: {miimon: 100, updelay: 200, downdelay: 100}}]", "[{interface: a, bond: {miimon: 100, updelay: 150}}]", "[{interface: a, bond: {downdelay: 1}}]", "[{interface: a, bond: {arpIPTarget: [10.0.0.1]}}]", "[{interface: a, bond: {adActorSystem: a}}]", "[{interface: a, bond: {mode: balance-tlb, arpInterval: 1}}]", "[{interface: a, bond: {arpInterval: 1}}]",
	"[{interface: a, bond: {packetsPerSlave: 2}}]", "[{interface: a, bond: {mode: broadcast, packetsPerSlave: 2}}]", "[{interface: a, bond: {mode: broadcast, packetsPerSlave: 1}}]", "[{interface: a, bond: {tlbDynamicLb: 1}}]", "[{interface: a, bond: {mode: balance-tlb, tlbDynamicLb: 1}}]", "[{interface: a, bond: {adActorSysPrio: 1}}]", "[{interface: a, bond: {adUserPortKey: 1}}]",
	"[{interface: a, wireguard: {privateKey: " + wireguardKey + "}}]", "[{interface: a, wireguard: {privateKey: YWJj}}]", "[{interface: a, wireguard: {}}]",
	"[{interface: a, wireguard: {privateKey: " + wireguardKey + ", peers: [{publicKey: " + wireguardKey + ", endpoint: '10.0.0.1:51820', allowedIPs: [10.0.0.0/8]}]}}]",
	"[{interface: a, wireguard: {privateKey: " + wireguardKey + ", peers: [{publicKey: a}]}}]",
	"[{interface: a, wireguard: {privateKey: " + wireguardKey + ", peers: [{publicKey: " + wireguardKey + ", endpoint: 'fd00::1:1'}]}}]", "[{interface: a, wireguard: {privateKey: " + wireguardKey + ", peers: [{publicKey: " + wireguardKey + ", endpoint: '[fd00::1]:1'}]}}]",
	"[{interface: a, wireguard: {privateKey: " + wireguardKey + ", peers: [{publicKey: " + wireguardKey + ", endpoint: 'a'}]}}]", "[{interface: a, wireguard: {privateKey: " + wireguardKey + ", peers: [{publicKey: " + wireguardKey + ", endpoint: '[h]:x'}]}}]",
	"[{interface: a, wireguard: {privateKey: " + wireguardKey + ", peers: [{publicKey: " + wireguardKey + ", allowedIPs: [10.0.0.1]}]}}]",
}

// randomValidateRequest asks whether a configuration is valid: a generated one that was changed here and there, or
// just a few fields, with other documents beside it, sometimes spoiled.
func (b bundles) randomValidateRequest(r *rand.Rand) map[string]any {
	var parts []string

	tree := map[string]any{}

	switch r.IntN(10) {
	case 0:
		tree = nil
	case 1, 2:
		tree["machine"] = map[string]any{"type": pick(r, []string{"controlplane", "worker"})}
	default:
		if err := yaml.Unmarshal([]byte(strings.Split(b.generated(r), "\n---\n")[0]), &tree); err != nil {
			panic(err)
		}
	}

	if tree != nil {
		for range r.IntN(4) {
			at := pick(r, choices)
			put(tree, strings.Split(at.path, "."), parsed(pick(r, at.values)))
		}

		text, err := yaml.Marshal(tree)
		if err != nil {
			panic(err)
		}

		parts = append(parts, string(text))
	}

	for range r.IntN(3) {
		parts = append(parts, pick(r, documents))
	}

	text := strings.Join(parts, "---\n")
	if text != "" && r.IntN(12) == 0 {
		text = damage(r, text)
	}

	return map[string]any{
		"config": text,
		"mode":   pick(r, []string{"metal", "metal", "cloud", "container", "metal-agent", "other"}),
		"strict": r.IntN(4) == 0,
	}
}

func parsed(text string) any {
	var value any

	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		panic(text + ": " + err.Error())
	}

	return value
}

// put sets a value, with all that is around it.
func put(tree map[string]any, path []string, value any) {
	for len(path) > 1 {
		next, ok := tree[path[0]].(map[string]any)
		if !ok {
			next = map[string]any{}
			tree[path[0]] = next
		}

		tree, path = next, path[1:]
	}

	tree[path[0]] = value
}

// sameVerdict compares whether the configuration is valid and, if not, what found that out.
func sameVerdict(_, here, there map[string]any) string {
	for _, field := range []string{"ok", "stage"} {
		if here[field] != there[field] {
			return "go " + verdictText(here) + ", rust " + verdictText(there)
		}
	}

	return ""
}

func verdictText(answer map[string]any) string {
	stage, _ := answer["stage"].(string)

	return stage + " " + strings.Join(list(answer["errors"]), "; ")
}

func list(value any) []string {
	var all []string

	entries, _ := value.([]any)
	for _, entry := range entries {
		text, _ := entry.(string)
		all = append(all, text)
	}

	return all
}
