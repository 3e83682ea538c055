package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/emptypb"
)

// script is what a method answers instead of what the server has for it: messages of Go's own types, and a status.
type script struct {
	input    protoreflect.MessageType
	messages []proto.Message
	err      error
}

// setScript obeys the command "reply": the messages are in protobuf's JSON.
func (s *server) setScript(cmd controlCommand) error {
	path := "/" + strings.TrimPrefix(cmd.Method, "/")

	method, err := methodOf(path)
	if err != nil {
		return err
	}

	sc := &script{}

	if sc.input, err = protoregistry.GlobalTypes.FindMessageByName(method.Input().FullName()); err != nil {
		return err
	}

	output, err := protoregistry.GlobalTypes.FindMessageByName(method.Output().FullName())
	if err != nil {
		return err
	}

	for _, text := range cmd.Replies {
		msg := output.New().Interface()
		if err = protojson.Unmarshal(text, msg); err != nil {
			return err
		}

		sc.messages = append(sc.messages, msg)
	}

	if cmd.Code != "" {
		var code codes.Code
		if err = json.Unmarshal(fmt.Appendf(nil, "%q", cmd.Code), &code); err != nil {
			return err
		}

		sc.err = status.Error(code, cmd.Text)
	} else if !method.IsStreamingServer() && len(sc.messages) != 1 {
		return fmt.Errorf("%s answers with one message", path)
	}

	s.mu.Lock()
	defer s.mu.Unlock()

	s.scripts[path] = sc

	return nil
}

func (s *server) script(path string) *script {
	s.mu.Lock()
	defer s.mu.Unlock()

	return s.scripts[path]
}

func (sc *script) unary(context.Context, any) (any, error) {
	if sc.err != nil {
		return nil, sc.err
	}

	return proto.Clone(sc.messages[0]), nil
}

// stream takes all messages of a stream that only the client sends, and otherwise the first.
func (sc *script) stream(info *grpc.StreamServerInfo) grpc.StreamHandler {
	return func(_ any, ss grpc.ServerStream) error {
		for {
			err := ss.RecvMsg(sc.input.New().Interface())
			if errors.Is(err, io.EOF) {
				break
			}

			if err != nil {
				return err
			}

			if !info.IsClientStream || info.IsServerStream {
				break
			}
		}

		for _, msg := range sc.messages {
			if err := ss.SendMsg(proto.Clone(msg)); err != nil {
				return err
			}
		}

		return sc.err
	}
}

// methodOf describes the method at a path.
func methodOf(path string) (protoreflect.MethodDescriptor, error) {
	name := protoreflect.FullName(strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", "."))

	descriptor, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
	if err != nil {
		return nil, err
	}

	method, ok := descriptor.(protoreflect.MethodDescriptor)
	if !ok {
		return nil, fmt.Errorf("%s is no method", path)
	}

	return method, nil
}

// unknown answers for methods that Go's stubs do not have. Its bytes are recorded, as no type is there for them.
func unknown(_ any, ss grpc.ServerStream) error {
	if err := ss.RecvMsg(&emptypb.Empty{}); err != nil && !errors.Is(err, io.EOF) {
		return err
	}

	method, _ := grpc.MethodFromServerStream(ss)

	return status.Errorf(codes.Unimplemented, "unknown method %s", method)
}

// survive turns the panic of a handler into the error of its call: a bad request ends itself and not the server.
func survive(err *error) {
	if cause := recover(); cause != nil {
		*err = status.Errorf(codes.Internal, "panic: %v", cause)
	}
}
