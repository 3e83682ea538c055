package main

import (
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/go-multierror"
	sideronet "github.com/siderolabs/net"
	"go.yaml.in/yaml/v4"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/bundle"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
	"github.com/siderolabs/talos/pkg/machinery/config/encoder"
	"github.com/siderolabs/talos/pkg/machinery/config/generate"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"github.com/siderolabs/talos/pkg/machinery/gendata"
)

type genRequest struct {
	Name                 string              `json:"name"`
	Secrets              *string             `json:"secrets"`
	Contract             string              `json:"contract"`
	Cluster              string              `json:"cluster"`
	Endpoint             string              `json:"endpoint"`
	K8sVersion           *string             `json:"k8s_version"`
	InstallDisk          *string             `json:"install_disk"`
	InstallImage         *string             `json:"install_image"`
	AdditionalSANs       []string            `json:"additional_sans"`
	DNSDomain            *string             `json:"dns_domain"`
	RegistryMirrors      map[string][]string `json:"registry_mirrors"`
	WithKubeSpan         bool                `json:"with_kubespan"`
	WithClusterDiscovery *bool               `json:"with_cluster_discovery"`
	Patches              []string            `json:"patches"`
	PatchesControlPlane  []string            `json:"patches_controlplane"`
	PatchesWorker        []string            `json:"patches_worker"`
	Output               []string            `json:"output"`
	SkipK8sEtcd          bool                `json:"skip_k8s_etcd"`
	Now                  *time.Time          `json:"now"`
	Library              libraryOptions      `json:"library"`
}

// libraryOptions are those that talosctl has no flags for.
type libraryOptions struct {
	KernelArgs       []string          `json:"kernel_args"`
	Sysctls          map[string]string `json:"sysctls"`
	APIPort          int               `json:"api_port"`
	CNIURL           string            `json:"cni_url"`
	Scheduling       bool              `json:"scheduling"`
	RegistryCAs      map[string]string `json:"registry_cas"`
	RegistryInsecure []string          `json:"registry_insecure"`
	KubePrismPort    *int              `json:"kubeprism_port"`
	ForwardDNS       bool              `json:"forward_dns"`
	Debug            bool              `json:"debug"`
	Endpoints        []string          `json:"endpoints"`
}

func (l libraryOptions) options() []generate.Option {
	opts := []generate.Option{
		generate.WithInstallExtraKernelArgs(l.KernelArgs),
		generate.WithSysctls(l.Sysctls),
		generate.WithLocalAPIServerPort(l.APIPort),
		generate.WithAllowSchedulingOnControlPlanes(l.Scheduling),
		generate.WithHostDNSForwardKubeDNSToHost(l.ForwardDNS),
		generate.WithDebug(l.Debug),
		generate.WithEndpointList(l.Endpoints),
	}

	if l.CNIURL != "" {
		opts = append(opts, generate.WithClusterCNIConfig(&v1alpha1.CNIConfig{CNIName: constants.CustomCNI, CNIUrls: []string{l.CNIURL}}))
	}

	for host, ca := range l.RegistryCAs {
		opts = append(opts, generate.WithRegistryCACert(host, ca))
	}

	for _, host := range l.RegistryInsecure {
		opts = append(opts, generate.WithRegistryInsecureSkipVerify(host))
	}

	if l.KubePrismPort != nil {
		opts = append(opts, generate.WithKubePrismPort(*l.KubePrismPort))
	}

	return opts
}

type genAnswer struct {
	ControlPlane string `json:"controlplane"`
	Worker       string `json:"worker"`
	Talosconfig  string `json:"talosconfig"`
	Error        string `json:"error"`
}

func gen(req genRequest) genAnswer {
	var out genAnswer

	if err := generateInto(req, &out); err != nil {
		return genAnswer{Error: err.Error()}
	}

	return out
}

func generateInto(req genRequest, out *genAnswer) error {
	if err := checkEndpoint(req.Endpoint); err != nil {
		return err
	}

	outputs, err := outputSet(req.Output)
	if err != nil {
		return err
	}

	b, err := generateBundle(req)
	if err != nil {
		return err
	}

	if outputs["controlplane"] {
		if out.ControlPlane, err = encode(b, machine.TypeControlPlane); err != nil {
			return err
		}
	}

	if outputs["worker"] {
		if out.Worker, err = encode(b, machine.TypeWorker); err != nil {
			return err
		}
	}

	if outputs["talosconfig"] {
		text, err := yaml.Marshal(b.TalosConfig())
		if err != nil {
			return err
		}

		out.Talosconfig = string(text)
	}

	return nil
}

func generateBundle(req genRequest) (*bundle.Bundle, error) {
	if req.SkipK8sEtcd {
		return nil, errors.New("this version has no skip_k8s_etcd")
	}

	contract, err := parseContract(req.Contract)
	if err != nil {
		return nil, err
	}

	opts := []generate.Option{
		generate.WithVersionContract(contract),
		generate.WithInstallDisk(orDefault(req.InstallDisk, "/dev/sda")),
		generate.WithInstallImage(orDefault(req.InstallImage, "ghcr.io/siderolabs/installer:"+gendata.VersionTag)),
		generate.WithAdditionalSubjectAltNames(req.AdditionalSANs),
		generate.WithDNSDomain(orDefault(req.DNSDomain, "cluster.local")),
		generate.WithClusterDiscovery(orDefault(req.WithClusterDiscovery, true)),
	}

	for host, endpoints := range req.RegistryMirrors {
		opts = append(opts, generate.WithRegistryMirror(host, endpoints...))
	}

	if req.WithKubeSpan {
		opts = append(opts, generate.WithKubeSpanEnabled(true))
	}

	opts = append(opts, req.Library.options()...)

	secretsBundle, err := requestSecrets(req, contract)
	if err != nil {
		return nil, err
	}

	opts = append(opts, generate.WithSecretsBundle(secretsBundle))

	bundleOpts := []bundle.Option{
		bundle.WithVerbose(false),
		bundle.WithInputOptions(&bundle.InputOptions{
			ClusterName: req.Cluster,
			Endpoint:    req.Endpoint,
			KubeVersion: strings.TrimPrefix(orDefault(req.K8sVersion, constants.DefaultKubernetesVersion), "v"),
			GenOptions:  opts,
		}),
	}

	for _, p := range []struct {
		texts []string
		with  func([]configpatcher.Patch) bundle.Option
	}{
		{req.Patches, bundle.WithPatch},
		{req.PatchesControlPlane, bundle.WithPatchControlPlane},
		{req.PatchesWorker, bundle.WithPatchWorker},
	} {
		patches, err := configpatcher.LoadPatches(p.texts)
		if err != nil {
			return nil, fmt.Errorf("patches: %w", err)
		}

		bundleOpts = append(bundleOpts, p.with(patches))
	}

	b, err := bundle.NewBundle(bundleOpts...)
	if err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}

	return b, nil
}

func requestSecrets(req genRequest, contract *config.VersionContract) (*secrets.Bundle, error) {
	clock := fixedClock(req.Now)

	if req.Secrets == nil {
		return secrets.NewBundle(clock, contract)
	}

	b, err := parseSecrets(*req.Secrets, clock)
	if err != nil {
		return nil, fmt.Errorf("load secrets: %w", err)
	}

	if err = b.Validate(); err != nil {
		return nil, fmt.Errorf("check secrets: %w", err)
	}

	return b, nil
}

func parseSecrets(text string, clock secrets.Clock) (*secrets.Bundle, error) {
	b := &secrets.Bundle{Clock: clock}

	return b, yaml.NewDecoder(strings.NewReader(text)).Decode(&b)
}

func loadSecretsFile(path string) (*secrets.Bundle, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}

	return parseSecrets(string(text), secrets.NewClock())
}

func fixedClock(now *time.Time) secrets.Clock {
	return secrets.NewFixedClock(orDefault(now, time.Now()))
}

func parseContract(text string) (*config.VersionContract, error) {
	if text == "" {
		return config.TalosVersionCurrent, nil
	}

	contract, err := config.ParseContractFromVersion(text)
	if err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}

	return contract, nil
}

func encode(b *bundle.Bundle, t machine.Type) (string, error) {
	text, err := b.Serialize(encoder.CommentsDisabled, t)

	return string(text), err
}

func outputSet(names []string) (map[string]bool, error) {
	known := map[string]bool{"controlplane": true, "worker": true, "talosconfig": true}
	if names == nil {
		return known, nil
	}

	if len(names) == 0 {
		return nil, errors.New("output is empty")
	}

	var bad error

	set := map[string]bool{}

	for _, name := range names {
		if !known[name] {
			bad = multierror.Append(bad, fmt.Errorf("no such output: %q", name))
		}

		set[name] = true
	}

	return set, bad
}

// checkEndpoint takes the endpoints that the command line tool takes.
func checkEndpoint(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil {
		return err
	}

	if u.Scheme != "https" {
		return fmt.Errorf("endpoint %q does not begin with https://", endpoint)
	}

	return sideronet.ValidateEndpointURI(endpoint)
}

type secretsRequest struct {
	Name     string     `json:"name"`
	Contract string     `json:"contract"`
	Now      *time.Time `json:"now"`
}

type secretsAnswer struct {
	Secrets string `json:"secrets"`
	Error   string `json:"error"`
}

func newSecrets(args []string) error {
	flags := flag.NewFlagSet("secrets", flag.ExitOnError)
	contract := flags.String("contract", "", "print one bundle for this contract (current = newest) instead of reading stdin")

	if err := flags.Parse(args); err != nil {
		return err
	}

	if *contract == "" {
		return lines(answerSecrets)
	}

	a := answerSecrets(secretsRequest{Contract: strings.TrimPrefix(*contract, "current")})
	fmt.Print(a.Secrets)

	if a.Error != "" {
		return errors.New(a.Error)
	}

	return nil
}

func answerSecrets(req secretsRequest) secretsAnswer {
	contract, err := parseContract(req.Contract)
	if err != nil {
		return secretsAnswer{Error: err.Error()}
	}

	b, err := secrets.NewBundle(fixedClock(req.Now), contract)
	if err != nil {
		return secretsAnswer{Error: err.Error()}
	}

	return encodeSecrets(b)
}

func encodeSecrets(b *secrets.Bundle) secretsAnswer {
	text, err := yaml.Marshal(b)

	return secretsAnswer{Secrets: string(text), Error: errText(err)}
}

type configRequest struct {
	Name   string `json:"name"`
	Config string `json:"config"`
}

func bundleFromConfig(req configRequest) secretsAnswer {
	cfg, err := configloader.NewFromBytes([]byte(req.Config))
	if err != nil {
		return secretsAnswer{Error: err.Error()}
	}

	return encodeSecrets(secrets.NewBundleFromConfig(secrets.NewClock(), cfg))
}
