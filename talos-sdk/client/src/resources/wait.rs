//! Waiting for resources to be so.

use std::sync::Arc;
use std::time::Duration;

use super::cache::Snapshot;
use super::changes::ChangesOptions;
use super::{Resource, Resources, SpecData};
use crate::channel::overdue;
use crate::{Error, Result};

impl<S: SpecData + Sync> Resources<S> {
    /// Waits until the resources are so, for a limited time, and gives them as they were then.
    ///
    /// The predicate sees all that is there, and again after each change. Broken connections and restarts of the
    /// machine are waited out.
    ///
    /// [`ErrorKind::DeadlineExceeded`](crate::ErrorKind::DeadlineExceeded): they were not in that time. Errors that do
    /// not pass by themselves come at once.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use talos_client::resources::Member;
    /// # async fn example(node: talos_client::Node) -> Result<(), talos_client::Error> {
    /// let members = node.resources::<Member>();
    /// let three = members.wait_until(|all| all.len() >= 3, Duration::from_secs(300)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn wait_until(
        &self,
        mut predicate: impl FnMut(&Snapshot<S>) -> bool,
        within: Duration,
    ) -> Result<Snapshot<S>> {
        let mut follower = self.follow(ChangesOptions::default());
        let met = async {
            let mut snapshot = Snapshot::default();
            loop {
                let batch = follower.next().await?;
                for (index, change) in batch.changes.into_iter().enumerate() {
                    snapshot.apply(change);
                    if index + 1 >= batch.from_list && predicate(&snapshot) {
                        return Ok(snapshot);
                    }
                }
            }
        };
        let met = tokio::time::timeout(within, met).await;
        met.unwrap_or_else(|_| Err(self.not_in_time(follower.last_error())))
    }

    /// Waits until the resource of this id is so, for a limited time, and gives it. `None` stands for a resource that
    /// is not there, in what the predicate is asked and in what is given.
    ///
    /// Errors are those of [`wait_until`](Self::wait_until).
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use talos_client::resources::MachineStatus;
    /// # async fn example(node: talos_client::Node) -> Result<(), talos_client::Error> {
    /// let statuses = node.resources::<MachineStatus>();
    /// let ready = |status: Option<&MachineStatus>| status.is_some_and(|status| status.ready);
    /// statuses.wait_for(MachineStatus::ID, |found| ready(found.map(|found| &found.spec)), Duration::from_secs(300)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn wait_for(
        &self,
        id: &str,
        mut predicate: impl FnMut(Option<&Resource<S>>) -> bool,
        within: Duration,
    ) -> Result<Option<Arc<Resource<S>>>> {
        let one = self.clone().with_ids(format!("^{}$", quoted(id)));
        let met = one.wait_until(|all| predicate(all.get(id).map(|found| &**found)), within).await?;
        Ok(met.get(id).cloned())
    }

    fn not_in_time(&self, last: Option<&Error>) -> Error {
        let error = overdue(match last {
            None => "the resources did not come to what was waited for",
            Some(_) => "the resources could not be watched",
        });
        let error = error.at(Some("Watch"), self.node.name(), None);
        match last {
            None => error,
            Some(last) => error.with_source(last.clone()),
        }
    }
}

/// An RE2 expression that matches this text.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for character in text.chars() {
        if r"\.+*?()|[]{}^$".contains(character) {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted
}
