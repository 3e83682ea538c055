//! YAML text exactly as the Go machinery of Talos reads and writes it.
