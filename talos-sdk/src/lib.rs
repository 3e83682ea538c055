//! A native SDK for Talos Linux.
