//! Derive macros of talos-machineconfig.
