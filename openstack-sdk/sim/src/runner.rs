//! Runs what the machines have to do: in order for each server, at once for different ones.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinSet;

use crate::machines::Boot;
use crate::nova::servers::{Outcome, settle};
use crate::serve::Shared;
use crate::world::Work;

/// Hands work to the server it is for, until it is dropped, and all servers' tasks with it.
pub(crate) async fn run(mut work: UnboundedReceiver<Work>, shared: Arc<Shared>) {
    let mut servers: HashMap<String, UnboundedSender<Work>> = HashMap::new();
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            next = work.recv() => {
                let Some(next) = next else { return };
                let id = match &next {
                    Work::Boot(Boot { server_id, .. }) | Work::Fail { server_id, .. } => server_id.clone(),
                    Work::Reboot(id) | Work::Delete(id) => id.clone(),
                };
                let sender = servers.entry(id.clone()).or_insert_with(|| {
                    let (sender, receiver) = mpsc::unbounded_channel();
                    tasks.spawn(server(id, receiver, Arc::clone(&shared)));
                    sender
                });
                // A server that is gone has no use for more work.
                let _ = sender.send(next);
            }
            Some(ended) = tasks.join_next() => {
                if let Ok(id) = ended {
                    servers.remove(&id);
                }
            }
        }
    }
}

/// The life of one server; gives its id back when it is gone.
async fn server(id: String, mut work: UnboundedReceiver<Work>, shared: Arc<Shared>) -> String {
    let (machines, build_time) = {
        let world = shared.world();
        (world.machines(), world.options.build_time)
    };
    let mut booted = false;
    while let Some(next) = work.recv().await {
        match next {
            Work::Boot(boot) => {
                tokio::time::sleep(build_time).await;
                booted = true;
                let outcome = outcome(machines.boot(boot).await);
                settle(&mut shared.world(), &id, outcome);
            }
            Work::Fail { text, .. } => {
                tokio::time::sleep(build_time).await;
                settle(&mut shared.world(), &id, Outcome::Error(text));
            }
            Work::Reboot(_) => {
                if booted {
                    machines.reboot(&id).await;
                    settle(&mut shared.world(), &id, Outcome::Active);
                }
            }
            Work::Delete(_) => {
                if booted {
                    machines.delete(&id).await;
                }
                settle(&mut shared.world(), &id, Outcome::Gone);
                break;
            }
        }
    }
    id
}

fn outcome(booted: Result<(), String>) -> Outcome {
    match booted {
        Ok(()) => Outcome::Active,
        Err(text) => Outcome::Error(text),
    }
}
