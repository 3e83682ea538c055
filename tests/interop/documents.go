package main

import (
	"math/rand/v2"
	"strings"
)

// documents are configuration documents beside the main one, as a user may write them.
var documents = []string{
	"apiVersion: v1alpha1\nkind: HostnameConfig\nauto: stable\n",
	"apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: node-1.example.org\n",
	"apiVersion: v1alpha1\nkind: KubeSpanConfig\nenabled: true\nmtu: 1420\nfilters:\n  endpoints: [0.0.0.0/0, '!10.0.0.0/8']\n",
	"apiVersion: v1alpha1\nkind: ResolverConfig\nnameservers:\n  - address: 10.0.0.1\n  - address: fd00::1\nsearchDomains:\n  domains: [example.org]\n  disableDefault: true\n",
	"apiVersion: v1alpha1\nkind: TimeSyncConfig\nenabled: true\nbootTimeout: 2m\nntp:\n  servers: [time.example.org]\n",
	"apiVersion: v1alpha1\nkind: LinkConfig\nname: enp0s2\nup: true\nmtu: 9000\naddresses:\n  - address: 10.0.0.5/24\n    routePriority: 100\nroutes:\n  - destination: 10.1.0.0/16\n    gateway: 10.0.0.1\n  - gateway: 10.0.0.254\n",
	"apiVersion: v1alpha1\nkind: BondConfig\nname: bond0\nlinks: [eth0, eth1]\nbondMode: 802.3ad\nmiimon: 100\nupdelay: 200\ndownDelay: 200\nlacpRate: fast\nxmitHashPolicy: layer3+4\n",
	"apiVersion: v1alpha1\nkind: VLANConfig\nname: eth0.5\nvlanID: 5\nparent: eth0\nvlanMode: 802.1q\n",
	"apiVersion: v1alpha1\nkind: BridgeConfig\nname: br0\nlinks: [eth2]\nstp:\n  enabled: true\n",
	"apiVersion: v1alpha1\nkind: DummyLinkConfig\nname: dummy0\naddresses:\n  - address: 10.9.9.9/32\n",
	"apiVersion: v1alpha1\nkind: DHCPv4Config\nname: eth0\nrouteMetric: 512\n",
	"apiVersion: v1alpha1\nkind: EthernetConfig\nname: eth0\nrings:\n  rx: 256\n  tx: 256\nchannels:\n  combined: 4\nfeatures:\n  tx-checksum-ipv4: true\n",
	"apiVersion: v1alpha1\nkind: Layer2VIPConfig\nname: 10.0.0.100\nlink: eth0\n",
	"apiVersion: v1alpha1\nkind: StaticHostConfig\nname: 10.0.0.50\nhostnames: [registry, registry.example.org]\n",
	"apiVersion: v1alpha1\nkind: NetworkDefaultActionConfig\ningress: block\n",
	"apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: api\nportSelector:\n  ports: [50000, 1000-2000, '6443']\n  protocol: tcp\ningress:\n  - subnet: 10.0.0.0/8\n    except: 10.1.0.0/16\n",
	"apiVersion: v1alpha1\nkind: RegistryMirrorConfig\nname: docker.io\nendpoints:\n  - url: https://mirror.example.org/v2\n    overridePath: true\nskipFallback: true\n",
	"apiVersion: v1alpha1\nkind: RegistryAuthConfig\nname: registry.example.org\nusername: me\npassword: '12345'\n",
	"apiVersion: v1alpha1\nkind: RegistryTLSConfig\nname: registry.example.org\ninsecureSkipVerify: true\n",
	"apiVersion: v1alpha1\nkind: VolumeConfig\nname: EPHEMERAL\nprovisioning:\n  diskSelector:\n    match: disk.transport == \"nvme\" && !system_disk\n  minSize: 10GiB\n  maxSize: 50%\n  grow: true\n",
	"apiVersion: v1alpha1\nkind: UserVolumeConfig\nname: data\nprovisioning:\n  diskSelector:\n    match: '!system_disk'\n  maxSize: 100GB\nfilesystem:\n  type: xfs\n",
	"apiVersion: v1alpha1\nkind: RawVolumeConfig\nname: raw\nprovisioning:\n  diskSelector:\n    match: disk.size > 10u * GiB\n  minSize: 1GiB\n",
	"apiVersion: v1alpha1\nkind: SwapVolumeConfig\nname: swap\nprovisioning:\n  diskSelector:\n    match: system_disk\n  maxSize: 4GiB\n",
	"apiVersion: v1alpha1\nkind: ZswapConfig\nmaxPoolPercent: 25\nshrinkerEnabled: true\n",
	"apiVersion: v1alpha1\nkind: ExistingVolumeConfig\nname: old\ndiscovery:\n  volumeSelector:\n    match: volume.partition_label == \"OLD\"\nmount:\n  readOnly: true\n",
	"apiVersion: v1alpha1\nkind: SideroLinkConfig\napiUrl: https://siderolink.example.org/join?jointoken=x\n",
	"apiVersion: v1alpha1\nkind: EventSinkConfig\nendpoint: 10.0.0.9:8080\n",
	"apiVersion: v1alpha1\nkind: KmsgLogConfig\nname: remote\nurl: udp://10.0.0.9:514/\n",
	"apiVersion: v1alpha1\nkind: WatchdogTimerConfig\ndevice: /dev/watchdog0\ntimeout: 3m\n",
	"apiVersion: v1alpha1\nkind: ExtensionServiceConfig\nname: nut-client\nconfigFiles:\n  - content: |\n      MONITOR ups\n    mountPath: /etc/nut/upsmon.conf\nenvironment:\n  - A=b\n",
	"apiVersion: v1alpha1\nkind: TrustedRootsConfig\nname: ca\ncertificates: |\n  -----BEGIN CERTIFICATE-----\n  AAAA\n  -----END CERTIFICATE-----\n",
	"apiVersion: v1alpha1\nkind: PCIDriverRebindConfig\nname: 0000:04:00.00\ntargetDriver: vfio-pci\n",
	"apiVersion: v1alpha1\nkind: KubeSpanEndpointsConfig\nextraAnnouncedEndpoints: ['192.168.13.46:52000']\n",
	"apiVersion: v1alpha1\nkind: EnvironmentConfig\nvariables:\n  HTTP_PROXY: http://10.0.0.1:3128\n  NO_PROXY: 'true'\n",
	"apiVersion: v1alpha1\nkind: OOMConfig\ntriggerExpression: memory_full_avg10 > 12.0\n",
	"apiVersion: v1alpha1\nkind: LinkAliasConfig\nname: net0\nselector:\n  match: mac(link.permanent_addr) == \"00:1a:2b:3c:4d:5e\"\n",
	"apiVersion: v1alpha1\nkind: VRFConfig\nname: vrf-blue\nlinks: [eth3]\ntable: '123'\n",
	"apiVersion: v1alpha1\nkind: BlackholeRouteConfig\nname: 10.66.0.0/16\nmetric: 100\n",
	"apiVersion: v1alpha1\nkind: TCPProbeConfig\nname: gateway\nendpoint: 10.0.0.1:443\ninterval: 10s\ntimeout: 1s\n",
	// Wrong.
	"apiVersion: v1alpha1\nkind: ZswapConfig\nmaxPoolPercent: many\n",
	"apiVersion: v1alpha1\nkind: DHCPv4Config\nname: eth0\nrouteMetrics: 512\n",
	"apiVersion: v2\nkind: HostnameConfig\nhostname: x\n",
	"kind: HostnameConfig\nhostname: x\n",
	"apiVersion: v1alpha1\nkind: WatchdogTimerConfig\ntimeout: 3\n",
	"apiVersion: v1alpha1\nkind: StaticHostConfig\nname: 10.0.0.50\nhostnames: registry\n",
	"apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: api\nportSelector:\n  ports: [90000]\n",
	"apiVersion: v1alpha1\n",
}

// nothing is no document. As a patch, Go would take it for an empty list of operations.
const nothing = "# nothing\n"

// randomLoadRequest asks for a configuration of several documents, sometimes spoiled.
func (b bundles) randomLoadRequest(r *rand.Rand) map[string]any {
	var parts []string

	if r.IntN(3) > 0 {
		parts = append(parts, b.generated(r))
	}

	for range r.IntN(4) {
		parts = append(parts, pick(r, append(documents, nothing)))
	}

	r.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })

	text := strings.Join(parts, "---\n")
	if text != "" && r.IntN(10) == 0 {
		text = damage(r, text)
	}

	return map[string]any{"config": text}
}
