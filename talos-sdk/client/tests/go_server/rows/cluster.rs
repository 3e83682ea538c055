//! The configuration of a machine and the way into its cluster.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use talos_client::talos_pki::{Role, RoleSet};
use talos_client::{ApplyMode, ApplyOptions, GenerateConfigurationOptions, MetaKey, RenewalOptions};
use tokio::sync::Notify;

use super::{Row, bytes, client_row, row};

const APPLY: &str = "machine.MachineService/ApplyConfiguration";
const CLIENT_CONFIGURATION: &str = "machine.MachineService/GenerateClientConfiguration";
const GET: &str = "cosi.resource.State/Get";

fn config(id: &str) -> Value {
    json!({"resource": {
        "metadata": {
            "namespace": "config", "type": "MachineConfigs.config.talos.dev", "id": id, "version": "3", "phase": "running",
        },
        "spec": {"yaml_spec": "version: v1alpha1\n"},
    }})
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = configuration();
    rows.extend(access());
    rows.extend(meta());
    rows
}

fn configuration() -> Vec<Row> {
    let applied = json!({"mode": "STAGED", "warnings": ["a warning"], "mode_details": "later"});
    vec![
        row("apply_configuration", APPLY, |node| async move {
            let options = ApplyOptions::default().with_try(Duration::from_secs(90));
            let applied = node.apply_configuration("a: b\n", options).await?;
            assert_eq!((applied.mode, applied.details.as_str()), (ApplyMode::Staged, "later"));
            assert_eq!(applied.warnings[0].to_string(), "a warning");
            Ok(())
        })
        .asks(json!({"data": bytes("a: b\n"), "mode": "TRY", "try_mode_timeout": "90s"}))
        .answers(applied.clone()),
        row("patch_configuration", APPLY, |node| async move {
            let more = |text: &str| Ok::<_, std::fmt::Error>(format!("{text}debug: true\n"));
            let applied = node.patch_configuration(more, ApplyOptions::default()).await?;
            assert_eq!(applied.unwrap().mode, ApplyMode::Staged);
            Ok(())
        })
        .asks(json!({"data": bytes("version: v1alpha1\ndebug: true\n"), "mode": "AUTO"}))
        .answers(applied)
        .and_calls([GET])
        .and_answers(GET, [config("v1alpha1")]),
        row("configuration", GET, |node| async move {
            let config = node.configuration().await?;
            assert_eq!((config.text.expose(), config.version), ("version: v1alpha1\n", Some(3)));
            Ok(())
        })
        .asks_at_least(
            json!({"namespace": "config", "type": "MachineConfigs.config.talos.dev", "id": "v1alpha1"}),
        )
        .streams([config("v1alpha1")]),
        row("saved_configuration", GET, |node| async move {
            assert_eq!(node.saved_configuration().await?.text.expose(), "version: v1alpha1\n");
            Ok(())
        })
        .asks_at_least(
            json!({"namespace": "config", "type": "MachineConfigs.config.talos.dev", "id": "persistent"}),
        )
        .streams([config("persistent")]),
        row("generate_configuration", "machine.MachineService/GenerateConfiguration", |node| async move {
            node.generate_configuration(GenerateConfigurationOptions::control_plane(
                "c",
                "https://192.0.2.1:6443",
            ))
            .await
            .map(drop)
        })
        .asks(
            json!({"cluster_config": {"name": "c", "control_plane": {"endpoint": "https://192.0.2.1:6443"}}}),
        )
        .with_no_such_method(),
    ]
}

fn access() -> Vec<Row> {
    vec![
        row("bootstrap", "machine.MachineService/Bootstrap", |node| async move { node.bootstrap().await })
            .answers(json!({})),
        row("kubeconfig", "machine.MachineService/Kubeconfig", |node| async move {
            assert!(node.kubeconfig().await?.expose().contains("kind: Config"));
            Ok(())
        }),
        row("client_configuration", CLIENT_CONFIGURATION, |node| async move {
            let roles = RoleSet::from([Role::Reader]);
            let config = node.client_configuration(&roles, Duration::from_secs(3600)).await?;
            let identity = config.current(None).unwrap().identity().unwrap().unwrap();
            assert_eq!(identity.certificate.roles(), roles);
            Ok(())
        })
        .asks(json!({"roles": ["os:reader"], "crt_ttl": "3600s"})),
        client_row("renew_certificate", CLIENT_CONFIGURATION, |client| async move {
            let before = client.certificate().unwrap().not_after();
            client.renew_certificate(Some(Duration::from_secs(7200))).await?;
            assert!(client.certificate().unwrap().not_after() > before);
            Ok(())
        })
        .asks(json!({"roles": ["os:admin"], "crt_ttl": "7200s"})),
        client_row("keep_certificate", CLIENT_CONFIGURATION, |client| async move {
            let first = client.certificate().unwrap();
            let renewed = Arc::new(Notify::new());
            let told = Arc::clone(&renewed);
            // Due at once: no certificate of this server lasts that long.
            let options = RenewalOptions::default()
                .with_before(Duration::from_secs(100 * 86_400))
                .with_lifetime(Duration::from_secs(7200));
            let keeping = client.keep_certificate(options, |_| told.notify_one());
            tokio::select! {
                ended = keeping => return ended.map(|never| match never {}),
                () = renewed.notified() => {}
            }
            assert_ne!(client.certificate().unwrap(), first, "the new one is in use");
            Ok(())
        })
        .asks(json!({"roles": ["os:admin"], "crt_ttl": "7200s"})),
    ]
}

fn meta() -> Vec<Row> {
    vec![
        row("write_meta", "machine.MachineService/MetaWrite", |node| async move {
            node.write_meta(MetaKey::USER_1, "rack 12").await
        })
        .asks(json!({"key": 12, "value": bytes("rack 12")}))
        .answers(json!({})),
        row("delete_meta", "machine.MachineService/MetaDelete", |node| async move {
            node.delete_meta(MetaKey::USER_1).await
        })
        .asks(json!({"key": 12}))
        .answers(json!({})),
    ]
}
