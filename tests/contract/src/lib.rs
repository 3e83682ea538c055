//! What a server of the machine API must do, as cases that run against the simulator or against any server.
//!
//! | to | do |
//! |---|---|
//! | run all cases against the simulator, once a version | `cargo test -p talos-contract` |
//! | run them against a server | the same, with `TALOS_CONTRACT_TALOSCONFIG=FILE` and, if it is not the first endpoint in there, `TALOS_CONTRACT_ENDPOINT=host[:port]` |
//! | let them change things on that server | `TALOS_CONTRACT_CHANGES=1` |
//! | have a machine in maintenance mode judged too | `TALOS_CONTRACT_MAINTENANCE=host[:port]` |
//! | run some of them | `TALOS_CONTRACT_CASES=services,etcd/members`: the beginning of their names |
//! | play them with Go's client | `tests/interop/run.sh contract` |
//! | use them from a program | [`cases`], [`simulated`], [`at`] |
//!
//! A [`Case`] is a value: a name `noun/what`, the methods it calls, the role it has, the machine it calls, what it may
//! do there, the first version that has the call, and an asynchronous function that plays it. Where Go's client has
//! the call, the case says so too: as a command, the code and the number of results that must come of it.
//!
//! Cases by noun are in `src/cases`. A case passes when the server did what it must. In a version that has no such
//! call the server has to answer `Unimplemented`. What can't be judged is listed and not passed: a call that the server
//! does not implement though its version has it, a machine or a role that is missing, a change that is not allowed.
//! Cases that may leave ruins (reset, wipe, bootstrap, power) are played on simulated machines only.
//!
//! A server by address is judged as a machine: `/etc` with folders and files, eight services with histories, the resource
//! definitions and live resources of Talos, a kernel log, events of its boot, members of etcd, and routing to other
//! nodes. One that is none, such as the `serve` of `tests/interop`, fails the cases whose subject it only imitates: with
//! changes allowed, of 695 cases 322 passed there, 16 were rightly not in its version, 303 were not judged and 54 failed
//! for its fixed answers (files 12, resources 13, images 6, the rest in ones and twos).
//!
//! With Go's client, machines are also held in each of their states but installing, and every command is played there.
//!
//! `METHODS.md` beside this crate is the table of all methods, with what calls, answers and judges each of them. A test
//! checks it; `TALOS_CONTRACT_BLESS=1` writes it anew.

mod any;
mod case;
mod cases;
mod check;
mod env;
mod facts;
mod failure;
mod go;
mod many;
mod methods;
mod runner;
mod states;
mod world;

pub use case::{Case, Go, Results, Scene, Shape, Target};
pub use cases::cases;
pub use env::Env;
pub use failure::{Failure, Refusal, Verdict};
pub use go::{Difference, GoReport, go};
pub use methods::table;
pub use runner::{Allow, Outcome, Played, Report, at, simulated};
pub use world::{Address, SetupError, VERSIONS, World};
