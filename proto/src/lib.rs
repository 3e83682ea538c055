//! Protobuf messages and gRPC stubs of the Talos machine API, COSI included.
//!
//! The modules follow the protobuf packages. Names, numbers and types are those of Talos v1.14.0-rc.1, plus what
//! older servers (from 1.9) still serve and a newer client must still be able to call or read, such as
//! [`machine::GenerateConfigurationRequest`]. Fields that changed their type between releases have the newest one.
//!
//! | to | use |
//! |---|---|
//! | call a machine | `machine::machine_service_client::MachineServiceClient`, feature `client` |
//! | read COSI resources | `cosi::resource::state_client::StateClient`, feature `client` |
//! | decode the spec of a resource | [`talos::resource::definitions`], [`cosi::resource::meta`] |
//! | unpack an event or an error detail | `prost_types::Any::to_msg` with any message here |
//! | serve a part of the API | `machine::machine_service_server::MachineService`, feature `server` |
//! | reflect, or check the API from a test | [`FILE_DESCRIPTOR_SET`] |
//!
//! The stubs work over any `tonic::client::GrpcService`; a transport is not part of this crate. Byte fields are
//! [`bytes::Bytes`], maps keep their keys in order.
//!
//! ```
//! use prost::Message;
//! use prost_types::Any;
//! use talos_proto::machine::{Event, ServiceStateEvent, service_state_event::Action};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let running = ServiceStateEvent { service: "etcd".into(), action: Action::Running.into(), ..Default::default() };
//! let event = Event { data: Some(Any::from_msg(&running)?), ..Default::default() };
//!
//! // What arrives from a machine is read the same way.
//! let event = Event::decode(event.encode_to_vec().as_slice())?;
//! let data = event.data.ok_or("an event without data")?;
//! assert_eq!(data.type_url, "talos/runtime/machine.ServiceStateEvent");
//! assert_eq!(data.to_msg::<ServiceStateEvent>()?.action(), Action::Running);
//! # Ok(())
//! # }
//! ```

#[allow(
    missing_docs,
    clippy::all,
    clippy::allow_attributes_without_reason,
    rustdoc::all,
    reason = "written by talos-proto-codegen; the protobuf files give the meaning"
)]
mod generated;

pub use generated::{
    cluster, common, cosi, google, inspect, machine, resource, securityapi, signerapi, storage, talos, time,
};

/// The serialized `google.protobuf.FileDescriptorSet` of every package here and of what they import.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("generated/descriptors.bin");
