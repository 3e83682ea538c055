//! Talos secrets and machine configuration: generate, patch, validate.
