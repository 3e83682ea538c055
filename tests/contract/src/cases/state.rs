//! What machines show as resources, and who owns it.

use talos_client::resources::types::block::DiskSpec;
use talos_client::resources::types::cluster::IdentitySpec;
use talos_pki::Role;
use tonic::Code;

use crate::case::{Case, Target, case};
use crate::check::{ensure, refused, same};

/// Namespace, type, id and owner.
type Shown = (&'static str, &'static str, &'static str, &'static str);

/// What every configured machine shows.
const EVERYWHERE: [Shown; 14] = [
    ("runtime", "MachineStatuses.runtime.talos.dev", "machine", "runtime.MachineStatusController"),
    ("config", "MachineConfigs.config.talos.dev", "v1alpha1", ""),
    ("config", "MachineTypes.config.talos.dev", "machine-type", "config.MachineTypeController"),
    ("network", "HostnameStatuses.net.talos.dev", "hostname", "network.HostnameSpecController"),
    ("cluster", "Identities.cluster.talos.dev", "local", "cluster.NodeIdentityController"),
    ("config", "DiscoveryConfigs.cluster.talos.dev", "cluster", "cluster.ConfigController"),
    ("k8s", "Nodenames.kubernetes.talos.dev", "nodename", "k8s.NodenameController"),
    ("k8s", "NodeIPs.kubernetes.talos.dev", "kubelet", "k8s.NodeIPController"),
    ("k8s", "KubeletConfigs.kubernetes.talos.dev", "kubelet", "k8s.KubeletConfigController"),
    ("k8s", "KubeletSpecs.kubernetes.talos.dev", "kubelet", "k8s.KubeletSpecController"),
    ("k8s", "KubeletLifecycles.kubernetes.talos.dev", "kubelet", ""),
    ("secrets", "KubeletSecrets.secrets.talos.dev", "kubelet", "secrets.KubeletController"),
    ("runtime", "VolumeStatuses.block.talos.dev", "EPHEMERAL", "block.VolumeManagerController"),
    ("runtime", "BlockDevices.block.talos.dev", "vda", "block.DevicesController"),
];

/// What only control planes show.
const CONTROL_PLANES: [Shown; 17] = [
    ("etcd", "EtcdConfigs.etcd.talos.dev", "etcd", "etcd.ConfigController"),
    ("etcd", "EtcdSpecs.etcd.talos.dev", "etcd", "etcd.SpecController"),
    ("etcd", "EtcdMembers.etcd.talos.dev", "local", "etcd.MemberController"),
    ("etcd", "PKIStatuses.etcd.talos.dev", "etcd", "etcd.PKIController"),
    (
        "controlplane",
        "APIServerConfigs.kubernetes.talos.dev",
        "kube-apiserver",
        "k8s.ControlPlaneAPIServerController",
    ),
    (
        "controlplane",
        "ControllerManagerConfigs.kubernetes.talos.dev",
        "kube-controller-manager",
        "k8s.ControlPlaneControllerManagerController",
    ),
    (
        "controlplane",
        "SchedulerConfigs.kubernetes.talos.dev",
        "kube-scheduler",
        "k8s.ControlPlaneSchedulerController",
    ),
    (
        "controlplane",
        "AdmissionControlConfigs.kubernetes.talos.dev",
        "admission-control",
        "k8s.ControlPlaneAdmissionControlController",
    ),
    (
        "controlplane",
        "AuditPolicyConfigs.kubernetes.talos.dev",
        "audit-policy",
        "k8s.ControlPlaneAuditPolicyController",
    ),
    (
        "controlplane",
        "BootstrapManifestsConfigs.kubernetes.talos.dev",
        "manifests",
        "k8s.ControlPlaneBootstrapManifestsController",
    ),
    ("controlplane", "Manifests.kubernetes.talos.dev", "11-core-dns", "k8s.ManifestController"),
    ("controlplane", "ManifestStatuses.kubernetes.talos.dev", "manifests", "k8s.ManifestApplyController"),
    (
        "controlplane",
        "ConfigStatuses.kubernetes.talos.dev",
        "static-pods",
        "k8s.RenderConfigsStaticPodController",
    ),
    (
        "controlplane",
        "SecretStatuses.kubernetes.talos.dev",
        "static-pods",
        "k8s.RenderSecretsStaticPodController",
    ),
    ("k8s", "StaticPods.kubernetes.talos.dev", "kube-apiserver", "k8s.ControlPlaneStaticPodController"),
    ("secrets", "KubernetesRootSecrets.secrets.talos.dev", "k8s", "secrets.RootKubernetesController"),
    ("secrets", "EtcdRootSecrets.secrets.talos.dev", "etcd", "secrets.RootEtcdController"),
];

const AFFILIATES: &str = "Affiliates.cluster.talos.dev";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for shown in EVERYWHERE {
        cases.extend([there(shown, Target::Node), there(shown, Target::Worker)]);
    }
    for shown in CONTROL_PLANES {
        let (namespace, kind, id, _) = shown;
        cases.push(there(shown, Target::Node));
        let absent =
            case(format!("state/{}-not-on-workers", short(kind)), "State/Get", move |env| async move {
                refused(env.node()?.resources_untyped(namespace, kind).get(id).await, Code::NotFound)
            });
        cases.push(absent.on(Target::Worker).go(&command(shown), Code::NotFound, 0));
        if namespace == "secrets" {
            let hidden =
                case(format!("state/{}-not-for-readers", short(kind)), "State/Get", move |env| async move {
                    refused(
                        env.node()?.resources_untyped(namespace, kind).get(id).await,
                        Code::PermissionDenied,
                    )
                });
            cases.push(hidden.role_of(Role::Reader).go(&command(shown), Code::PermissionDenied, 0));
        }
    }
    cases.extend(together());
    cases.into_iter().map(Case::of_a_whole_machine).collect()
}

fn short(kind: &str) -> &str {
    kind.split('.').next().unwrap_or(kind)
}

fn command((namespace, kind, id, _): Shown) -> String {
    format!("cosi-get {namespace} {kind} {id}")
}

/// The resource is there, running, and has its owner.
fn there(shown: Shown, target: Target) -> Case {
    let (namespace, kind, id, owner) = shown;
    let place = if target == Target::Worker { "-on-workers" } else { "" };
    let name = format!("state/{}{place}", short(kind));
    let case = case(name, "State/Get", move |env| async move {
        let found = env.node()?.resources_untyped(namespace, kind).get(id).await?;
        same((found.metadata.owner.as_str(), found.metadata.id.as_str()), (owner, id))
    });
    let case = case.on(target);
    // Go's client of v1.13.9 can't read what is in the configurations of 1.14.
    if kind.starts_with("MachineConfigs") { case } else { case.go(&command(shown), Code::Ok, 1) }
}

/// What has to agree with something else.
fn together() -> Vec<Case> {
    vec![
        case("state/own-affiliate", "State/Get State/List", |env| async move {
            let node = env.node()?;
            let identity = node.resources::<IdentitySpec>().get_single().await?.spec;
            let affiliates = node.resources_untyped("cluster", AFFILIATES).list().await?;
            for affiliate in affiliates {
                let own = affiliate.metadata.id == identity.node_id;
                let owner =
                    if own { "cluster.LocalAffiliateController" } else { "cluster.AffiliateMergeController" };
                same(affiliate.metadata.owner.as_str(), owner)?;
            }
            let told = node.resources_untyped("cluster-raw", AFFILIATES).list().await?;
            let own = format!("service/{}", identity.node_id);
            ensure(
                !told.is_empty() && told.iter().all(|affiliate| affiliate.metadata.id != own),
                "the others, and not the machine itself",
                &told,
            )
        }),
        case("state/disks-agree", "StorageService/Disks State/List", |env| async move {
            let node = env.node()?;
            let mut shown: Vec<(String, u64)> = Vec::new();
            for disk in node.resources::<DiskSpec>().list().await? {
                shown.push((disk.spec.dev_path.clone(), disk.spec.size));
            }
            let devices: Vec<_> =
                node.resources_untyped("runtime", "BlockDevices.block.talos.dev").list().await?;
            for (path, _) in &shown {
                let name = path.trim_start_matches("/dev/");
                ensure(devices.iter().any(|device| device.metadata.id == name), name, &devices)?;
            }
            let disks = node.raw().storage().disks(()).await?.into_inner().messages;
            let listed = disks.into_iter().flat_map(|disks| disks.disks);
            let mut listed: Vec<_> = listed.map(|disk| (disk.device_name, disk.size)).collect();
            listed.sort();
            shown.sort();
            same(shown, listed)
        }),
        case("state/static-pod-statuses", "State/List", |env| async move {
            let kind = "StaticPodStatuses.kubernetes.talos.dev";
            let statuses = env.node()?.resources_untyped("k8s", kind).list().await?;
            let api_server =
                statuses.iter().find(|it| it.metadata.id.starts_with("kube-system/kube-apiserver-"));
            ensure(api_server.is_some(), "the static pod of the API server", &statuses)
        })
        .go("cosi-list k8s StaticPodStatuses.kubernetes.talos.dev", Code::Ok, 3),
        case("state/maintenance-shows-no-cluster", "State/List", |env| async move {
            let node = env.node()?;
            for (namespace, kind) in [
                ("cluster", AFFILIATES),
                ("k8s", "Nodenames.kubernetes.talos.dev"),
                ("runtime", "MountStatuses.runtime.talos.dev"),
            ] {
                let shown = node.resources_untyped(namespace, kind).list().await?;
                ensure(shown.is_empty(), kind, &shown)?;
            }
            Ok(())
        })
        .on(Target::Maintenance),
    ]
}
