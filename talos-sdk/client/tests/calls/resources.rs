//! Resources of simulated machines, whatever happens to the machine and the way to it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use talos_client::resources::types::v1alpha1::ServiceSpec;
use talos_client::resources::{Cache, Change, Changes, ChangesOptions, MachineStatus, Resource, Resources};
use talos_sim::{Fault, FaultRule};
use tonic::Code;

use crate::lab::{Lab, PATIENCE, soon};

/// What tells states of a resource apart.
type State = (Option<std::time::SystemTime>, Option<u64>);

fn state<S>(resource: &Resource<S>) -> State {
    (resource.metadata.created, resource.metadata.version)
}

/// Waits until the cache has what a list gives.
async fn agree(services: &Resources<ServiceSpec>, cache: &Cache<ServiceSpec>) -> BTreeMap<String, State> {
    soon(async {
        loop {
            let map =
                |resources: &mut dyn Iterator<Item = (String, State)>| resources.collect::<BTreeMap<_, _>>();
            if let Ok(list) = services.list().await {
                let listed = map(&mut list.iter().map(|it| (it.metadata.id.clone(), state(it))));
                let cached = map(&mut cache.list().iter().map(|it| (it.metadata.id.clone(), state(it))));
                if listed == cached && !listed.is_empty() {
                    return listed;
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}

/// Applies changes to a map, to which each must fit.
async fn follow(mut changes: Changes<ServiceSpec>, known: Arc<Mutex<BTreeMap<String, State>>>) {
    while let Some(change) = changes.next().await {
        let mut known = known.lock().unwrap();
        match change.unwrap() {
            Change::Created(new) => {
                assert_eq!(known.insert(new.metadata.id.clone(), state(&new)), None, "it comes twice");
            }
            Change::Updated { old, new } => {
                assert!(new.metadata.version > old.metadata.version);
                assert_eq!(known.insert(new.metadata.id.clone(), state(&new)), Some(state(&old)));
            }
            Change::Destroyed(old) => assert_eq!(known.remove(&old.metadata.id), Some(state(&old))),
            _ => {}
        }
    }
}

#[tokio::test]
async fn changes_and_cache_outlive_faults_and_reboots() {
    for version in ["v1.9.6", "v1.14.0"] {
        let lab = Lab::of_version(version, 1).await;
        let quick =
            ChangesOptions::default().with_pauses(Duration::from_millis(5), Duration::from_millis(50));
        let services = lab.node(0).resources::<ServiceSpec>();
        let faults = lab.simulation.faults();
        // The first watches are refused, or break before the list is over.
        faults.fail("Watch", Code::Unavailable, 3);
        faults.add(FaultRule::new("Watch", Fault::CutAfter(300)).times(4));
        let cache = services.cache_with(quick.clone());
        let known = Arc::new(Mutex::new(BTreeMap::new()));
        let told = tokio::spawn(follow(services.changes_with(quick), Arc::clone(&known)));
        soon(cache.ready()).await.unwrap();
        let before = agree(&services, &cache).await;
        for _ in 0..2 {
            let boots = lab.machines[0].boots();
            lab.machines[0].restart();
            soon(async {
                while lab.machines[0].boots() == boots {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                lab.machines[0].wait_until_ready().await;
            })
            .await;
            let ready = |status: Option<&Resource<MachineStatus>>| status.is_some_and(|it| it.spec.ready);
            let statuses = lab.node(0).resources::<MachineStatus>();
            let status = statuses.wait_for(MachineStatus::ID, ready, PATIENCE).await.unwrap();
            assert!(status.is_some_and(|status| status.metadata.id == "machine"));
            let after = agree(&services, &cache).await;
            assert_ne!(before, after, "a machine that restarts makes its resources again");
        }
        soon(async {
            loop {
                let there = agree(&services, &cache).await;
                if told.is_finished() || *known.lock().unwrap() == there {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        assert!(cache.error().is_none());
        assert!(!told.is_finished(), "{version}: {:?}", told.await);
        told.abort();
    }
}
