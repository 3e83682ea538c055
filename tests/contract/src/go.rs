//! The suite through Go's client: `interop client … batch`, which takes commands as lines and ends each answer with one.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use serde_json::Value;
use talos_pki::Role;
use talosconfig::TalosConfig;
use tokio::io::AsyncWriteExt;
use tonic::Code;

use crate::case::{Case, Go, Scene, Shape, Target};
use crate::env::Env;
use crate::states;
use crate::world::{NOWHERE, SetupError, World};

/// What Go's client said to the commands of all cases in one version.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GoReport {
    /// The version of the simulated machines.
    pub version: String,
    /// How many commands ended as they must.
    pub agreed: usize,
    /// Those that ended otherwise.
    pub differences: Vec<Difference>,
}

/// A command of Go's client that ended otherwise than its case says.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Difference {
    /// Name of the case.
    pub case: String,
    /// The command.
    pub command: String,
    /// What was expected.
    pub expected: String,
    /// What came.
    pub got: String,
}

impl fmt::Display for GoReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Difference { case, command, expected, got } in &self.differences {
            writeln!(f, "{} {case}: `{command}`: expected {expected}, got {got}", self.version)?;
        }
        let all = self.agreed + self.differences.len();
        write!(f, "{}: {} of {all} commands of Go's client end as the suite says", self.version, self.agreed)
    }
}

/// Who calls whom: commands that share it share a process.
type Group = (Option<Role>, Vec<String>);

/// Plays the commands of all cases with `program`, which `tests/interop` builds, on simulated machines of a version.
/// `folder` takes the files that the program reads.
///
/// # Errors
/// When the machines do not come up, or the program does not do its job.
pub async fn go(
    program: &Path,
    folder: &Path,
    version: &str,
    cases: &[Case],
) -> Result<GoReport, SetupError> {
    let mut report = GoReport { version: version.to_owned(), agreed: 0, differences: Vec::new() };
    for scene in [Scene::Reads, Scene::Changes] {
        let world = Arc::new(World::simulated(version, Shape::SHARED).await?);
        let driver = Driver::new(program, folder, &world)?;
        let mut groups: BTreeMap<Group, Vec<(&Case, &Go)>> = BTreeMap::new();
        for case in cases.iter().filter(|case| case.scene == scene && !case.go.is_empty()) {
            for go in &case.go {
                groups.entry(driver.group(case, &go.nodes)?).or_default().push((case, go));
            }
        }
        for (group, commands) in groups {
            driver.run(&group, &commands, &mut report).await?;
        }
    }
    for case in cases.iter().filter(|case| !case.go.is_empty()) {
        let Scene::Own(shape) = case.scene else { continue };
        let world = Arc::new(World::simulated(version, shape).await?);
        let driver = Driver::new(program, folder, &world)?;
        let commands: Vec<_> = case.go.iter().map(|go| (case, go)).collect();
        driver.run(&driver.group(case, &[])?, &commands, &mut report).await?;
    }
    for (case, world) in states::all(version).await? {
        let driver = Driver::new(program, folder, &world)?;
        let commands: Vec<_> = case.go.iter().map(|go| (&case, go)).collect();
        driver.run(&driver.group(&case, &[])?, &commands, &mut report).await?;
    }
    Ok(report)
}

struct Driver<'a> {
    program: &'a Path,
    folder: &'a Path,
    world: &'a Arc<World>,
}

impl<'a> Driver<'a> {
    fn new(program: &'a Path, folder: &'a Path, world: &'a Arc<World>) -> Result<Self, SetupError> {
        let driver = Self { program, folder, world };
        if let Some(simulated) = &world.simulated {
            driver.write("controlplane.yaml", simulated.cluster.control_plane_config().expose())?;
            driver.write("worker.yaml", simulated.cluster.worker_config().expose())?;
            driver.write("nonsense.yaml", "nonsense: true\n")?;
        }
        Ok(driver)
    }

    fn write(&self, name: &str, text: &str) -> Result<PathBuf, SetupError> {
        let path = self.folder.join(name);
        std::fs::write(&path, text)?;
        Ok(path)
    }

    /// The caller of a case, and the flags that say whom it calls.
    fn group(&self, case: &Case, nodes: &[String]) -> Result<Group, SetupError> {
        let env = Env::new(self.world, case);
        let world = self.world;
        let (endpoint, node) = match case.target {
            Target::Node => (world.endpoint.as_str(), Some(env.node_name().map_err(|f| f.to_string())?)),
            Target::Endpoint => (world.endpoint.as_str(), None),
            Target::Worker => (world.endpoint.as_str(), Some(env.worker().map_err(|f| f.to_string())?)),
            Target::WorkerEndpoint => (env.worker().map_err(|f| f.to_string())?, None),
            Target::Maintenance => {
                (world.maintenance.as_deref().ok_or("no machine in maintenance mode")?, None)
            }
        };
        let mut flags = vec!["-endpoint".to_owned(), endpoint.to_owned()];
        if !nodes.is_empty() {
            let nodes: Vec<String> = nodes.iter().map(|node| self.fill(node)).collect();
            flags.extend(["-nodes".to_owned(), nodes.join(",")]);
        } else if let Some(node) = node {
            flags.extend(["-node".to_owned(), node.to_owned()]);
        }
        Ok((case.role, flags))
    }

    /// Runs the commands of one group in one process and judges them.
    async fn run(
        &self,
        (role, flags): &Group,
        commands: &[(&Case, &Go)],
        report: &mut GoReport,
    ) -> Result<(), SetupError> {
        let mut process = tokio::process::Command::new(self.program);
        process.arg("client").args(flags).args(["-timeout", "30s"]);
        match role {
            Some(role) => {
                let context = self.world.context(*role).ok_or("no credentials of this role")?.clone();
                let config = TalosConfig::new("contract", context).to_yaml()?;
                process
                    .arg("-talosconfig")
                    .arg(self.write(&role.as_str().replace(':', "-"), config.expose())?);
            }
            None => {
                process.arg("-insecure");
            }
        }
        process.arg("batch").stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = process.spawn()?;
        let mut stdin = child.stdin.take().ok_or("no standard input")?;
        let mut input = String::new();
        for (_, go) in commands {
            input.push_str(&serde_json::to_string(&self.arguments(go))?);
            input.push('\n');
        }
        let writing = async move {
            let written = stdin.write_all(input.as_bytes()).await;
            drop(stdin);
            written
        };
        let (output, written) = tokio::join!(child.wait_with_output(), writing);
        written?;
        let output = String::from_utf8(output?.stdout)?;
        let mut ends = Vec::new();
        for line in output.lines() {
            let line: Value = serde_json::from_str(line)?;
            if line.get("result").is_none() {
                ends.push(line);
            }
        }
        if ends.len() != commands.len() {
            return Err(format!("{} answers to {} commands: {output}", ends.len(), commands.len()).into());
        }
        for ((case, go), end) in commands.iter().zip(ends) {
            self.judge(case, go, &end, report);
        }
        Ok(())
    }

    fn judge(&self, case: &Case, go: &Go, end: &Value, report: &mut GoReport) {
        let exists = self.world.minor >= case.since;
        let code = if exists { go.code } else { Code::Unimplemented };
        let got_code = end["error"]["code"].as_str().unwrap_or("OK");
        let results = end["results"].as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or(0);
        if name(code) == got_code && (!exists || go.results.allow(results)) {
            report.agreed += 1;
            return;
        }
        let message = end["error"]["text"].as_str().unwrap_or_default();
        report.differences.push(Difference {
            case: case.name.clone(),
            command: go.command.join(" "),
            expected: format!("{} and {} results", name(code), go.results),
            got: format!("{got_code} and {results} results {message}"),
        });
    }

    fn arguments(&self, go: &Go) -> Vec<String> {
        go.command.iter().map(|argument| self.fill(argument)).collect()
    }

    /// An argument with what only this world knows.
    fn fill(&self, argument: &str) -> String {
        let address = |nodes: &[String], at: usize| nodes.get(at).cloned().unwrap_or_default();
        let known = [
            ("{first}", address(&self.world.control_planes, 0)),
            ("{second}", address(&self.world.control_planes, 1)),
            ("{worker}", address(&self.world.workers, 0)),
            ("{nowhere}", NOWHERE.to_owned()),
            ("{folder}", self.folder.display().to_string()),
        ];
        known.iter().fold(argument.to_owned(), |text, (name, value)| text.replace(name, value))
    }
}

/// The name of a code as Go writes it.
fn name(code: Code) -> String {
    match code {
        Code::Ok => "OK".to_owned(),
        Code::Cancelled => "Canceled".to_owned(),
        code => format!("{code:?}"),
    }
}
