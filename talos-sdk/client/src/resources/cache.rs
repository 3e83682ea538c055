//! Resources kept up to date in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::changes::{Change, ChangesOptions};
use super::follow::Follower;
use super::{Resource, Resources, SpecData};
use crate::channel::overdue;
use crate::{Error, Result};

/// Resources as they were at one moment, by their ids. Cheap to clone.
pub struct Snapshot<S>(Arc<BTreeMap<Arc<str>, Arc<Resource<S>>>>);

impl<S> Clone for Snapshot<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> Default for Snapshot<S> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<S: SpecData + fmt::Debug> fmt::Debug for Snapshot<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<S> Snapshot<S> {
    /// The resource of this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Arc<Resource<S>>> {
        self.0.get(id)
    }

    /// All resources, in order of their ids.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<Resource<S>>> {
        self.0.values()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Copies nothing but pointers, and them only where somebody keeps what was before.
    pub(super) fn apply(&mut self, change: Change<S>) {
        match change {
            Change::Created(new) | Change::Updated { new, .. } => {
                Arc::make_mut(&mut self.0).insert(new.metadata.id.as_str().into(), new);
            }
            Change::Destroyed(old) => _ = Arc::make_mut(&mut self.0).remove(old.metadata.id.as_str()),
            Change::Synced => {}
        }
    }
}

/// Resources kept up to date in memory, from [`Resources::cache`]. Cheap to clone; any number of tasks can read it.
///
/// A task of its own watches as [`Resources::changes`] does; it ends when the last clone is dropped.
pub struct Cache<S> {
    shared: Arc<Shared<S>>,
    task: Arc<Task>,
}

struct Shared<S> {
    contents: RwLock<Snapshot<S>>,
    progress: watch::Sender<Progress>,
}

#[derive(Clone, Default)]
struct Progress {
    ready: bool,
    error: Option<Error>,
}

struct Task(AbortHandle);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<S> Clone for Cache<S> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), task: Arc::clone(&self.task) }
    }
}

impl<S> fmt::Debug for Cache<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("ready", &self.is_ready()).finish_non_exhaustive()
    }
}

impl<S: SpecData + Sync> Resources<S> {
    /// The resources, kept up to date in memory by a task on the current tokio runtime.
    ///
    /// ```
    /// use std::time::Duration;
    /// use talos_client::resources::MachineStatus;
    /// # use talos_client::{Client, ClientOptions};
    /// # use talos_sim::{NodeOptions, Simulation, SimulationOptions, Stage};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let simulation = Simulation::start(SimulationOptions::default())?;
    /// # let machine = simulation.add_node(NodeOptions::default().with_name("cp-1"))?;
    /// # machine.wait_for(Stage::Maintenance).await;
    /// # let pin = machine.fingerprint().ok_or("it listens")?;
    /// # let client = Client::maintenance(&machine.address().to_string(), &[pin], ClientOptions::default())?;
    /// # let node = client.endpoint();
    /// let statuses = node.resources::<MachineStatus>().cache();
    /// statuses.ready().await?;
    /// let status = statuses.get(MachineStatus::ID).ok_or("every machine has one")?;
    /// println!("{:?}", status.spec.stage);
    ///
    /// statuses.wait_until(|all| all.iter().all(|status| status.spec.ready), Duration::from_secs(60)).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn cache(&self) -> Cache<S> {
        self.cache_with(ChangesOptions::default())
    }

    /// As [`cache`](Self::cache), with these pauses and limits.
    #[must_use]
    pub fn cache_with(&self, options: ChangesOptions) -> Cache<S> {
        Cache::new(self.follow(options))
    }
}

impl<S: SpecData + Sync> Cache<S> {
    pub(super) fn new(mut follower: Follower<S>) -> Self {
        let shared = Arc::new(Shared {
            contents: RwLock::new(Snapshot::default()),
            progress: watch::Sender::new(Progress::default()),
        });
        let kept = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            loop {
                match follower.next().await {
                    Ok(batch) => {
                        let synced = batch.changes.iter().any(|change| matches!(change, Change::Synced));
                        {
                            let mut contents = kept.contents.write().unwrap_or_else(PoisonError::into_inner);
                            batch.changes.into_iter().for_each(|change| contents.apply(change));
                        }
                        kept.progress.send_modify(|progress| progress.ready |= synced);
                    }
                    Err(error) => {
                        return kept.progress.send_modify(|progress| progress.error = Some(error));
                    }
                }
            }
        });
        Self { shared, task: Arc::new(Task(task.abort_handle())) }
    }
}

impl<S> Cache<S> {
    /// Waits until the cache has all that was there when it began.
    ///
    /// The error is the one that ended the watch, as for [`Changes`](super::Changes).
    pub async fn ready(&self) -> Result<()> {
        let mut progress = self.shared.progress.subscribe();
        let progress = progress.wait_for(|progress| progress.ready || progress.error.is_some()).await;
        match progress.map(|progress| progress.clone()) {
            Ok(Progress { ready: false, error: Some(error) }) => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether the cache has all that was there when it began.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.shared.progress.borrow().ready
    }

    /// What ended the watch; from then on the cache stays as it is.
    #[must_use]
    pub fn error(&self) -> Option<Error> {
        self.shared.progress.borrow().error.clone()
    }

    /// The resources as they are now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot<S> {
        self.shared.contents.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The resource of this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Arc<Resource<S>>> {
        self.shared.contents.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// All resources, in order of their ids.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Resource<S>>> {
        self.snapshot().iter().cloned().collect()
    }

    /// Tells of changes from now on.
    #[must_use]
    pub fn subscribe(&self) -> CacheSubscription<S> {
        CacheSubscription { progress: self.shared.progress.subscribe(), cache: self.clone() }
    }

    /// Waits until the resources are so, for a limited time, and gives them.
    ///
    /// [`ErrorKind::DeadlineExceeded`](crate::ErrorKind::DeadlineExceeded): they were not in that time.
    pub async fn wait_until(
        &self,
        mut predicate: impl FnMut(&Snapshot<S>) -> bool,
        within: Duration,
    ) -> Result<Snapshot<S>> {
        let mut subscription = self.subscribe();
        let met = async {
            self.ready().await?;
            loop {
                let snapshot = self.snapshot();
                if predicate(&snapshot) {
                    return Ok(snapshot);
                }
                subscription.changed().await?;
            }
        };
        tokio::time::timeout(within, met)
            .await
            .unwrap_or_else(|_| Err(overdue("the resources did not come to what was waited for")))
    }
}

/// Tells of changes of a [`Cache`], from [`Cache::subscribe`]. It keeps the cache going.
pub struct CacheSubscription<S> {
    progress: watch::Receiver<Progress>,
    cache: Cache<S>,
}

impl<S> fmt::Debug for CacheSubscription<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheSubscription").field("cache", &self.cache).finish()
    }
}

impl<S> CacheSubscription<S> {
    /// Waits for a change that this subscription has not told of, and gives the resources as they are now. Several
    /// changes may be told of as one. Dropping the future loses nothing.
    ///
    /// The error is the one that ended the watch; then there will be no more changes.
    pub async fn changed(&mut self) -> Result<Snapshot<S>> {
        if let Some(error) = self.cache.error() {
            return Err(error);
        }
        // The sender is in the cache, which is kept here.
        _ = self.progress.changed().await;
        match self.progress.borrow_and_update().error.clone() {
            Some(error) => Err(error),
            None => Ok(self.cache.snapshot()),
        }
    }
}
