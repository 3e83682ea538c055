package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/siderolabs/talos/pkg/machinery/api/machine"
)

// files is the file tree of the server; its folders are those that the paths name.
func (s *server) files() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()

	up := time.Since(s.started).Seconds()

	return map[string]string{
		"/etc/hostname":                   "interop\n",
		"/etc/os-release":                 "NAME=\"Talos\"\nID=talos\nVERSION_ID=v1.13.9\n",
		"/etc/ssl/certs/ca-certificates":  "none\n",
		"/proc/sys/kernel/random/boot_id": s.bootID + "\n",
		"/proc/uptime":                    fmt.Sprintf("%.2f %.2f\n", up, up),
		"/big":                            strings.Repeat("0123456789abcdef", 1<<16),
	}
}

// below tells whether a path is in a folder, or is it.
func below(file, folder string) bool {
	return file == folder || strings.HasPrefix(file, strings.TrimSuffix(folder, "/")+"/")
}

func (s *server) Read(req *machine.ReadRequest, srv byteStream) error {
	if n, ok := benchBytes(req.Path); ok {
		return s.sendBench(n, srv)
	}

	files := s.files()

	text, ok := files[req.Path]
	if !ok {
		for file := range files {
			if below(file, req.Path) {
				return status.Errorf(codes.Unknown, "%s is a folder", req.Path)
			}
		}

		return status.Errorf(codes.NotFound, "no file %s", req.Path)
	}

	return s.sendBytes([]byte(text), srv)
}

func (s *server) Copy(req *machine.CopyRequest, srv byteStream) error {
	if n, ok := benchBytes(req.RootPath); ok {
		return s.sendBench(n, srv)
	}

	if !path.IsAbs(req.RootPath) {
		return status.Errorf(codes.Unknown, "%q is not an absolute path", req.RootPath)
	}

	found := map[string]string{}

	for file, text := range s.files() {
		if below(file, req.RootPath) {
			found[strings.TrimPrefix(file, "/")] = text
		}
	}

	archive, err := tarball(found, true)
	if err != nil {
		return err
	}

	return s.sendBytes(archive, srv)
}

func tarball(files map[string]string, closed bool) ([]byte, error) {
	var buf bytes.Buffer

	zip := gzip.NewWriter(&buf)
	archive := tar.NewWriter(zip)

	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(files[name])), Mode: 0o600}); err != nil {
			return nil, err
		}

		if _, err := io.WriteString(archive, files[name]); err != nil {
			return nil, err
		}
	}

	if closed {
		if err := archive.Close(); err != nil {
			return nil, err
		}
	}

	err := zip.Close()

	return buf.Bytes(), err
}

func (s *server) List(req *machine.ListRequest, srv grpc.ServerStreamingServer[machine.FileInfo]) error {
	root := cmp.Or(req.Root, "/")
	entries := map[string]*machine.FileInfo{}

	for file, text := range s.files() {
		if !below(file, root) {
			continue
		}

		entries[file] = &machine.FileInfo{Size: int64(len(text)), Mode: 0o644}

		for folder := file; folder != root; {
			folder = path.Dir(folder)
			entries[folder] = &machine.FileInfo{IsDir: true, Mode: uint32(fs.ModeDir | 0o755)}
		}
	}

	if len(entries) == 0 {
		return status.Errorf(codes.Unknown, "no file %s", root)
	}

	deepest := int(req.RecursionDepth)
	if !req.Recurse {
		deepest = 0
	}

	for _, name := range slices.Sorted(maps.Keys(entries)) {
		info := entries[name]
		info.Name = name
		info.RelativeName = cmp.Or(strings.TrimPrefix(strings.TrimPrefix(name, root), "/"), ".")

		kind := machine.ListRequest_REGULAR
		if info.IsDir {
			kind = machine.ListRequest_DIRECTORY
		}

		tooDeep := strings.Count(info.RelativeName, "/") > deepest && (!req.Recurse || deepest > 0)
		if tooDeep || len(req.Types) > 0 && !slices.Contains(req.Types, kind) {
			continue
		}

		if err := srv.Send(info); err != nil {
			return err
		}
	}

	return nil
}
