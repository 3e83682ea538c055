//! The processes of a machine.

use std::time::Duration;

use talos_proto::machine::ProcessInfo;

use crate::system::seconds;
use crate::{Node, Result};

/// A process of a machine, in a container or not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Process {
    /// Its id.
    pub pid: i32,
    /// The id of its parent; 0 if it has none.
    pub parent: i32,
    /// What it does now.
    pub state: ProcessState,
    /// How many threads it has.
    pub threads: u32,
    /// How much processor time it used.
    pub cpu_time: Duration,
    /// The size of its address space, in bytes.
    pub virtual_memory: u64,
    /// How much memory it uses, in bytes.
    pub resident_memory: u64,
    /// Its name.
    pub command: String,
    /// The path of its program; empty for threads of the kernel.
    pub executable: String,
    /// Its command line, joined by spaces.
    pub args: String,
    /// Its SELinux label; empty if there is none.
    pub label: String,
}

/// What a process does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProcessState {
    /// `R`: it runs, or could.
    Running,
    /// `S`: it waits, and can be woken by signals.
    Sleeping,
    /// `D`: it waits for a disk, and can't be woken.
    DiskSleep,
    /// `T`: it was stopped by a signal.
    Stopped,
    /// `t`: it was stopped by a debugger.
    Tracing,
    /// `Z`: it ended, and its parent did not ask for its exit code yet.
    Zombie,
    /// `X`: it is about to disappear.
    Dead,
    /// `I`: a thread of the kernel with nothing to do.
    Idle,
    /// `P`: it was parked.
    Parked,
    /// A letter that this version of the library does not know.
    Other(String),
}

impl ProcessState {
    /// Reads the letter of the kernel.
    #[must_use]
    pub fn parse(letter: &str) -> Self {
        match letter {
            "R" => Self::Running,
            "S" => Self::Sleeping,
            "D" => Self::DiskSleep,
            "T" => Self::Stopped,
            "t" => Self::Tracing,
            "Z" => Self::Zombie,
            "X" => Self::Dead,
            "I" => Self::Idle,
            "P" => Self::Parked,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The letter of the kernel.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Running => "R",
            Self::Sleeping => "S",
            Self::DiskSleep => "D",
            Self::Stopped => "T",
            Self::Tracing => "t",
            Self::Zombie => "Z",
            Self::Dead => "X",
            Self::Idle => "I",
            Self::Parked => "P",
            Self::Other(letter) => letter,
        }
    }
}

impl Node {
    /// The processes of the machine, those of containers too (`machine.MachineService/Processes`, any role).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { example(async |node| {
    /// let mut processes = node.processes().await?;
    /// processes.sort_by_key(|process| std::cmp::Reverse(process.resident_memory));
    /// for process in &processes {
    ///     println!("{} {} {}", process.pid, process.state.as_str(), process.args);
    /// }
    /// # Ok(()) }) }
    /// ```
    pub async fn processes(&self) -> Result<Vec<Process>> {
        let reply =
            self.call((), |raw, request| async move { raw.machine().processes(request).await }).await?;
        Ok(reply.single()?.processes.into_iter().map(Process::from).collect())
    }
}

impl From<ProcessInfo> for Process {
    fn from(process: ProcessInfo) -> Self {
        Self {
            pid: process.pid,
            parent: process.ppid,
            state: ProcessState::parse(&process.state),
            threads: u32::try_from(process.threads).unwrap_or_default(),
            cpu_time: seconds(process.cpu_time),
            virtual_memory: process.virtual_memory,
            resident_memory: process.resident_memory,
            command: process.command,
            executable: process.executable,
            args: process.args,
            label: process.label,
        }
    }
}
