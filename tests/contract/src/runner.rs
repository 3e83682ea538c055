//! Playing cases.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tonic::Code;

use crate::case::{Case, Scene, Shape};
use crate::env::Env;
use crate::failure::Failure;
use crate::world::{Address, SetupError, World};

/// As long as one case may take.
const LIMIT: Duration = Duration::from_secs(90);

/// What came of a case.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// The server did what it must do.
    Passed,
    /// The version has no such call, and the server said so.
    Absent,
    /// The server can't be judged here: it has no such call though its version should, or the run lacks a machine, a
    /// role or the permission.
    Listed(String),
    /// The server did something else.
    Failed(Failure),
}

/// One case, played.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Played {
    /// Name of the case.
    pub case: String,
    /// What came of it.
    pub outcome: Outcome,
    /// The methods that it called, as gRPC paths; known only where machines are simulated.
    pub called: Vec<String>,
}

/// All cases, played on one server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The version of the server.
    pub version: String,
    /// Every case in its order.
    pub cases: Vec<Played>,
    minor: u16,
}

impl Report {
    pub(crate) fn minor(&self) -> u16 {
        self.minor
    }

    /// How many cases passed, were rightly absent, were listed, failed.
    #[must_use]
    pub fn counts(&self) -> [usize; 4] {
        let mut counts = [0; 4];
        for played in &self.cases {
            let index = match played.outcome {
                Outcome::Passed => 0,
                Outcome::Absent => 1,
                Outcome::Listed(_) => 2,
                Outcome::Failed(_) => 3,
            };
            counts[index] += 1;
        }
        counts
    }

    /// Cases that the server could not be judged by, and why.
    pub fn listed(&self) -> impl Iterator<Item = (&str, &str)> {
        self.cases.iter().filter_map(|played| match &played.outcome {
            Outcome::Listed(why) => Some((played.case.as_str(), why.as_str())),
            _ => None,
        })
    }

    /// Cases that failed.
    pub fn failed(&self) -> impl Iterator<Item = (&str, &Failure)> {
        self.cases.iter().filter_map(|played| match &played.outcome {
            Outcome::Failed(failure) => Some((played.case.as_str(), failure)),
            _ => None,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [passed, absent, listed, failed] = self.counts();
        for (case, why) in self.listed() {
            writeln!(f, "{} {case}: not judged: {why}", self.version)?;
        }
        for (case, failure) in self.failed() {
            writeln!(f, "{} {case}: FAILED: {failure}", self.version)?;
        }
        write!(
            f,
            "{}: {} cases: {passed} passed, {absent} rightly not in this version, {listed} not judged, {failed} failed",
            self.version,
            self.cases.len(),
        )
    }
}

/// What a run may do to a server that is not simulated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Allow {
    /// Cases that change something.
    pub changes: bool,
}

impl Allow {
    /// Allows cases that change something and leave the machines useful. What may destroy them is played on
    /// simulated machines only.
    #[must_use]
    pub fn with_changes(mut self, changes: bool) -> Self {
        self.changes = changes;
        self
    }
}

/// Plays the cases on simulated machines of a version: one cluster for all that only read, one for all that change
/// something, and one of its own for each of the rest.
///
/// # Errors
/// When the simulated machines do not come up.
pub async fn simulated(version: &str, cases: &[Case]) -> Result<Report, SetupError> {
    let (reads, changes) =
        tokio::try_join!(World::simulated(version, Shape::SHARED), World::simulated(version, Shape::SHARED))?;
    let (reads, changes) = (Arc::new(reads), Arc::new(changes));
    let mut played = Vec::new();
    for case in cases {
        let world = match case.scene {
            Scene::Reads => Arc::clone(&reads),
            Scene::Changes => Arc::clone(&changes),
            Scene::Own(shape) => Arc::new(World::simulated(version, shape).await?),
        };
        if let Some(simulation) = world.simulation() {
            simulation.clear_calls();
        }
        let outcome = play(&world, case).await;
        let mut called: Vec<String> = world
            .simulation()
            .map(|all| all.calls())
            .unwrap_or_default()
            .into_iter()
            .map(|call| call.path)
            .collect();
        called.sort();
        called.dedup();
        played.push(Played { case: case.name.clone(), outcome, called });
    }
    Ok(Report { version: reads.tag.clone(), cases: played, minor: reads.minor })
}

/// Plays the cases on the machines at an address.
///
/// # Errors
/// When nothing answers there.
pub async fn at(address: Address, cases: &[Case], allow: Allow) -> Result<Report, SetupError> {
    let world = Arc::new(World::at(address).await?);
    let mut played = Vec::new();
    for case in cases {
        let outcome = match case.scene {
            Scene::Changes if !allow.changes => {
                Outcome::Listed("it changes something, and that is not allowed here".to_owned())
            }
            Scene::Own(_) => {
                Outcome::Listed("it may leave ruins: only simulated machines are used".to_owned())
            }
            _ => play(&world, case).await,
        };
        played.push(Played { case: case.name.clone(), outcome, called: Vec::new() });
    }
    Ok(Report { version: world.tag.clone(), cases: played, minor: world.minor })
}

async fn play(world: &Arc<World>, case: &Case) -> Outcome {
    let verdict = tokio::time::timeout(LIMIT, case.play(Env::new(world, case))).await;

    let verdict = verdict.unwrap_or_else(|_| Err(Failure::wrong("an end", format!("none within {LIMIT:?}"))));
    let exists = world.minor >= case.since;
    match verdict {
        Ok(()) if exists => Outcome::Passed,
        Ok(()) => Outcome::Failed(Failure::wrong(
            format!("Unimplemented, as Talos has it since 1.{}", case.since),
            "what newer versions answer",
        )),
        Err(Failure::Missing(what)) => Outcome::Listed(what),
        Err(failure) if failure.code() == Some(Code::Unimplemented) => match exists {
            true => Outcome::Listed(format!("the server does not implement it: {failure}")),
            false => Outcome::Absent,
        },
        Err(failure) => match world.only.filter(|_| case.whole) {
            Some(types) => Outcome::Listed(format!(
                "this is no whole machine, with {types} types of resources: {failure}"
            )),
            None => Outcome::Failed(failure),
        },
    }
}
