//! Reboots and what else takes a machine down.

use std::time::Duration;

use serde_json::json;
use talos_client::{
    AfterReset, RebootMode, RebootOptions, ResetOptions, ShutdownOptions, SystemPartition, UpgradeOptions,
    UpgradeWay, Wipe,
};

use super::{Row, row};

/// Before it acts, an action subscribes to events and looks which boot this is.
const LOOKS: [&str; 3] =
    ["machine.MachineService/Events", "machine.MachineService/Read", "cosi.resource.State/Get"];
const VERSION: &str = "machine.MachineService/Version";

pub(super) fn rows() -> Vec<Row> {
    let actor = json!({"actor_id": "an-actor"});
    vec![
        row("reboot", "machine.MachineService/Reboot", |node| async move {
            let options = RebootOptions::default().with_mode(RebootMode::PowerCycle);
            node.reboot(options).await?.finished(Duration::from_secs(60)).await.map(drop)
        })
        .asks(json!({"mode": "POWERCYCLE"}))
        .looks_at(LOOKS.into_iter().chain([VERSION])),
        row("shutdown", "machine.MachineService/Shutdown", |node| async move {
            let action = node.shutdown(ShutdownOptions::default().with_force()).await?;
            assert_eq!(action.actor_id(), Some("an-actor"));
            Ok(())
        })
        .asks(json!({"force": true}))
        .answers(actor.clone())
        .looks_at(LOOKS),
        row("reset", "machine.MachineService/Reset", |node| async move {
            let wipe = Wipe::Partitions(vec![SystemPartition::Ephemeral]);
            let action = node.reset(ResetOptions::graceful(wipe, AfterReset::Reboot)).await?;
            assert_eq!(action.actor_id(), Some("an-actor"));
            Ok(())
        })
        .asks(json!({
            "graceful": true, "reboot": true, "mode": "SYSTEM_DISK",
            "system_partitions_to_wipe": [{"label": "EPHEMERAL", "wipe": true}],
        }))
        .answers(actor.clone())
        .looks_at(LOOKS)
        .needs_a_name(),
        row("rollback", "machine.MachineService/Rollback", |node| async move {
            assert_eq!(node.rollback().await?.actor_id(), None);
            Ok(())
        })
        .answers(json!({}))
        .looks_at(LOOKS),
        row("upgrade", "machine.MachineService/Upgrade", |node| async move {
            let options = UpgradeOptions::new("installer:v1.13.9").with_way(UpgradeWay::Machine).with_stage();
            assert_eq!(node.upgrade(options).await?.actor_id(), Some("an-actor"));
            Ok(())
        })
        .asks(json!({"image": "installer:v1.13.9", "stage": true}))
        .answers(actor)
        .and_calls([VERSION])
        .looks_at(LOOKS),
        row("upgrade", "machine.LifecycleService/Upgrade", |node| async move {
            let options = UpgradeOptions::new("installer:v1.13.9");
            node.upgrade(options).await?.finished(Duration::from_secs(60)).await.map(drop)
        })
        .asks(json!({
            "containerd": {"driver": "CRI", "namespace": "NS_SYSTEM"},
            "source": {"image_name": format!("installer:v1.13.9@sha256:{}", "0".repeat(64))},
        }))
        .and_calls([VERSION, "machine.ImageService/Pull", "machine.MachineService/Reboot"])
        .looks_at(LOOKS),
    ]
}
