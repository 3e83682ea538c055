//! One thing that a server must do.

use std::fmt;
use std::future::Future;
use std::ops::RangeFrom;

use futures_util::future::BoxFuture;
use talos_pki::Role;
use tonic::Code;

use crate::env::Env;
use crate::failure::Verdict;

type Play = Box<dyn Fn(Env) -> BoxFuture<'static, Verdict> + Send + Sync>;

/// One thing that a server of the machine API must do.
pub struct Case {
    pub(crate) name: String,
    pub(crate) methods: Vec<String>,
    pub(crate) role: Option<Role>,
    pub(crate) target: Target,
    pub(crate) since: u16,
    pub(crate) scene: Scene,
    /// It looks at what only a whole machine has, and not a server of some of its calls.
    pub(crate) whole: bool,
    pub(crate) go: Vec<Go>,
    play: Play,
}

/// The machine that a case calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// A control plane node, through another one if there are several.
    Node,
    /// The endpoint itself, a control plane node.
    Endpoint,
    /// A worker, through a control plane node.
    Worker,
    /// A worker, as endpoint.
    WorkerEndpoint,
    /// A machine that has no configuration yet, without a certificate.
    Maintenance,
}

/// What a case may do to the machines that it is played on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scene {
    /// It only reads.
    Reads,
    /// It changes something, and the machines serve the next case all the same.
    Changes,
    /// It may leave ruins, so these machines are its own.
    Own(Shape),
}

/// The machines of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shape {
    /// How many control plane nodes.
    pub control_planes: u8,
    /// How many workers.
    pub workers: u8,
    /// Whether etcd has been bootstrapped.
    pub bootstrapped: bool,
    /// Whether there is a machine without a configuration, too.
    pub maintenance: bool,
}

impl Shape {
    /// A running cluster.
    pub(crate) const fn cluster(control_planes: u8, workers: u8) -> Self {
        Self { control_planes, workers, bootstrapped: true, maintenance: false }
    }

    /// A cluster that nobody has bootstrapped.
    pub(crate) const UNBORN: Self =
        Self { control_planes: 1, workers: 0, bootstrapped: false, maintenance: false };
    /// One machine that nobody has configured, beside one cluster of one.
    pub(crate) const BLANK: Self =
        Self { control_planes: 1, workers: 0, bootstrapped: true, maintenance: true };
    /// What the cases that share a cluster need.
    pub(crate) const SHARED: Self =
        Self { control_planes: 3, workers: 1, bootstrapped: true, maintenance: true };
}

/// The same case as a command of Go's client.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Go {
    /// The command and its arguments.
    pub command: Vec<String>,
    /// The nodes that are asked at once; none if it is that of the case.
    pub nodes: Vec<String>,
    /// The code that it ends with.
    pub code: Code,
    /// How many results it prints.
    pub results: Results,
}

/// A number of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Results {
    /// So many.
    Exactly(usize),
    /// So many or more.
    AtLeast(usize),
}

impl From<usize> for Results {
    fn from(number: usize) -> Self {
        Self::Exactly(number)
    }
}

impl From<RangeFrom<usize>> for Results {
    fn from(range: RangeFrom<usize>) -> Self {
        Self::AtLeast(range.start)
    }
}

impl Results {
    pub(crate) fn allow(self, number: usize) -> bool {
        match self {
            Self::Exactly(wanted) => number == wanted,
            Self::AtLeast(least) => number >= least,
        }
    }
}

impl fmt::Display for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(number) => write!(f, "{number}"),
            Self::AtLeast(number) => write!(f, "{number} or more"),
        }
    }
}

/// A case that reads as an administrator. `methods` are those that it is about, `Service/Method` without the package
/// and with blanks between.
pub(crate) fn case<F, Fut>(name: impl Into<String>, methods: &str, play: F) -> Case
where
    F: Fn(Env) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Verdict> + Send + 'static,
{
    Case {
        name: name.into(),
        methods: methods.split_whitespace().map(str::to_owned).collect(),
        role: Some(Role::Admin),
        target: Target::Node,
        since: 9,
        scene: Scene::Reads,
        whole: false,
        go: Vec::new(),
        play: Box::new(move |env| Box::pin(play(env))),
    }
}

impl Case {
    /// Its name, `noun/what`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is about: the part of its name before the slash.
    #[must_use]
    pub fn noun(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    /// The methods that it calls, as `Service/Method`.
    #[must_use]
    pub fn methods(&self) -> &[String] {
        &self.methods
    }

    /// The role it is played with; none if without a certificate.
    #[must_use]
    pub fn role(&self) -> Option<Role> {
        self.role
    }

    /// The machine it calls.
    #[must_use]
    pub fn target(&self) -> Target {
        self.target
    }

    /// The first minor of Talos that has what it asks for. Earlier ones must answer Unimplemented.
    #[must_use]
    pub fn since(&self) -> u16 {
        self.since
    }

    /// What it may do to machines.
    #[must_use]
    pub fn scene(&self) -> Scene {
        self.scene
    }

    /// The same as commands of Go's client.
    #[must_use]
    pub fn go_commands(&self) -> &[Go] {
        &self.go
    }

    /// Talos has it since this minor.
    pub(crate) fn from(mut self, minor: u16) -> Self {
        self.since = minor;
        self
    }

    /// Played with another role.
    pub(crate) fn role_of(mut self, role: Role) -> Self {
        self.role = Some(role);
        self
    }

    /// Played on another machine.
    pub(crate) fn on(mut self, target: Target) -> Self {
        if target == Target::Maintenance {
            self.role = None;
        }
        self.target = target;
        self
    }

    /// It looks at what a whole machine shows: all its resources, the events of its boot. A server that is none is not
    /// judged by it.
    pub(crate) fn of_a_whole_machine(mut self) -> Self {
        self.whole = true;
        self
    }

    /// It changes something and leaves the machines useful.
    pub(crate) fn changes(mut self) -> Self {
        self.scene = Scene::Changes;
        self
    }

    /// It needs machines of its own.
    pub(crate) fn alone(mut self, shape: Shape) -> Self {
        self.scene = Scene::Own(shape);
        self
    }

    /// The same through Go's client: a command with blanks between its arguments, the code and the number of results
    /// that it ends with.
    pub(crate) fn go(self, command: &str, code: Code, results: impl Into<Results>) -> Self {
        self.go_of("", command, code, results)
    }

    /// The same of several nodes at once, with blanks between them.
    pub(crate) fn go_of(
        mut self,
        nodes: &str,
        command: &str,
        code: Code,
        results: impl Into<Results>,
    ) -> Self {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        self.go.push(Go { command: words(command), nodes: words(nodes), code, results: results.into() });
        self
    }

    pub(crate) fn play(&self, env: Env) -> BoxFuture<'static, Verdict> {
        (self.play)(env)
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("name", &self.name).finish_non_exhaustive()
    }
}
