//! All that the simulated services know.

use std::sync::Arc;
use std::time::SystemTime;

use time::OffsetDateTime;
use tokio::sync::mpsc::UnboundedSender;

use crate::glance::Glance;
use crate::ids::Ids;
use crate::keystone::Keystone;
use crate::machines::Boot;
use crate::neutron::Neutron;
use crate::nova::Nova;
use crate::{Call, Cidr, Options, Service};

pub(crate) struct World {
    pub(crate) options: Options,
    /// `http://127.0.0.1:port`, without a final slash.
    pub(crate) base: String,
    pub(crate) ids: Ids,
    pub(crate) calls: Vec<Call>,
    pub(crate) keystone: Keystone,
    pub(crate) glance: Glance,
    pub(crate) nova: Nova,
    pub(crate) neutron: Neutron,
    /// Where work for the machines goes; the receiver runs it.
    pub(crate) work: UnboundedSender<Work>,
}

/// What the machines have to do after a request, in order for each server.
#[derive(Debug)]
pub(crate) enum Work {
    Boot(Boot),
    /// The server fails to be built.
    Fail {
        server_id: String,
        text: String,
    },
    Reboot(String),
    Delete(String),
}

impl World {
    pub(crate) fn new(options: Options, base: String, tenant: Cidr, work: UnboundedSender<Work>) -> Self {
        let mut ids = Ids::new(options.seed);
        let now = timestamp(options.clock.now());
        let keystone = Keystone::new(&options, &mut ids);
        let neutron = Neutron::new(&options, tenant, &keystone.project_id, &mut ids, &now);
        Self {
            options,
            base,
            ids,
            calls: Vec::new(),
            keystone,
            glance: Glance::default(),
            nova: Nova::default(),
            neutron,
            work,
        }
    }

    /// The time now, to the second: `2026-01-02T03:04:05Z`.
    pub(crate) fn now(&self) -> String {
        timestamp(self.options.clock.now())
    }

    /// Address of a service.
    pub(crate) fn url(&self, service: Service) -> String {
        format!("{}{}", self.base, prefix(service))
    }

    pub(crate) fn send(&self, work: Work) {
        // The receiver is gone only while the simulator is being dropped.
        let _ = self.work.send(work);
    }

    pub(crate) fn machines(&self) -> Arc<dyn crate::Machines> {
        Arc::clone(&self.options.machines)
    }
}

pub(crate) const SERVICES: [Service; 4] =
    [Service::Identity, Service::Image, Service::Compute, Service::Network];

/// First part of every path of a service.
pub(crate) fn prefix(service: Service) -> &'static str {
    match service {
        Service::Identity => "/identity",
        Service::Image => "/image",
        Service::Compute => "/compute",
        Service::Network => "/network",
    }
}

pub(crate) fn timestamp(at: SystemTime) -> String {
    let at = OffsetDateTime::from(at);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}
