//! Access to clusters, and their health.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use futures_util::TryStreamExt;
use talos_client::talos_pki::{Role, RoleSet};
use talos_client::{
    Client, ClientOptions, ErrorKind, HealthOptions, HealthState, KubeconfigFile, KubeconfigMerge,
};
use talos_sim::SimulationOptions;

use crate::lab::{Lab, soon};

#[tokio::test(flavor = "multi_thread")]
async fn a_kubeconfig_is_merged_into_that_of_the_user() {
    let lab = Lab::of_version("v1.13.9", 1).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing/.kube/config");
    let file = KubeconfigFile::at(&path);
    let first = lab.node(0).kubeconfig().await.unwrap();
    let merged = file.merge(&first, &KubeconfigMerge::default()).await.unwrap();
    assert_eq!(merged.context, "admin@lab");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), first.expose(), "its very bytes");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));

    // The same cluster with another certificate, into a file that everyone may read.
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let second = lab.node(0).kubeconfig().await.unwrap();
    let merged = file.merge(&second, &KubeconfigMerge::default()).await.unwrap();
    assert_eq!(merged.context, "admin@lab-1");
    let renamed: Vec<_> = merged.renamed.iter().map(|rename| (rename.list, &*rename.to)).collect();
    assert_eq!(renamed, [("users", "admin@lab-1"), ("contexts", "admin@lab-1")]);
    assert_eq!(mode(&path), 0o600);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), merged.text.expose());
    let over = file.merge(&second, &KubeconfigMerge::default().with_overwrite()).await.unwrap();
    assert_eq!(over.context, "admin@lab");
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);

    // What can't be read stays as it is.
    std::fs::write(&path, "- not a kubeconfig\n").unwrap();
    let error = file.merge(&second, &KubeconfigMerge::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "- not a kubeconfig\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_talosconfig_has_the_roles_and_reaches_the_cluster() {
    let lab = Lab::of_version("v1.13.9", 1).await;
    let roles: RoleSet = [Role::Reader].into_iter().collect();
    let lifetime = Duration::from_secs(3600);
    let made = lab.node(0).client_configuration(&roles, lifetime).await.unwrap();
    let context = made.current(None).unwrap();
    let ours: Vec<String> = lab.client.endpoints().map(ToString::to_string).collect();
    assert_eq!(context.endpoints, ours, "the machine knows no endpoints, the client does");
    let reader = Client::connect(&made, ClientOptions::default()).unwrap();
    let node = reader.node(lab.machines[0].address().to_string());
    node.version().await.unwrap();
    assert!(node.kubeconfig().await.unwrap_err().is_permission_denied());
    for lifetime in [Duration::ZERO, Duration::from_millis(999)] {
        let error = lab.node(0).client_configuration(&roles, lifetime).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_cluster_passes_its_checks() {
    let lab = Lab::of_version("v1.13.9", 3).await;
    let checks = lab.node(0).cluster_health(HealthOptions::new(Duration::from_secs(30)));
    let seen: Vec<_> = checks.try_collect().await.unwrap();
    let passed: Vec<_> = seen
        .iter()
        .filter(|progress| progress.state == HealthState::Passed)
        .filter_map(|progress| progress.check.as_deref())
        .collect();
    assert!(passed.contains(&"etcd to be healthy") && passed.len() > 3, "{seen:?}");
    let none = lab.node(0).cluster_health(HealthOptions::new(Duration::ZERO)).try_collect::<Vec<_>>().await;
    assert_eq!(none.unwrap_err().kind(), ErrorKind::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_is_not_healthy_in_time_is_an_error() {
    let lab = Lab::answering(SimulationOptions::default()).await;
    let node = lab.node(0);
    let mut checks = node.cluster_health(HealthOptions::new(Duration::from_millis(400)));
    let mut last = None;
    let error = loop {
        match soon(checks.try_next()).await {
            Ok(Some(progress)) => last = Some(progress),
            Ok(None) => panic!("it is not healthy"),
            Err(error) => break error,
        }
    };
    assert!(!error.to_string().is_empty());
    let last = last.expect("the check that is not met was told");
    assert_eq!(last.check.as_deref(), Some("etcd to be healthy"), "{last:?}");
    assert!(matches!(last.state, HealthState::Unmet(_)), "{last:?}");
}
