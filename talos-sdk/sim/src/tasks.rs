//! Tasks that end together.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::task::JoinSet;

/// A set of tasks that is aborted when the last clone goes away or [`Tasks::abort`] is called.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tasks(Arc<Mutex<Set>>);

#[derive(Debug, Default)]
struct Set {
    closed: bool,
    tasks: JoinSet<()>,
}

impl Tasks {
    /// A set that takes no tasks.
    pub(crate) fn closed() -> Self {
        let tasks = Self::default();
        tasks.abort();
        tasks
    }

    /// Whether [`Tasks::abort`] was called.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).closed
    }

    /// Starts a task. After [`Tasks::abort`] it is dropped instead.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        spawn(&self.0, task);
    }

    /// Ends every task and refuses new ones.
    pub(crate) fn abort(&self) {
        let mut set = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        set.closed = true;
        set.tasks.abort_all();
    }

    /// A handle that does not keep the set alive, for tasks inside of it.
    pub(crate) fn spawner(&self) -> Spawner {
        Spawner(Arc::downgrade(&self.0))
    }
}

fn spawn(set: &Mutex<Set>, task: impl Future<Output = ()> + Send + 'static) {
    let mut set = set.lock().unwrap_or_else(PoisonError::into_inner);
    while set.tasks.try_join_next().is_some() {}
    if !set.closed {
        set.tasks.spawn(task);
    }
}

/// Starts tasks in a set that may be gone.
#[derive(Clone, Debug)]
pub(crate) struct Spawner(Weak<Mutex<Set>>);

impl Spawner {
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(set) = self.0.upgrade() {
            spawn(&set, task);
        }
    }
}

impl<F> hyper::rt::Executor<F> for Spawner
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        self.spawn(task);
    }
}
