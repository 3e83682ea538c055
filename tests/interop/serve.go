package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	stdx509 "crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	cosi "github.com/cosi-project/runtime/api/v1alpha1"
	"github.com/cosi-project/runtime/pkg/state"
	cosiserver "github.com/cosi-project/runtime/pkg/state/protobuf/server"
	"github.com/siderolabs/crypto/x509"
	bolt "go.etcd.io/bbolt"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/siderolabs/talos/pkg/machinery/api/cluster"
	"github.com/siderolabs/talos/pkg/machinery/api/common"
	"github.com/siderolabs/talos/pkg/machinery/api/inspect"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/api/storage"
	timeapi "github.com/siderolabs/talos/pkg/machinery/api/time"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"github.com/siderolabs/talos/pkg/machinery/role"
)

// server is a small Talos API server. It embeds the generated stubs, so all it lacks is answered with Unimplemented.
type server struct {
	machine.UnimplementedMachineServiceServer

	secrets     *secrets.Bundle
	resources   state.State
	chunk       int
	maintenance bool
	record      bool
	served      map[string]bool

	mu           sync.Mutex
	changed      *sync.Cond
	events       []*machine.Event
	lastID       int
	calls        []*call
	round        int
	scripts      map[string]*script
	bootID       string
	started      time.Time
	bootstrapped bool
}

func serve(args []string) error {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	listen := flags.String("listen", "127.0.0.1:0", "loopback address")
	secretsFile := flags.String("secrets", "", "secrets bundle (default: a fresh one)")
	roles := flags.String("roles", "os:admin", "roles of the talosconfig that is printed, comma separated")
	resources := flags.Int("resources", 0, "number of AddressStatuses to create")
	chunk := flags.Int("chunk", 1024, "bytes per message of byte streams")
	maintenance := flags.Bool("maintenance", false, "self-signed certificate, no client certificate, reader role")
	cosiWrites := flags.Bool("cosi-writes", false, "accept resource writes (Talos does not)")
	record := flags.Bool("record", true, "record the calls")
	detached := flags.Bool("detached", false, "do not stop at the end of stdin")

	if err := flags.Parse(args); err != nil {
		return err
	}

	bundle, err := secretsOrNew(*secretsFile)
	if err != nil {
		return err
	}

	s := &server{secrets: bundle, chunk: *chunk, maintenance: *maintenance, record: *record, bootID: newBootID(), started: time.Now(), scripts: map[string]*script{}}
	s.changed = sync.NewCond(&s.mu)

	if s.resources, err = newResources(context.Background(), *resources, *maintenance); err != nil {
		return err
	}

	s.emit(&machine.MachineStatusEvent{
		Stage:  machine.MachineStatusEvent_RUNNING,
		Status: &machine.MachineStatusEvent_MachineStatus{Ready: true},
	}, "")

	tlsConfig, fingerprint, err := s.tlsConfig()
	if err != nil {
		return err
	}

	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}

	if !listener.Addr().(*net.TCPAddr).IP.IsLoopback() {
		return errors.New("serve: want a loopback address")
	}

	cfg, err := issueTalosconfig(bundle, "interop", strings.Split(*roles, ","), time.Hour, []string{listener.Addr().String()})
	if err != nil {
		return err
	}

	text, err := cfg.Bytes()
	if err != nil {
		return err
	}

	grpcServer := grpc.NewServer(
		grpc.Creds(credentials.NewTLS(tlsConfig)),
		grpc.MaxRecvMsgSize(constants.GRPCMaxMessageSize),
		grpc.SharedWriteBuffer(true),
		grpc.UnaryInterceptor(s.unary),
		grpc.StreamInterceptor(s.stream),
		grpc.UnknownServiceHandler(unknown),
	)

	machine.RegisterMachineServiceServer(grpcServer, s)
	machine.RegisterImageServiceServer(grpcServer, images{})
	machine.RegisterLifecycleServiceServer(grpcServer, lifecycle{})
	// These have only what a script says.
	machine.RegisterDebugServiceServer(grpcServer, machine.UnimplementedDebugServiceServer{})
	cluster.RegisterClusterServiceServer(grpcServer, cluster.UnimplementedClusterServiceServer{})
	inspect.RegisterInspectServiceServer(grpcServer, inspect.UnimplementedInspectServiceServer{})
	storage.RegisterStorageServiceServer(grpcServer, storage.UnimplementedStorageServiceServer{})
	timeapi.RegisterTimeServiceServer(grpcServer, timeapi.UnimplementedTimeServiceServer{})
	cosi.RegisterStateServer(grpcServer, cosiserver.NewState(state.Filter(s.resources, s.accessRule(*cosiWrites))))

	s.served = map[string]bool{}

	for service, info := range grpcServer.GetServiceInfo() {
		for _, method := range info.Methods {
			s.served["/"+service+"/"+method.Name] = true
		}
	}

	writeLine(os.Stdout, map[string]any{
		"address":     listener.Addr().String(),
		"fingerprint": fingerprint,
		"talosconfig": string(text),
	})

	go func() {
		s.control(os.Stdin, os.Stdout)

		if !*detached {
			grpcServer.Stop()
		}
	}()

	return grpcServer.Serve(listener)
}

func secretsOrNew(file string) (*secrets.Bundle, error) {
	if file == "" {
		// The contract 1.6 asks for no RSA key, which would take seconds.
		return secrets.NewBundle(secrets.NewFixedClock(time.Now()), config.TalosVersion1_6)
	}

	return loadSecretsFile(file)
}

func (s *server) tlsConfig() (*tls.Config, string, error) {
	ca, err := x509.NewCertificateAuthorityFromCertificateAndKey(s.secrets.Certs.OS)
	if err != nil {
		return nil, "", err
	}

	if s.maintenance {
		if ca, err = x509.NewSelfSignedCertificateAuthority(x509.Organization("maintenance")); err != nil {
			return nil, "", err
		}
	}

	pair, err := x509.NewKeyPair(ca,
		x509.CommonName("interop"),
		x509.IPAddresses([]net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}),
		x509.DNSNames([]string{"localhost", "interop"}),
		x509.KeyUsage(stdx509.KeyUsageDigitalSignature),
		x509.ExtKeyUsage([]stdx509.ExtKeyUsage{stdx509.ExtKeyUsageServerAuth}),
		x509.NotAfter(time.Now().Add(24*time.Hour)),
	)
	if err != nil {
		return nil, "", err
	}

	fingerprint, err := x509.SPKIFingerprintFromPEM(pair.CrtPEM)
	if err != nil {
		return nil, "", err
	}

	leaf, err := tls.X509KeyPair(pair.CrtPEM, pair.KeyPEM)
	if err != nil {
		return nil, "", err
	}

	cfg := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{leaf}, SessionTicketsDisabled: true}

	if !s.maintenance {
		cfg.ClientAuth = tls.RequireAndVerifyClientCert
		cfg.ClientCAs = stdx509.NewCertPool()
		cfg.ClientCAs.AddCert(ca.Crt)
	}

	return cfg, fingerprint.String(), nil
}

// control obeys one JSON command a line.
func (s *server) control(in io.Reader, out io.Writer) {
	scanner := bufio.NewScanner(in)
	scanner.Buffer(nil, 64<<20)

	for scanner.Scan() {
		var cmd controlCommand

		if err := json.Unmarshal(scanner.Bytes(), &cmd); err != nil {
			writeLine(out, map[string]any{"error": err.Error()})

			continue
		}

		answer, err := s.obey(cmd)
		writeLine(out, map[string]any{"cmd": cmd.Cmd, "answer": answer, "error": errText(err)})
	}
}

type controlCommand struct {
	Cmd     string          `json:"cmd"` // calls | clear | event | put | delete | reply
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload"`
	Actor   string          `json:"actor"`

	Namespace string            `json:"namespace"`
	ID        string            `json:"id"`
	Spec      string            `json:"spec"`
	Labels    map[string]string `json:"labels"`

	Method  string            `json:"method"`
	Replies []json.RawMessage `json:"replies"`
	Code    string            `json:"code"`
	Text    string            `json:"text"`
}

func (s *server) obey(cmd controlCommand) (any, error) {
	switch cmd.Cmd {
	case "calls":
		s.mu.Lock()
		defer s.mu.Unlock()

		return slices.Clone(s.calls), nil
	case "clear":
		s.mu.Lock()
		defer s.mu.Unlock()

		s.calls = nil
		s.round++
		clear(s.scripts)

		return nil, nil
	case "reply":
		return nil, s.setScript(cmd)
	case "event":
		kind, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(cmd.Type))
		if err != nil {
			return nil, err
		}

		msg := kind.New().Interface()
		if err = protojson.Unmarshal(cmd.Payload, msg); err != nil {
			return nil, err
		}

		return s.emit(msg, cmd.Actor), nil
	case "put":
		return putResource(context.Background(), s.resources, cmd)
	case "delete":
		return nil, deleteResource(context.Background(), s.resources, cmd)
	default:
		return nil, fmt.Errorf("unknown command %q", cmd.Cmd)
	}
}

func newBootID() string {
	var b [16]byte

	rand.Read(b[:]) //nolint:errcheck

	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// emit appends an event and returns its ID.
func (s *server) emit(payload proto.Message, actor string) string {
	value, err := proto.Marshal(payload)
	if err != nil {
		panic(err)
	}

	s.mu.Lock()
	defer s.mu.Unlock()

	s.lastID++
	id := fmt.Sprintf("%020d", s.lastID)

	s.events = append(s.events, &machine.Event{
		Data:    &anypb.Any{TypeUrl: "talos/runtime/" + string(payload.ProtoReflect().Descriptor().FullName()), Value: value},
		Id:      id,
		ActorId: actor,
	})
	s.changed.Broadcast()

	return id
}

func (s *server) Events(req *machine.EventsRequest, srv machine.MachineService_EventsServer) error {
	ctx := srv.Context()

	stop := context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()

		s.changed.Broadcast()
	})
	defer stop()

	s.mu.Lock()
	next := s.eventTail(req)
	s.mu.Unlock()

	if err := srv.Send(&machine.Event{Data: &anypb.Any{}}); err != nil {
		return err
	}

	for {
		s.mu.Lock()

		for next == len(s.events) && ctx.Err() == nil {
			s.changed.Wait()
		}

		batch := s.events[next:]
		next = len(s.events)
		s.mu.Unlock()

		if ctx.Err() != nil {
			return ctx.Err()
		}

		for _, e := range batch {
			if req.WithActorId != "" && e.ActorId != req.WithActorId {
				continue
			}

			if err := srv.Send(proto.CloneOf(e)); err != nil {
				return err
			}
		}
	}
}

func (s *server) eventTail(req *machine.EventsRequest) int {
	switch n := len(s.events); {
	case req.TailEvents < 0, req.TailSeconds > 0:
		return 0
	case req.TailEvents > 0:
		return max(0, n-int(req.TailEvents))
	case req.TailId != "":
		return slices.IndexFunc(append(s.events[:n:n], &machine.Event{Id: "~"}), func(e *machine.Event) bool { return e.Id > req.TailId })
	default:
		return n
	}
}

func (s *server) Version(context.Context, *emptypb.Empty) (*machine.VersionResponse, error) {
	return &machine.VersionResponse{Messages: []*machine.Version{{
		Version:  &machine.VersionInfo{Tag: "v1.13.9", Sha: "interop", Os: "linux", Arch: "amd64", GoVersion: "go"},
		Platform: &machine.PlatformInfo{Name: "metal", Mode: "metal"},
		Features: &machine.FeaturesInfo{Rbac: true},
	}}}, nil
}

var services = []string{"apid", "containerd", "cri", "etcd", "kubelet", "machined", "trustd", "udevd"}

func (s *server) ServiceList(context.Context, *emptypb.Empty) (*machine.ServiceListResponse, error) {
	list := &machine.ServiceList{}
	started := timestamppb.New(s.started)

	for _, id := range services {
		list.Services = append(list.Services, &machine.ServiceInfo{
			Id: id, State: "Running",
			Events: &machine.ServiceEvents{Events: []*machine.ServiceEvent{{Msg: "Started", State: "Running", Ts: started}}},
			Health: &machine.ServiceHealth{Healthy: true, LastChange: started},
		})
	}

	return &machine.ServiceListResponse{Messages: []*machine.ServiceList{list}}, nil
}

func (s *server) Hostname(context.Context, *emptypb.Empty) (*machine.HostnameResponse, error) {
	return &machine.HostnameResponse{Messages: []*machine.Hostname{{Hostname: "interop"}}}, nil
}

// metal is the runtime mode that configurations are checked for.
type metal struct{}

func (metal) String() string        { return "metal" }
func (metal) RequiresInstall() bool { return true }
func (metal) InContainer() bool     { return false }

func (s *server) ApplyConfiguration(ctx context.Context, req *machine.ApplyConfigurationRequest) (*machine.ApplyConfigurationResponse, error) {
	cfg, err := configloader.NewFromBytes(req.Data)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}

	if !s.maintenance && cfg.RawV1Alpha1() == nil {
		return nil, status.Error(codes.InvalidArgument, "no v1alpha1 document")
	}

	warnings, err := cfg.Validate(metal{})
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}

	reply := &machine.ApplyConfiguration{Mode: req.Mode, Warnings: warnings}
	if reply.Mode == machine.ApplyConfigurationRequest_AUTO {
		reply.Mode = machine.ApplyConfigurationRequest_NO_REBOOT
	}

	if req.DryRun {
		reply.ModeDetails = "Dry run summary:\nnothing was changed"
	} else if err = storeConfig(ctx, s.resources, cfg); err != nil {
		return nil, err
	}

	return &machine.ApplyConfigurationResponse{Messages: []*machine.ApplyConfiguration{reply}}, nil
}

func (s *server) Bootstrap(context.Context, *machine.BootstrapRequest) (*machine.BootstrapResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()

	if s.bootstrapped {
		return nil, status.Error(codes.AlreadyExists, "etcd has been bootstrapped")
	}

	s.bootstrapped = true

	return &machine.BootstrapResponse{Messages: []*machine.Bootstrap{{}}}, nil
}

func (s *server) Reboot(context.Context, *machine.RebootRequest) (*machine.RebootResponse, error) {
	actor := newBootID()

	go s.cycle("reboot", actor)

	return &machine.RebootResponse{Messages: []*machine.Reboot{{ActorId: actor}}}, nil
}

func (s *server) Shutdown(context.Context, *machine.ShutdownRequest) (*machine.ShutdownResponse, error) {
	actor := newBootID()

	go s.emit(&machine.TaskEvent{Task: "stopAllServices", Action: machine.TaskEvent_START}, actor)

	return &machine.ShutdownResponse{Messages: []*machine.Shutdown{{ActorId: actor}}}, nil
}

func (s *server) Reset(context.Context, *machine.ResetRequest) (*machine.ResetResponse, error) {
	actor := newBootID()

	go s.cycle("reset", actor)

	return &machine.ResetResponse{Messages: []*machine.Reset{{ActorId: actor}}}, nil
}

// cycle shows the events of a restart without dropping the connections.
func (s *server) cycle(sequence, actor string) {
	s.emit(&machine.SequenceEvent{Sequence: sequence, Action: machine.SequenceEvent_START}, actor)
	s.emit(&machine.TaskEvent{Task: "stopAllServices", Action: machine.TaskEvent_START}, actor)
	s.emit(&machine.SequenceEvent{Sequence: sequence, Action: machine.SequenceEvent_STOP}, actor)

	s.mu.Lock()
	s.bootID = newBootID()
	s.mu.Unlock()

	for _, stage := range []machine.MachineStatusEvent_MachineStage{machine.MachineStatusEvent_BOOTING, machine.MachineStatusEvent_RUNNING} {
		ready := stage == machine.MachineStatusEvent_RUNNING
		s.emit(&machine.MachineStatusEvent{Stage: stage, Status: &machine.MachineStatusEvent_MachineStatus{Ready: ready}}, actor)
	}
}

func (s *server) GenerateClientConfiguration(_ context.Context, req *machine.GenerateClientConfigurationRequest) (*machine.GenerateClientConfigurationResponse, error) {
	// Roles that are none are left out.
	set, _ := role.Parse(req.Roles)

	ttl := req.CrtTtl.AsDuration()
	if ttl <= 0 {
		return nil, status.Error(codes.InvalidArgument, "crt_ttl must be more than zero")
	}

	pair, err := s.secrets.GenerateTalosAPIClientCertificateWithTTL(set, ttl)
	if err != nil {
		return nil, err
	}

	name := "interop"
	if known := set.Strings(); len(known) == 1 {
		name = strings.TrimPrefix(known[0], role.Prefix) + "@" + name
	}

	text, err := clientconfig.NewConfig(name, nil, s.secrets.Certs.OS.Crt, pair).Bytes()
	if err != nil {
		return nil, err
	}

	return &machine.GenerateClientConfigurationResponse{Messages: []*machine.GenerateClientConfiguration{{
		Ca: s.secrets.Certs.OS.Crt, Crt: pair.Crt, Key: pair.Key, Talosconfig: text,
	}}}, nil
}

type byteStream = grpc.ServerStreamingServer[common.Data]

// benchBytes reads the size of paths like /bench/1000.
func benchBytes(path string) (int64, bool) {
	text, ok := strings.CutPrefix(path, "/bench/")
	if !ok {
		return 0, false
	}

	n, err := strconv.ParseInt(text, 10, 64)

	return n, err == nil
}

func (s *server) sendBench(n int64, srv byteStream) error {
	data := &common.Data{Bytes: bytes.Repeat([]byte("0123456789abcdef"), (s.chunk+15)/16)[:s.chunk]}

	for ; n > 0; n -= int64(len(data.Bytes)) {
		if n < int64(len(data.Bytes)) {
			data.Bytes = data.Bytes[:n]
		}

		if err := srv.Send(data); err != nil {
			return err
		}
	}

	return nil
}

func (s *server) sendBytes(b []byte, srv byteStream) error {
	for part := range slices.Chunk(b, s.chunk) {
		if err := srv.Send(&common.Data{Bytes: part}); err != nil {
			return err
		}
	}

	return nil
}

func (s *server) Logs(req *machine.LogsRequest, srv byteStream) error {
	if n, ok := benchBytes(req.Id); ok {
		return s.sendBench(n, srv)
	}

	if !slices.Contains(services, req.Id) {
		return status.Errorf(codes.Unknown, "no log %q", req.Id)
	}

	var all []string
	for i := range 100 {
		all = append(all, fmt.Sprintf("%s: line %d\n", req.Id, i))
	}

	switch n := int(req.TailLines); {
	case n == 0:
		all = nil
	case n > 0 && n < len(all):
		all = all[len(all)-n:]
	}

	if err := s.sendBytes([]byte(strings.Join(all, "")), srv); err != nil || !req.Follow {
		return err
	}

	for i := 100; ; i++ {
		select {
		case <-srv.Context().Done():
			return srv.Context().Err()
		case <-time.After(50 * time.Millisecond):
		}

		if err := s.sendBytes(fmt.Appendf(nil, "%s: line %d\n", req.Id, i), srv); err != nil {
			return err
		}
	}
}

func (s *server) Dmesg(req *machine.DmesgRequest, srv byteStream) error {
	// Nothing new happens here.
	if req.Tail {
		return nil
	}

	for i := range 10 {
		line := fmt.Sprintf("kern:    info: [2026-01-02T03:04:05.%09dZ]: message %d\n", i, i)
		if err := srv.Send(&common.Data{Bytes: []byte(line)}); err != nil {
			return err
		}
	}

	return nil
}

const kubeconfig = `apiVersion: v1
kind: Config
clusters:
  - name: interop
    cluster: {server: "https://127.0.0.1:6443"}
contexts:
  - name: admin@interop
    context: {cluster: interop, user: admin@interop}
current-context: admin@interop
users:
  - name: admin@interop
    user: {client-key-data: %s}
`

// Kubeconfig sends the archive as Talos does: no padding and no end blocks in the tar file.
func (s *server) Kubeconfig(_ *emptypb.Empty, srv byteStream) error {
	// The key is none, but another one each time.
	text := fmt.Sprintf(kubeconfig, base64.StdEncoding.EncodeToString([]byte(newBootID())))

	archive, err := tarball(map[string]string{"kubeconfig": text}, false)
	if err != nil {
		return err
	}

	return s.sendBytes(archive, srv)
}

func (s *server) EtcdSnapshot(_ *machine.EtcdSnapshotRequest, srv byteStream) error {
	folder, err := os.MkdirTemp("", "snapshot-")
	if err != nil {
		return err
	}

	defer os.RemoveAll(folder) //nolint:errcheck

	file := filepath.Join(folder, "db")

	db, err := bolt.Open(file, 0o600, nil)
	if err != nil {
		return err
	}

	err = db.Update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists([]byte("key"))

		return err
	})
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}

	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}

	sum := sha256.Sum256(data)

	return s.sendBytes(append(data, sum[:]...), srv)
}

func (s *server) EtcdRecover(srv grpc.ClientStreamingServer[common.Data, machine.EtcdRecoverResponse]) error {
	for {
		if _, err := srv.Recv(); errors.Is(err, io.EOF) {
			return srv.SendAndClose(&machine.EtcdRecoverResponse{Messages: []*machine.EtcdRecover{{}}})
		} else if err != nil {
			return err
		}
	}
}

type images struct {
	machine.UnimplementedImageServiceServer
}

// reference is a name with an optional tag and digest.
var reference = regexp.MustCompile(`^[a-z0-9]+([._:/-]+[a-z0-9]+)*(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$`)

func (images) Pull(req *machine.ImageServicePullRequest, srv grpc.ServerStreamingServer[machine.ImageServicePullResponse]) error {
	store := req.GetContainerd()

	switch {
	case store.GetNamespace() == common.ContainerdNamespace_NS_UNKNOWN,
		store.GetNamespace() == common.ContainerdNamespace_NS_CRI && store.GetDriver() != common.ContainerDriver_CRI:
		return status.Errorf(codes.InvalidArgument, "no store of images: %v", store)
	case !reference.MatchString(req.GetImageRef()):
		return status.Errorf(codes.InvalidArgument, "no reference of an image: %q", req.GetImageRef())
	}

	return srv.Send(&machine.ImageServicePullResponse{
		Response: &machine.ImageServicePullResponse_Name{Name: req.GetImageRef() + "@sha256:" + strings.Repeat("0", 64)},
	})
}

type lifecycle struct {
	machine.UnimplementedLifecycleServiceServer
}

// Upgrade fails with an exit code for images with "bad" in their name.
func (lifecycle) Upgrade(req *machine.LifecycleServiceUpgradeRequest, srv grpc.ServerStreamingServer[machine.LifecycleServiceUpgradeResponse]) error {
	if req.GetSource().GetImageName() == "" {
		return status.Error(codes.InvalidArgument, "no image")
	}

	exit := int32(0)
	if strings.Contains(req.GetSource().GetImageName(), "bad") {
		exit = 7
	}

	for _, p := range []*machine.LifecycleServiceInstallProgress{
		{Response: &machine.LifecycleServiceInstallProgress_Message{Message: "installing " + req.GetSource().GetImageName()}},
		{Response: &machine.LifecycleServiceInstallProgress_ExitCode{ExitCode: exit}},
	} {
		if err := srv.Send(&machine.LifecycleServiceUpgradeResponse{Progress: p}); err != nil {
			return err
		}
	}

	return nil
}

func (lifecycle) Install(*machine.LifecycleServiceInstallRequest, grpc.ServerStreamingServer[machine.LifecycleServiceInstallResponse]) error {
	return status.Error(codes.AlreadyExists, "installed before")
}
