//! Writes the generated code of talos-proto from its .proto files, without protoc.
