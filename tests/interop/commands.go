package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"strings"

	"github.com/cosi-project/runtime/pkg/resource"
	"github.com/cosi-project/runtime/pkg/state"
	"go.yaml.in/yaml/v4"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/siderolabs/talos/pkg/machinery/api/common"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/client"
	"github.com/siderolabs/talos/pkg/machinery/constants"
)

// command is one command of the client.
type command struct {
	ctx     context.Context //nolint:containedctx
	c       *client.Client
	out     io.Writer
	flags   *flag.FlagSet
	results int
}

func (c *command) print(v any) {
	if msg, ok := v.(proto.Message); ok {
		if reflect.ValueOf(msg).IsNil() {
			return
		}

		v = protoJSON(msg)
	}

	c.results++

	writeLine(c.out, map[string]any{"result": v})
}

// parse accepts flags before and after the arguments.
func (c *command) parse(args []string, least int) ([]string, error) {
	var rest []string

	for {
		if err := c.flags.Parse(args); err != nil {
			return nil, err
		}

		if c.flags.NArg() == 0 {
			break
		}

		rest, args = append(rest, c.flags.Arg(0)), c.flags.Args()[1:]
	}

	if len(rest) < least {
		return nil, fmt.Errorf("%s wants %d arguments", c.flags.Name(), least)
	}

	return rest, nil
}

func answer[T proto.Message](c *command) func(T, error) error {
	return func(msg T, err error) error {
		c.print(msg)

		return err
	}
}

func (c *command) run(name string, args []string) error { //nolint:gocyclo
	simple := map[string]func() error{
		"version":    func() error { return answer[*machine.VersionResponse](c)(c.c.Version(c.ctx)) },
		"services":   func() error { return answer[*machine.ServiceListResponse](c)(c.c.ServiceList(c.ctx)) },
		"bootstrap":  func() error { return c.c.Bootstrap(c.ctx, &machine.BootstrapRequest{}) },
		"rollback":   func() error { return c.c.Rollback(c.ctx) },
		"kubeconfig": c.kubeconfig,
		"dmesg": func() error {
			stream, err := c.c.Dmesg(c.ctx, false, false)

			return c.byteStream(stream, err)
		},
		"snapshot": func() error {
			return c.bytes(c.c.EtcdSnapshot(c.ctx, &machine.EtcdSnapshotRequest{}))
		},
		"reset": func() error {
			return answer[*machine.ResetResponse](c)(c.c.ResetGenericWithResponse(c.ctx, &machine.ResetRequest{Graceful: true, Reboot: true}))
		},
	}
	if f := simple[name]; f != nil {
		if _, err := c.parse(args, 0); err != nil {
			return err
		}

		return f()
	}

	commands := map[string]func([]string) error{
		"service": c.service, "apply": c.apply, "logs": c.logs, "events": c.events,
		"copy": c.copy, "read": c.read, "list": c.list, "reboot": c.reboot, "shutdown": c.shutdown, "upgrade": c.upgrade,
		"cosi-get": c.cosiGet, "cosi-list": c.cosiList, "cosi-watch": c.cosiWatch, "resolve": c.resolve, "call": c.call,
	}
	if f := commands[name]; f != nil {
		return f(args)
	}

	return fmt.Errorf("unknown command %q", name)
}

func (c *command) service(args []string) error {
	args, err := c.parse(args, 1)
	if err != nil {
		return err
	}

	infos, err := c.c.ServiceInfo(c.ctx, args[0])
	for _, info := range infos {
		c.print(map[string]any{"node": info.Metadata.GetHostname(), "service": protoJSON(info.Service)})
	}

	return err
}

func (c *command) apply(args []string) error {
	mode := c.flags.String("mode", "auto", "")
	dryRun := c.flags.Bool("dry-run", false, "")
	timeout := c.flags.Duration("try-timeout", constants.ConfigTryTimeout, "")

	args, err := c.parse(args, 1)
	if err != nil {
		return err
	}

	data, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}

	value, ok := machine.ApplyConfigurationRequest_Mode_value[strings.ToUpper(strings.ReplaceAll(*mode, "-", "_"))]
	if !ok {
		return fmt.Errorf("unknown mode %q", *mode)
	}

	return answer[*machine.ApplyConfigurationResponse](c)(c.c.ApplyConfiguration(c.ctx, &machine.ApplyConfigurationRequest{
		Data: data, Mode: machine.ApplyConfigurationRequest_Mode(value), DryRun: *dryRun, TryModeTimeout: durationpb.New(*timeout),
	}))
}

func (c *command) logs(args []string) error {
	tail := c.flags.Int("tail", -1, "")
	follow := c.flags.Bool("follow", false, "")
	kubernetes := c.flags.Bool("k8s", false, "")

	args, err := c.parse(args, 1)
	if err != nil {
		return err
	}

	namespace, driver := constants.SystemContainerdNamespace, common.ContainerDriver_CONTAINERD
	if *kubernetes {
		namespace, driver = constants.K8sContainerdNamespace, common.ContainerDriver_CRI
	}

	stream, err := c.c.Logs(c.ctx, namespace, driver, args[0], *follow, int32(*tail))

	return c.byteStream(stream, err)
}

func (c *command) byteStream(stream client.MachineStream, err error) error {
	if err != nil {
		return err
	}

	return c.bytes(client.ReadStream(stream))
}

// bytes prints the digest of a byte stream, and the text when it is short.
func (c *command) bytes(r io.ReadCloser, err error) error {
	if err != nil {
		return err
	}

	defer r.Close() //nolint:errcheck

	var head limitedBuffer

	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(sum, &head), r)

	result := map[string]any{"bytes": n, "sha256": hex.EncodeToString(sum.Sum(nil))}
	if int64(head.Len()) == n {
		result["text"] = head.String()
	}

	c.print(result)

	return err
}

// limitedBuffer forgets all beyond its limit.
type limitedBuffer struct{ bytes.Buffer }

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if b.Len() < 1<<16 {
		b.Buffer.Write(p) //nolint:errcheck
	}

	return len(p), nil
}

func (c *command) events(args []string) error {
	tail := c.flags.Int("tail", 0, "")
	actor := c.flags.String("actor", "", "")
	count := c.flags.Int("count", 0, "stop after so many events")

	if _, err := c.parse(args, 0); err != nil {
		return err
	}

	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()

	opts := []client.EventsOptionFunc{client.WithTailEvents(int32(*tail)), client.WithActorID(*actor)}

	return c.c.EventsWatch(ctx, func(ch <-chan client.Event) {
		for e := range ch {
			c.print(map[string]any{"node": e.Node, "type": e.TypeURL, "id": e.ID, "actor": e.ActorID, "payload": protoJSON(e.Payload)})

			if c.results == *count {
				cancel()
			}
		}
	}, opts...)
}

func (c *command) copy(args []string) error {
	args, err := c.parse(args, 1)
	if err != nil {
		return err
	}

	r, err := c.c.Copy(c.ctx, args[0])
	if err != nil || strings.HasPrefix(args[0], "/bench/") {
		return c.bytes(r, err)
	}

	defer r.Close() //nolint:errcheck

	zip, err := gzip.NewReader(r)
	if err != nil {
		return err
	}

	for archive := tar.NewReader(zip); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}

		if err != nil {
			return err
		}

		sum := sha256.New()
		if _, err = io.Copy(sum, archive); err != nil {
			return err
		}

		c.print(map[string]any{"name": header.Name, "size": header.Size, "mode": header.Mode, "sha256": hex.EncodeToString(sum.Sum(nil))})
	}
}

func (c *command) read(args []string) error {
	args, err := c.parse(args, 1)
	if err != nil {
		return err
	}

	return c.bytes(c.c.Read(c.ctx, args[0]))
}

func (c *command) list(args []string) error {
	args, err := c.parse(args, 1)
	if err != nil {
		return err
	}

	stream, err := c.c.LS(c.ctx, &machine.ListRequest{Root: args[0], Recurse: true})
	if err != nil {
		return err
	}

	return receive(c, stream.Recv)
}

func receive[T proto.Message](c *command, recv func() (T, error)) error {
	for {
		msg, err := recv()
		if errors.Is(err, io.EOF) {
			return nil
		}

		if err != nil {
			return err
		}

		c.print(msg)
	}
}

func (c *command) kubeconfig() error {
	text, err := c.c.Kubeconfig(c.ctx)
	if err == nil {
		c.print(string(text))
	}

	return err
}

func (c *command) reboot(args []string) error {
	mode := c.flags.String("mode", "default", "")

	if _, err := c.parse(args, 0); err != nil {
		return err
	}

	value, ok := machine.RebootRequest_Mode_value[strings.ToUpper(*mode)]
	if !ok {
		return fmt.Errorf("unknown mode %q", *mode)
	}

	return answer[*machine.RebootResponse](c)(c.c.RebootWithResponse(c.ctx, client.WithRebootMode(machine.RebootRequest_Mode(value))))
}

func (c *command) shutdown(args []string) error {
	force := c.flags.Bool("force", false, "")

	if _, err := c.parse(args, 0); err != nil {
		return err
	}

	return answer[*machine.ShutdownResponse](c)(c.c.ShutdownWithResponse(c.ctx, client.WithShutdownForce(*force)))
}

func (c *command) upgrade(args []string) error {
	args, err := c.parse(args, 1)
	if err != nil {
		return err
	}

	return answer[*machine.UpgradeResponse](c)(c.c.UpgradeWithOptions(c.ctx, client.WithUpgradeImage(args[0])))
}

// resourceFacts prints a resource as talosctl would, with the YAML of its spec.
func resourceFacts(r resource.Resource) any {
	if r == nil {
		return nil
	}

	md := r.Metadata()
	facts := map[string]any{
		"namespace": md.Namespace(), "type": md.Type(), "id": md.ID(), "version": md.Version().String(), "phase": md.Phase().String(),
		"owner": md.Owner(), "labels": md.Labels().Raw(), "annotations": md.Annotations().Raw(), "finalizers": md.Finalizers(),
	}

	if !resource.IsTombstone(r) {
		text, err := yaml.Marshal(r.Spec())
		facts["spec"] = string(text)

		if err != nil {
			facts["spec_error"] = err.Error()
		}
	}

	return facts
}

func (c *command) cosiGet(args []string) error {
	args, err := c.parse(args, 3)
	if err != nil {
		return err
	}

	r, err := c.c.COSI.Get(c.ctx, resource.NewMetadata(args[0], args[1], args[2], resource.VersionUndefined))
	if err == nil {
		c.print(resourceFacts(r))
	}

	return err
}

func (c *command) cosiList(args []string) error {
	label := c.flags.String("label", "", "key or key=value")
	id := c.flags.String("id", "", "regular expression")

	args, err := c.parse(args, 2)
	if err != nil {
		return err
	}

	var opts []state.ListOption

	if key, value, ok := strings.Cut(*label, "="); ok {
		opts = append(opts, state.WithLabelQuery(resource.LabelEqual(key, value)))
	} else if key != "" {
		opts = append(opts, state.WithLabelQuery(resource.LabelExists(key)))
	}

	if *id != "" {
		re, err := regexp.Compile(*id)
		if err != nil {
			return err
		}

		opts = append(opts, state.WithIDQuery(resource.IDRegexpMatch(re)))
	}

	list, err := c.c.COSI.List(c.ctx, resource.NewMetadata(args[0], args[1], "", resource.VersionUndefined), opts...)
	for _, r := range list.Items {
		c.print(resourceFacts(r))
	}

	return err
}

func (c *command) cosiWatch(args []string) error {
	bootstrap := c.flags.Bool("bootstrap", false, "begin with the present contents")
	count := c.flags.Int("count", 0, "stop after so many events")

	args, err := c.parse(args, 2)
	if err != nil {
		return err
	}

	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()

	ch := make(chan state.Event)

	if len(args) > 2 {
		err = c.c.COSI.Watch(ctx, resource.NewMetadata(args[0], args[1], args[2], resource.VersionUndefined), ch)
	} else {
		err = c.c.COSI.WatchKind(ctx, resource.NewMetadata(args[0], args[1], "", resource.VersionUndefined), ch, state.WithBootstrapContents(*bootstrap))
	}

	if err != nil {
		return err
	}

	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e := <-ch:
			if e.Type == state.Errored {
				return e.Error
			}

			c.print(map[string]any{"event": e.Type.String(), "resource": resourceFacts(e.Resource), "old": resourceFacts(e.Old), "bookmark": hex.EncodeToString(e.Bookmark)})
		}

		if c.results == *count {
			return nil
		}
	}
}

func (c *command) resolve(args []string) error {
	args, err := c.parse(args, 1)
	if err != nil {
		return err
	}

	var namespace resource.Namespace

	definition, err := c.c.ResolveResourceKind(c.ctx, &namespace, args[0])
	if err != nil {
		return err
	}

	c.print(map[string]string{"namespace": namespace, "type": definition.TypedSpec().Type})

	return nil
}

// call finds the method on the generated stubs of the client, so metadata and dial options are those of the client.
func (c *command) call(args []string) error {
	args, err := c.parse(args, 1)
	if err != nil {
		return err
	}

	service, method, _ := strings.Cut(args[0], "/")

	stub, ok := map[string]any{
		"machine.MachineService":   c.c.MachineClient,
		"machine.ImageService":     c.c.ImageClient,
		"machine.DebugService":     c.c.DebugClient,
		"machine.LifecycleService": c.c.LifecycleClient,
		"time.TimeService":         c.c.TimeClient,
		"cluster.ClusterService":   c.c.ClusterClient,
		"storage.StorageService":   c.c.StorageClient,
		"inspect.InspectService":   c.c.InspectClient,
	}[service]
	if !ok {
		return fmt.Errorf("unknown service %q", service)
	}

	f := reflect.ValueOf(stub).MethodByName(method)
	if !f.IsValid() {
		return fmt.Errorf("unknown method %q", args[0])
	}

	in := []reflect.Value{reflect.ValueOf(c.ctx)}
	sendsStream := f.Type().NumIn() == 2

	if !sendsStream {
		req, err := message(f.Type().In(1), args[1:])
		if err != nil {
			return err
		}

		in = append(in, req)
	}

	out := f.Call(in)
	if err, _ := out[1].Interface().(error); err != nil {
		return err
	}

	if msg, ok := out[0].Interface().(proto.Message); ok {
		c.print(msg)

		return nil
	}

	if sendsStream {
		send := out[0].MethodByName("Send")

		for _, text := range args[1:] {
			req, err := message(send.Type().In(0), []string{text})
			if err != nil {
				return err
			}

			err, _ = send.Call([]reflect.Value{req})[0].Interface().(error)
			if errors.Is(err, io.EOF) {
				// The server has ended the call already; why, the receiving side knows.
				break
			}

			if err != nil {
				return err
			}
		}

		if finish := out[0].MethodByName("CloseAndRecv"); finish.IsValid() {
			out = finish.Call(nil)
			if err, _ := out[1].Interface().(error); err != nil {
				return err
			}

			c.print(out[0].Interface())

			return nil
		}
	}

	if err := out[0].Interface().(grpc.ClientStream).CloseSend(); err != nil {
		return err
	}

	return receive(c, func() (proto.Message, error) {
		got := out[0].MethodByName("Recv").Call(nil)
		err, _ := got[1].Interface().(error)

		return got[0].Interface().(proto.Message), err
	})
}

func message(t reflect.Type, text []string) (reflect.Value, error) {
	value := reflect.New(t.Elem())
	if len(text) == 0 {
		return value, nil
	}

	return value, protojson.Unmarshal([]byte(text[0]), value.Interface().(proto.Message))
}
