//! A client of the Talos machine API.
