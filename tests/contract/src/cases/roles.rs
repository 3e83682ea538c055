//! Which role may call what, for every method, from the table of facts.

use bytes::Bytes;
use talos_client::Node;
use talos_pki::Role;
use tonic::{Code, Status};

use crate::any;
use crate::case::{Case, case};
use crate::check::refused;
use crate::env::Env;
use crate::facts::{self, Method};
use crate::failure::{Failure, Verdict};

/// Roles that may call these only while a machine has no configuration: the handler says so.
const UNTIL_CONFIGURED: [&str; 6] = [
    "MachineService/ApplyConfiguration",
    "StorageService/BlockDeviceWipe",
    "LVMService/LogicalVolumeRemove",
    "LVMService/VolumeGroupRemove",
    "LVMService/PhysicalVolumeRemove",
    "MDService/Destroy",
];

pub(super) fn cases() -> Vec<Case> {
    let methods = facts::methods().iter().filter(|method| method.is_machine_api());
    methods.map(role_case).collect()
}

fn role_case(method: &'static Method) -> Case {
    let short = method.short();
    case(format!("roles/{}", short.replace('/', ".")), short, move |env| play(env, method))
}

async fn play(env: Env, method: &'static Method) -> Verdict {
    if !method.exists(env.minor()) {
        return refused(call(&env.node()?, method).await, Code::Unimplemented);
    }
    let allowed = method.roles(env.minor());
    let reads = allowed.contains(&Role::Reader) && !UNTIL_CONFIGURED.contains(&method.short());
    for role in Role::ALL {
        // A forwarder's own role is for forwarders.
        if role == Role::Impersonator {
            continue;
        }
        let node = env.as_role(role)?;
        let wrong = |failure: Failure| failure.during(format_args!("as {role}"));
        let handler = UNTIL_CONFIGURED.contains(&method.short()) && role != Role::Admin;
        if !allowed.contains(&role) || handler {
            refused(call(&node, method).await, Code::PermissionDenied).map_err(wrong)?;
        } else if reads {
            may(call(&node, method).await).map_err(wrong)?;
        }
    }
    Ok(())
}

/// The caller got past the check of its roles, whatever the handler said.
fn may(answer: Result<Option<Bytes>, Status>) -> Verdict {
    match answer {
        // Resource types that do not exist are refused with the same code, so the text has to tell.
        Err(status)
            if status.code() == Code::PermissionDenied && !status.message().contains("not supported") =>
        {
            Err(status.into())
        }
        _ => Ok(()),
    }
}

async fn call(node: &Node, method: &Method) -> Result<Option<Bytes>, Status> {
    any::call(node, &method.path, Bytes::new()).await
}
