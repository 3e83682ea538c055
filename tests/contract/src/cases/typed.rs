//! Every call of the typed client, once: that it reaches its method and reads the answer, in every version.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use talos_client::resources::{ExpectedPhase, LabelQuery, MachineStatus};
use talos_client::{
    AfterReset, ApplyOptions, BlockDeviceWipe, ContainerNamespace, DebugContainer, DmesgOptions,
    EtcdMemberId, EtcdRecoverOptions, EtcdVersion, EventOptions, GenerateConfigurationOptions, HealthOptions,
    ImageStore, ListOptions, LogOptions, MetaKey, NetstatOptions, PcapOptions, RebootOptions, ResetOptions,
    ShutdownOptions, UpgradeOptions, UsageOptions, Wipe, WipeMethod,
};
use talos_pki::{Role, RoleSet};
use tonic::Code;

use crate::case::{Case, Shape, Target, case};
use crate::check::{collect_bytes, ensure, eventually, refused, same, some, soon};

/// Images that are pulled here.
const IMAGE: &str = "docker.io/library/alpine:3.22";
const ETCD: EtcdVersion = EtcdVersion { major: 3, minor: 5 };

/// A case that is named after the call that it makes.
macro_rules! typed {
    // It answers.
    ($methods:literal, $name:ident($($argument:expr),*)) => {
        case(concat!("typed/Node::", stringify!($name)), $methods, |env| async move {
            Ok(env.node()?.$name($($argument),*).await.map(drop)?)
        })
    };
    // It is refused with this code.
    ($methods:literal, $name:ident($($argument:expr),*) => $code:ident) => {
        case(concat!("typed/Node::", stringify!($name)), $methods, |env| async move {
            refused(env.node()?.$name($($argument),*).await, Code::$code)
        })
    };
    // Its answer is a stream that ends.
    ($methods:literal, all $name:ident($($argument:expr),*) $(. $then:ident())?) => {
        case(concat!("typed/Node::", stringify!($name)), $methods, |env| async move {
            env.node()?.$name($($argument),*)$(.$then())?.try_collect::<Vec<_>>().await?;
            Ok(())
        })
    };
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = host();
    cases.extend(runs());
    cases.extend(etcd());
    cases.extend(storage());
    cases.extend(lifecycle());
    cases.extend(resources());
    cases
}

fn host() -> Vec<Case> {
    vec![
        typed!("MachineService/Version", version()),
        typed!("MachineService/Hostname", hostname()),
        typed!("MachineService/Memory", memory()),
        typed!("MachineService/LoadAvg", load_average()),
        typed!("MachineService/SystemStat", system_stat()),
        typed!("MachineService/CPUInfo", cpus()),
        typed!("MachineService/CPUFreqStats", cpu_frequencies()),
        typed!("MachineService/DiskStats", disk_counters()),
        typed!("MachineService/NetworkDeviceStats", network_counters()),
        typed!("MachineService/Mounts", mounts()),
        typed!("MachineService/Processes", processes()),
        typed!("MachineService/Netstat", sockets(NetstatOptions::default())),
        typed!("MachineService/PacketCapture", all capture_packets(
            PcapOptions::new("lo").with_duration(Duration::from_millis(100))
        ).into_bytes()),
        typed!("TimeService/Time", time()),
        typed!("TimeService/TimeCheck", time_against("time.cloudflare.com")),
        typed!("InspectService/ControllerRuntimeDependencies", controller_dependencies()),
        typed!("ClusterService/HealthCheck", all cluster_health(HealthOptions::new(Duration::from_secs(30)))),
        typed!("MachineService/List", all list(ListOptions::new("/etc"))),
        typed!("MachineService/Read", all read("/etc/hostname")),
        typed!("MachineService/Copy", all copy("/etc").into_bytes()),
        typed!("MachineService/DiskUsage", all disk_usage(UsageOptions::new("/etc"))),
        typed!("MachineService/Dmesg", all dmesg(DmesgOptions::default())),
        typed!("MachineService/Logs", all logs(LogOptions::service("machined"))),
        typed!("MachineService/LogsContainers", log_ids()),
        typed!("MachineService/MetaWrite", write_meta(MetaKey(15), "hello")).changes(),
        typed!("MachineService/MetaDelete", delete_meta(MetaKey(201)) => NotFound).changes(),
        case("typed/Node::events", "MachineService/Events", |env| async move {
            let mut events =
                env.node()?.events(EventOptions::default().with_tail(talos_client::EventTail::All)).await?;
            some(soon("an event", events.next()).await?, "an event")??;
            Ok(())
        }),
    ]
}

fn runs() -> Vec<Case> {
    vec![
        typed!("MachineService/ServiceList", services()),
        typed!("MachineService/ServiceList", service("apid")),
        typed!("MachineService/ServiceStart", start_service("nosuch") => Unknown),
        typed!("MachineService/ServiceStop", stop_service("apid") => Unknown),
        typed!("MachineService/ServiceRestart", restart_service("kubelet")).changes(),
        typed!("MachineService/Containers", containers(ContainerNamespace::System)),
        typed!("MachineService/Stats", container_usage(ContainerNamespace::Kubernetes)),
        typed!("MachineService/Restart", restart_container(ContainerNamespace::Kubernetes, "nosuch") => Unknown),
        typed!("MachineService/Kubeconfig", kubeconfig()),
        typed!(
            "MachineService/GenerateClientConfiguration",
            client_configuration(&RoleSet::from([Role::Reader]), Duration::from_secs(60))
        ),
        typed!("MachineService/ApplyConfiguration", apply_configuration(
            "nonsense: true\n",
            ApplyOptions::default().with_dry_run()
        ) => InvalidArgument),
        case("typed/Node::bootstrap", "MachineService/Bootstrap", |env| async move {
            env.etcd_runs().await?;
            refused(env.node()?.bootstrap().await, Code::AlreadyExists)
        }),
        case(
            "typed/Node::generate_configuration",
            "MachineService/GenerateConfiguration",
            |env| async move {
                let options =
                    GenerateConfigurationOptions::control_plane("another", "https://192.0.2.1:6443");
                let answer = env.node()?.generate_configuration(options).await;
                // Gone since 1.13.
                if env.minor() >= 13 {
                    refused(answer.map(drop), Code::Unimplemented)
                } else {
                    answer.map(drop).map_err(Into::into)
                }
            },
        ),
        case(
            "typed/Node::debug_container",
            "ImageService/Pull DebugService/ContainerRun",
            |env| async move {
                let node = env.node()?;
                node.pull_image(ImageStore::System, IMAGE).finish().await?;
                let container = DebugContainer::privileged(ImageStore::System, IMAGE).with_args(["sh"]);
                let session = node.debug_container(container);
                same(session.run(&b"exit 3\n"[..], tokio::io::sink()).await?, 3)
            },
        )
        .from(13)
        .changes(),
    ]
}

fn etcd() -> Vec<Case> {
    vec![
        typed!("MachineService/EtcdMemberList", etcd_members()),
        typed!("MachineService/EtcdStatus", etcd_status()),
        typed!("MachineService/EtcdAlarmList", etcd_alarms()),
        typed!("MachineService/EtcdAlarmDisarm", etcd_disarm_alarms()).changes(),
        typed!("MachineService/EtcdDefragment", etcd_defragment()).changes(),
        typed!("MachineService/EtcdRemoveMemberByID", etcd_remove_member(EtcdMemberId(1)) => NotFound),
        typed!("MachineService/EtcdForfeitLeadership", etcd_forfeit_leadership()).changes(),
        typed!("MachineService/EtcdLeaveCluster", etcd_leave()).alone(Shape::cluster(3, 0)),
        typed!("MachineService/EtcdSnapshot", all etcd_snapshot()),
        typed!("MachineService/EtcdDowngradeValidate", etcd_validate_downgrade(ETCD)).from(11),
        typed!("MachineService/EtcdDowngradeEnable", etcd_enable_downgrade(ETCD))
            .from(11)
            .alone(Shape::cluster(1, 0)),
        case(
            "typed/Node::etcd_cancel_downgrade",
            "MachineService/EtcdDowngradeEnable MachineService/EtcdDowngradeCancel",
            |env| async move {
                let node = env.node()?;
                node.etcd_enable_downgrade(ETCD).await?;
                node.etcd_cancel_downgrade().await?;
                Ok(())
            },
        )
        .from(11)
        .alone(Shape::cluster(1, 0)),
        case(
            "typed/Node::etcd_recover",
            "MachineService/EtcdRecover MachineService/Bootstrap",
            |env| async move {
                let source = env.node()?;
                let mut machine = source.raw().machine();
                let request = talos_proto::machine::EtcdSnapshotRequest {};
                let snapshot = collect_bytes(machine.etcd_snapshot(request)).await?;
                // This machine has etcd already, which the bootstrap finds.
                let recovered =
                    source.etcd_recover(std::io::Cursor::new(snapshot), EtcdRecoverOptions::default()).await;
                refused(recovered, Code::AlreadyExists)
            },
        )
        .alone(Shape::cluster(1, 0)),
    ]
}

fn storage() -> Vec<Case> {
    vec![
        typed!("StorageService/Disks", disks()),
        typed!("StorageService/BlockDeviceWipe", wipe_block_devices(
            [BlockDeviceWipe::new("nosuch", WipeMethod::Fast)]
        ) => NotFound),
        typed!("LVMService/LogicalVolumeRemove", remove_logical_volume("nosuch", "nosuch") => NotFound)
            .from(14),
        typed!("LVMService/VolumeGroupRemove", remove_volume_group("nosuch") => NotFound).from(14),
        typed!("LVMService/PhysicalVolumeRemove", remove_physical_volume("/dev/nosuch") => NotFound).from(14),
        typed!("MDService/Destroy", destroy_array("/dev/nosuch") => NotFound).from(14),
        // Before 1.13 the client uses the calls of the machine service.
        typed!("ImageService/List MachineService/ImageList", all images(ImageStore::System)),
        typed!("ImageService/Pull MachineService/ImagePull", all pull_image(ImageStore::Kubernetes, IMAGE))
            .changes(),
        typed!("ImageService/Remove", remove_image(ImageStore::System, "nosuch:1") => NotFound).from(13),
        typed!("ImageService/Verify", verify_image(IMAGE, None)).from(13),
        case("typed/Node::import_image", "ImageService/Import", |env| async move {
            let answer = env.node()?.import_image(ImageStore::System, &b"no archive"[..]).await;
            refused(answer, Code::Internal)
        })
        .from(13),
    ]
}

fn lifecycle() -> Vec<Case> {
    let own = Shape::cluster(1, 0);
    vec![
        typed!("MachineService/Reboot", reboot(RebootOptions::default())).alone(own),
        typed!("MachineService/Shutdown", shutdown(ShutdownOptions::default())).alone(own),
        typed!("MachineService/Reset", reset(ResetOptions::forced(Wipe::Nothing, AfterReset::Reboot)))
            .alone(own),
        case("typed/Node::rollback", "MachineService/Rollback", |env| async move {
            let answer = env.node()?.rollback().await;
            ensure(answer.is_err(), "a refusal, as there is no other version", "an answer")
        })
        .alone(own),
        case(
            "typed/Node::upgrade",
            "ImageService/Pull LifecycleService/Upgrade MachineService/Upgrade",
            |env| async move {
                let image = format!("ghcr.io/siderolabs/installer:{}", env.world().tag());
                let node = env.node()?;
                let action = node.upgrade(UpgradeOptions::new(image)).await?;
                action.finished(Duration::from_secs(60)).await?;
                let machine = env.machine(env.node_name()?)?;
                eventually("another boot", async || (machine.boots() > 1).then_some(())).await
            },
        )
        .alone(own),
        case("typed/Node::run_install", "LifecycleService/Install", |env| async move {
            let image = "ghcr.io/siderolabs/installer:v1.13.9";
            let run = env.node()?.run_install(ImageStore::System, image, "/dev/vda");
            refused(run.finish().await, Code::AlreadyExists)
        })
        .from(13)
        .alone(own),
        case("typed/Node::run_upgrade", "LifecycleService/Upgrade", |env| async move {
            let run = env.node()?.run_upgrade(ImageStore::System, "");
            refused(run.finish().await, Code::InvalidArgument)
        })
        .from(13)
        .alone(own),
    ]
}

fn resources() -> Vec<Case> {
    let status = MachineStatus::ID;
    vec![
        case("typed/Resources::get", "State/Get", move |env| async move {
            env.node()?.resources::<MachineStatus>().get(status).await?;
            Ok(())
        }),
        case("typed/Resources::list", "State/List", |env| async move {
            let all =
                env.node()?.resources::<MachineStatus>().with_labels(LabelQuery::new().not_exists("nosuch"));
            same(all.list().await?.len(), 1)
        }),
        case("typed/Resources::watch", "State/Watch", |env| async move {
            let mut watch = env.node()?.resources::<MachineStatus>().watch().await?;
            some(soon("an event", watch.next()).await?, "an event")??;
            Ok(())
        }),
        case("typed/Resources::create", "State/Create", move |env| async move {
            let all = env.node()?.resources_untyped("runtime", "MachineStatuses.runtime.talos.dev");
            let resource = all.get(status).await?;
            refused(all.create(&resource).await, Code::PermissionDenied)
        }),
        case("typed/Resources::update", "State/Update", move |env| async move {
            let all = env.node()?.resources_untyped("runtime", "MachineStatuses.runtime.talos.dev");
            let resource = all.get(status).await?;
            refused(all.update(&resource, ExpectedPhase::Any).await, Code::PermissionDenied)
        }),
        case("typed/Resources::destroy", "State/Destroy", move |env| async move {
            refused(env.node()?.resources::<MachineStatus>().destroy(status).await, Code::PermissionDenied)
        }),
        case("typed/Resources::teardown", "State/Teardown", move |env| async move {
            // Before 1.14 the client reads and updates instead, which is refused all the same.
            refused(env.node()?.resources::<MachineStatus>().teardown(status).await, Code::PermissionDenied)
        }),
        case("typed/Resources::teardown_and_destroy", "State/TeardownAndDestroy", move |env| async move {
            let all = env.node()?.resources::<MachineStatus>();
            refused(all.teardown_and_destroy(status, Duration::from_secs(5)).await, Code::PermissionDenied)
        }),
        case("typed/Node::resource_definition", "State/List", |env| async move {
            env.node()?.resource_definition("machinestatus").await?;
            Ok(())
        })
        .on(Target::Worker),
    ]
}
