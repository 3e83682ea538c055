//! Sequences of machined: what a machine does step by step, with the events that tell about it.

use talos_proto::common;
use talos_proto::machine::{self, phase_event, sequence_event, task_event};

use crate::run::Run;

/// A phase: its name and its tasks, which run one after the other here.
pub(crate) type Phase = (&'static str, &'static [&'static str]);

pub(crate) const INITIALIZE: &[Phase] = &[
    ("systemRequirements", &["enforceKSPPRequirements"]),
    ("earlyServices", &["startMachined"]),
    ("usb", &["waitForUSB"]),
    ("meta", &["reloadMeta"]),
    ("dashboard", &["startDashboard"]),
];

/// What follows [`INITIALIZE`] in the same sequence.
pub(crate) const LOAD: &[Phase] = &[("config", &["loadConfig"])];

pub(crate) const INSTALL: &[Phase] = &[
    ("env", &["setUserEnvVars"]),
    ("install", &["install"]),
    ("meta", &["reloadMeta"]),
    ("saveMeta", &["flushMeta"]),
    ("stopEverything", &["stopAllServices"]),
    ("kexec", &["kexecPrepare"]),
    ("reboot", &["reboot"]),
];

pub(crate) const BOOT: &[Phase] = &[
    ("memorySizeCheck", &["memorySizeCheck"]),
    ("diskSizeCheck", &["diskSizeCheck"]),
    ("env", &["setUserEnvVars", "waitForCARoots"]),
    ("dbus", &["startDBus"]),
    ("ephemeral", &["mountEphemeralPartition"]),
    ("userSetup", &["writeUserFiles"]),
    ("startEverything", &["startAllServices"]),
];

/// Graceful reboots and shutdowns, and resets, stop everything this way.
const STOP: &[Phase] = &[
    ("denyNewServices", &["denyNewServices"]),
    ("stopServices", &["stopServicesForUpgrade"]),
    ("umount", &["unmountPodMounts"]),
    ("unmountBind", &["unmountSystemDiskBindMounts"]),
    ("unmountSystem", &["unmountEphemeralPartition"]),
    ("volumeFinalize", &["teardownLifecycle"]),
    ("stopEverything", &["stopAllServices"]),
];

const DRAIN: Phase = ("drain", &["cordonAndDrainNode"]);
const STOP_PODS: Phase = ("cleanup", &["stopAllPods"]);
const DBUS: Phase = ("dbus", &["stopDBus"]);
const KEXEC: Phase = ("kexec", &["kexecPrepare"]);
const REBOOT: Phase = ("reboot", &["reboot"]);
const SHUTDOWN: Phase = ("shutdown", &["shutdown"]);

/// The phases of a reboot.
pub(crate) fn reboot(force: bool) -> Vec<Phase> {
    if force {
        return vec![REBOOT];
    }
    [&[STOP_PODS, DBUS][..], STOP, &[KEXEC, REBOOT]].concat()
}

/// The phases of a shutdown.
pub(crate) fn shutdown(force: bool) -> Vec<Phase> {
    let store: Phase = ("storeShutdown", &["storeShutdownEmergency"]);
    let drain: &[Phase] = if force { &[] } else { &[DRAIN] };
    [&[store][..], drain, &[STOP_PODS, DBUS], STOP, &[SHUTDOWN]].concat()
}

/// The phases of an upgrade of Talos; `stage` if it is put in place only on the way up.
pub(crate) fn upgrade(stage: bool) -> Vec<Phase> {
    let upgrade: &[Phase] = if stage { &[] } else { &[("upgrade", &["upgrade"]), ("meta", &["reloadMeta"])] };
    let drain: &[Phase] = if stage { &[] } else { &[DRAIN] };
    [drain, &[STOP_PODS, DBUS], upgrade, STOP, &[KEXEC, REBOOT]].concat()
}

/// The phases of a reset, with those that wipe something as the caller found them to be needed.
pub(crate) fn reset(graceful: bool, control_plane: bool, wipe: &[Phase], reboot: bool) -> Vec<Phase> {
    let pods: Phase = ("cleanup", &["removeAllPods"]);
    let leave: Phase = ("leave", &["leaveEtcd"]);
    let first: &[Phase] = match (graceful, control_plane) {
        (true, true) => &[DRAIN, pods, DBUS, leave],
        (true, false) => &[DRAIN, pods, DBUS],
        (false, _) => &[STOP_PODS, DBUS],
    };
    let signal: Phase = ("preReset", &["sendResetSignal"]);
    let cleanup: Phase = ("forceCleanup", &["forceCleanup"]);
    [first, &[signal], STOP, &[cleanup], wipe, &[if reboot { REBOOT } else { SHUTDOWN }]].concat()
}

/// One sequence that somebody, or the machine itself, has begun.
pub(crate) struct Sequence<'a> {
    run: &'a Run,
    name: &'static str,
    actor: String,
}

impl<'a> Sequence<'a> {
    pub(crate) fn new(run: &'a Run, name: &'static str, actor: impl Into<String>) -> Self {
        Self { run, name, actor: actor.into() }
    }

    pub(crate) fn start(&self) {
        self.tell(sequence_event::Action::Start, None);
    }

    pub(crate) fn stop(&self) {
        self.tell(sequence_event::Action::Stop, None);
    }

    /// Tells that it did not begin, as another one is going on.
    pub(crate) fn refuse(&self) {
        self.fail(common::Code::Locked, "another sequence is going on");
    }

    /// Goes through phases task by task: who asks for the next task has done the one before.
    pub(crate) fn steps<'b>(&'b self, phases: &'b [Phase]) -> Steps<'b> {
        Steps { sequence: self, phases, phase: 0, task: 0 }
    }

    /// Tells that a task begins or ends.
    pub(crate) fn task(&self, name: &str, action: task_event::Action) {
        let event = machine::TaskEvent { task: name.to_owned(), action: action.into() };
        self.run.event_of(&self.actor, &event);
    }

    fn phase(&self, name: &str, action: phase_event::Action) {
        let event = machine::PhaseEvent { phase: name.to_owned(), action: action.into() };
        self.run.event_of(&self.actor, &event);
    }

    /// Tells that it ended early.
    pub(crate) fn fail_task(&self, task: &str, reason: &str) {
        self.stop();
        self.fail(common::Code::Fatal, &format!("task {task} failed: {reason}"));
    }

    fn fail(&self, code: common::Code, message: &str) {
        let error =
            common::Error { code: code.into(), message: message.to_owned(), ..common::Error::default() };
        self.tell(sequence_event::Action::Noop, Some(error));
    }

    fn tell(&self, action: sequence_event::Action, error: Option<common::Error>) {
        let event = machine::SequenceEvent { sequence: self.name.to_owned(), action: action.into(), error };
        self.run.event_of(&self.actor, &event);
    }
}

/// A place in the phases of a sequence.
pub(crate) struct Steps<'a> {
    sequence: &'a Sequence<'a>,
    phases: &'a [Phase],
    phase: usize,
    /// Number of the next task in the phase.
    task: usize,
}

impl Iterator for Steps<'_> {
    type Item = &'static str;

    fn next(&mut self) -> Option<&'static str> {
        loop {
            let (phase, tasks) = self.phases.get(self.phase)?;
            match self.task.checked_sub(1).and_then(|done| tasks.get(done)) {
                Some(done) => self.sequence.task(done, task_event::Action::Stop),
                None => self.sequence.phase(phase, phase_event::Action::Start),
            }
            if let Some(task) = tasks.get(self.task) {
                self.task += 1;
                self.sequence.task(task, task_event::Action::Start);
                return Some(task);
            }
            self.sequence.phase(phase, phase_event::Action::Stop);
            (self.phase, self.task) = (self.phase + 1, 0);
        }
    }
}
