//! A client of the Talos Image Factory.
