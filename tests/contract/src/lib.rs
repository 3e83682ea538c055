//! What a server of the machine API must do, as cases that run against the simulator or against any server.
//!
//! | to | do |
//! |---|---|
//! | run all cases against the simulator, once a version | `cargo test -p talos-contract` |
//! | run them against a server | the same, with `TALOS_CONTRACT_TALOSCONFIG=FILE` and, if it is not the first endpoint in there, `TALOS_CONTRACT_ENDPOINT=host[:port]` |
//! | let them change things on that server | `TALOS_CONTRACT_CHANGES=1` |
//! | have a machine in maintenance mode judged too | `TALOS_CONTRACT_MAINTENANCE=host[:port]` |
//! | run some of them | `TALOS_CONTRACT_CASES=services,etcd/members`: the beginning of their names |
//! | run them against Go's server | `tests/interop/run.sh server` |
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
//! A server by address is judged as a machine. One that is none says so when it is looked at first: a node answers that
//! can't be there, or there are only a few types of resources. What it then can't show is not judged, and why is said.
//! Go's server in `tests/interop`, once as a machine and once in maintenance mode, with changes allowed: of 817 cases 390
//! pass, 16 are rightly not in its version, 411 are not judged (for 221 it has no such call, 78 want a worker, 84 simulated
//! machines), none fails; `run.sh` there holds these numbers.
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
