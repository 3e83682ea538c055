//! Protobuf messages and gRPC stubs of the Talos machine API, COSI included.
