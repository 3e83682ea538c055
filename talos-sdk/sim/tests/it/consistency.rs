//! What holds whatever happens between two calls, and however many clients call at once.

use talos_pki::Role;
use talos_proto::cosi::resource::ListRequest;
use talos_proto::machine::ApplyConfigurationRequest;
use talos_proto::machine::apply_configuration_request::Mode;

use crate::harness::{TestCluster, admin, eventually, soon, state};

/// Ids and owners of the resources of a type.
async fn shown(address: std::net::Ipv4Addr, namespace: &str, kind: &str) -> Option<Vec<(String, String)>> {
    let request = ListRequest { namespace: namespace.into(), r#type: kind.into(), options: None };
    let mut stream = state(address, &[Role::Admin]).await.list(request).await.ok()?.into_inner();
    let mut all = Vec::new();
    while let Some(item) = stream.message().await.ok()? {
        let metadata = item.resource?.metadata?;
        all.push((metadata.id, metadata.owner));
    }
    Some(all)
}

#[tokio::test]
async fn a_machine_that_restarts_between_two_calls_shows_the_same_again() {
    let cluster = TestCluster::bootstrapped(1, 0).await;
    let node = &cluster.control_planes[0];
    for (namespace, kind) in [
        ("k8s", "StaticPods.kubernetes.talos.dev"),
        ("k8s", "StaticPodStatuses.kubernetes.talos.dev"),
        ("etcd", "EtcdMembers.etcd.talos.dev"),
        ("cluster", "Identities.cluster.talos.dev"),
        ("runtime", "MountStatuses.runtime.talos.dev"),
        ("secrets", "KubernetesRootSecrets.secrets.talos.dev"),
    ] {
        let before = shown(node.address(), namespace, kind).await.unwrap();
        let (boot, boots) = (node.boot_id(), node.boots());
        node.restart();
        soon(async {
            while node.boots() == boots {
                tokio::task::yield_now().await;
            }
        })
        .await;
        soon(node.wait_until_ready()).await;
        assert_ne!(node.boot_id(), boot, "another boot");
        let after = eventually(|| shown(node.address(), namespace, kind)).await;
        assert!(!before.is_empty() && after == before, "{kind}: {before:?} and {after:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_configurations_that_are_applied_at_once_one_is_there_as_a_whole() {
    let cluster = TestCluster::bootstrapped(1, 0).await;
    let node = &cluster.control_planes[0];
    let (config, _) = crate::harness::configs(node.address(), &[]);
    let applied: Vec<_> = (0..8).map(|number| format!("{config}# client {number}\n")).collect();
    let calls = applied.iter().map(|text| async {
        let request = ApplyConfigurationRequest {
            data: text.clone().into(),
            mode: Mode::NoReboot.into(),
            ..ApplyConfigurationRequest::default()
        };
        admin(node.address()).await.apply_configuration(request).await.unwrap()
    });
    soon(futures_util::future::join_all(calls)).await;
    let request = |id: &str| talos_proto::cosi::resource::GetRequest {
        namespace: "config".into(),
        r#type: "MachineConfigs.config.talos.dev".into(),
        id: id.into(),
        options: None,
    };
    let mut client = state(node.address(), &[Role::Admin]).await;
    let (mut versions, mut texts) = (Vec::new(), Vec::new());
    for id in ["v1alpha1", "persistent"] {
        let found = client.get(request(id)).await.unwrap().into_inner().resource.unwrap();
        let spec: talos_proto::resource::config::MachineConfigSpec =
            prost::Message::decode(found.spec.unwrap().proto_spec).unwrap();
        assert!(applied.iter().any(|text| text.as_bytes() == spec.yaml_marshalled), "one of them as a whole");
        texts.push(spec.yaml_marshalled);
        versions.push(found.metadata.unwrap().version);
    }
    assert_eq!(texts[0], texts[1], "what is in use is what is on the disk");
    // The first one came with the boot; every call made a version of its own, so none was lost in silence.
    assert_eq!(versions, ["9", "9"]);
}
