//! The Talos client configuration file: find, read, edit, merge, write.
