//! Simulated Talos nodes on loopback: real gRPC, real mutual TLS, real proxying.
