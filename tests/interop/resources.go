package main

import (
	"context"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"github.com/cosi-project/runtime/pkg/resource"
	"github.com/cosi-project/runtime/pkg/resource/meta"
	"github.com/cosi-project/runtime/pkg/state"
	"github.com/cosi-project/runtime/pkg/state/impl/inmem"
	"github.com/cosi-project/runtime/pkg/state/impl/namespaced"
	"github.com/cosi-project/runtime/pkg/state/registry"
	"go.yaml.in/yaml/v4"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	coreconfig "github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/resources/block"
	"github.com/siderolabs/talos/pkg/machinery/resources/cluster"
	"github.com/siderolabs/talos/pkg/machinery/resources/config"
	"github.com/siderolabs/talos/pkg/machinery/resources/k8s"
	"github.com/siderolabs/talos/pkg/machinery/resources/network"
	"github.com/siderolabs/talos/pkg/machinery/resources/runtime"
	"github.com/siderolabs/talos/pkg/machinery/resources/secrets"
	"github.com/siderolabs/talos/pkg/machinery/resources/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/role"
)

// kinds are the resource types known to the server.
var kinds = []meta.ResourceWithRD{
	&block.Disk{}, &block.VolumeStatus{}, &cluster.Member{}, &config.MachineConfig{}, &k8s.Nodename{}, &k8s.StaticPodStatus{},
	&network.AddressStatus{}, &network.HostnameStatus{}, &network.LinkStatus{}, &network.NodeAddress{}, &network.RouteStatus{},
	&runtime.Diagnostic{}, &runtime.MachineStatus{}, &runtime.MountStatus{}, &v1alpha1.Service{},
}

// newResources makes a state with a few resources of a machine, n of them AddressStatuses.
func newResources(ctx context.Context, n int, maintenance bool) (state.State, error) {
	core := namespaced.NewState(func(ns resource.Namespace) state.CoreState {
		return inmem.NewStateWithOptions(
			inmem.WithHistoryInitialCapacity(8),
			inmem.WithHistoryMaxCapacity(1024),
			inmem.WithHistoryGap(4),
		)(ns)
	})
	st := state.WrapCore(core)

	namespaces := registry.NewNamespaceRegistry(st)
	if err := namespaces.RegisterDefault(ctx); err != nil {
		return nil, err
	}

	definitions := registry.NewResourceRegistry(st)
	if err := definitions.RegisterDefault(ctx); err != nil {
		return nil, err
	}

	for _, ns := range []resource.Namespace{
		cluster.NamespaceName, config.NamespaceName, k8s.NamespaceName, network.NamespaceName, runtime.NamespaceName, secrets.NamespaceName,
	} {
		if err := namespaces.Register(ctx, ns, ns); err != nil {
			return nil, err
		}
	}

	for _, r := range kinds {
		if err := definitions.Register(ctx, r); err != nil {
			return nil, err
		}
	}

	disk := block.NewDisk(block.NamespaceName, "vda")
	disk.TypedSpec().DevPath = "/dev/vda"
	disk.TypedSpec().Size = 10 << 30
	disk.TypedSpec().PrettySize = "11 GB"

	hostname := network.NewHostnameStatus(network.NamespaceName, network.HostnameID)
	hostname.TypedSpec().Hostname = "interop"

	machineStatus := runtime.NewMachineStatus()
	machineStatus.TypedSpec().Stage = runtime.MachineStageRunning
	machineStatus.TypedSpec().Status.Ready = true

	nodename := k8s.NewNodename(k8s.NamespaceName, k8s.NodenameID)
	nodename.TypedSpec().Nodename = "interop"

	member := cluster.NewMember(cluster.NamespaceName, "interop")
	member.TypedSpec().Addresses = []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	member.TypedSpec().Hostname = "interop"
	member.TypedSpec().MachineType = machine.TypeControlPlane
	member.TypedSpec().OperatingSystem = "Talos (v1.13.9)"

	addresses := network.NewNodeAddress(network.NamespaceName, network.NodeAddressDefaultID)
	addresses.TypedSpec().Addresses = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/8")}

	all := []resource.Resource{disk, hostname, machineStatus, addresses}

	if maintenance {
		machineStatus.TypedSpec().Stage = runtime.MachineStageMaintenance
	} else {
		all = append(all, nodename, member)
	}

	for _, id := range services {
		service := v1alpha1.NewService(id)
		service.TypedSpec().Running = true
		service.TypedSpec().Healthy = true
		all = append(all, service)
	}

	for _, r := range all {
		if err := st.Create(ctx, r); err != nil {
			return nil, err
		}
	}

	for i := range n {
		if err := st.Create(ctx, addressStatus(i)); err != nil {
			return nil, err
		}
	}

	return st, nil
}

func addressStatus(i int) *network.AddressStatus {
	r := network.NewAddressStatus(network.NamespaceName, fmt.Sprintf("eth0/%05d", i))
	r.TypedSpec().Address = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 24)
	r.TypedSpec().LinkName = "eth0"
	r.TypedSpec().LinkIndex = uint32(i)

	return r
}

func storeConfig(ctx context.Context, st state.State, cfg coreconfig.Provider) error {
	_, err := replaceResource(ctx, st, config.NewMachineConfig(cfg))

	return err
}

// replaceResource creates a resource or replaces an old one.
func replaceResource(ctx context.Context, st state.State, r resource.Resource) (string, error) {
	old, err := st.Get(ctx, r.Metadata())
	if state.IsNotFoundError(err) {
		err = st.Create(ctx, r)

		return r.Metadata().Version().String(), err
	}

	if err != nil {
		return "", err
	}

	r.Metadata().SetVersion(old.Metadata().Version())
	err = st.Update(ctx, r)

	return r.Metadata().Version().String(), err
}

func putResource(ctx context.Context, st state.State, cmd controlCommand) (string, error) {
	i := slices.IndexFunc(kinds, func(k meta.ResourceWithRD) bool { return k.ResourceDefinition().Type == cmd.Type })
	if i < 0 {
		return "", fmt.Errorf("unknown type %q", cmd.Type)
	}

	r := reflect.New(reflect.TypeOf(kinds[i]).Elem()).Interface().(resource.Resource)
	*r.Metadata() = resource.NewMetadata(cmd.Namespace, cmd.Type, cmd.ID, resource.VersionUndefined)

	for k, v := range cmd.Labels {
		r.Metadata().Labels().Set(k, v)
	}

	if err := yaml.Unmarshal([]byte(cmd.Spec), r.Spec()); err != nil {
		return "", err
	}

	return replaceResource(ctx, st, r)
}

func deleteResource(ctx context.Context, st state.State, cmd controlCommand) error {
	return st.Destroy(ctx, resource.NewMetadata(cmd.Namespace, cmd.Type, cmd.ID, resource.VersionUndefined))
}

// accessRule refuses writes, unknown types and namespaces, and sensitive types to all but administrators.
func (s *server) accessRule(writes bool) state.FilteringRule {
	return func(ctx context.Context, a state.Access) error {
		if !a.Verb.Readonly() && !writes {
			return status.Error(codes.PermissionDenied, "write access is not allowed")
		}

		r, err := s.resources.Get(ctx, resource.NewMetadata(meta.NamespaceName, meta.ResourceDefinitionType, strings.ToLower(a.ResourceType), resource.VersionUndefined))
		if state.IsNotFoundError(err) {
			return status.Errorf(codes.PermissionDenied, "resource type %q is not supported", a.ResourceType)
		}

		if err != nil {
			return err
		}

		_, err = s.resources.Get(ctx, resource.NewMetadata(meta.NamespaceName, meta.NamespaceType, a.ResourceNamespace, resource.VersionUndefined))
		if state.IsNotFoundError(err) {
			return status.Errorf(codes.PermissionDenied, "namespace %q is not supported", a.ResourceNamespace)
		}

		if err != nil {
			return err
		}

		roles, err := s.caller(ctx)
		if err != nil {
			return err
		}

		definition, ok := r.(*meta.ResourceDefinition)
		if ok && definition.TypedSpec().Sensitivity == meta.Sensitive && !slices.Contains(roles, role.Admin) {
			return status.Error(codes.PermissionDenied, "not authorized")
		}

		return nil
	}
}
