//! What an image is made of beyond plain Talos, and the id the factory knows it by.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use serde::Serialize;

use crate::canonical::{self, Writer};
use crate::error::{Error, ErrorKind, Result};
use crate::hash::hex;

/// Id of the schematic without any customization.
pub const DEFAULT_SCHEMATIC_ID: &str = "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba";

/// A customization of Talos images, as the factory takes it at `POST /schematics`.
///
/// ```
/// use talos_factory::{DEFAULT_SCHEMATIC_ID, Schematic};
///
/// # fn main() -> talos_factory::Result<()> {
/// assert_eq!(Schematic::default().id()?, DEFAULT_SCHEMATIC_ID);
/// let custom = Schematic::default().with_kernel_arg("net.ifnames=0").with_extension("siderolabs/gvisor");
/// assert_ne!(custom.id()?, DEFAULT_SCHEMATIC_ID);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Schematic {
    /// Board support, for single-board computers.
    pub overlay: Option<Overlay>,
    /// Arguments added to the kernel's command line, in their order.
    pub extra_kernel_args: Vec<String>,
    /// Values written to META: network configuration and the like.
    pub meta: Vec<MetaValue>,
    /// Official system extensions: `siderolabs/gvisor`.
    pub official_extensions: Vec<String>,
    /// Whether the SecureBoot image enrols the well-known UEFI certificates too.
    pub well_known_certificates: bool,
}

/// A value for one key of META.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MetaValue {
    /// The key: 10 (0x0a) is the platform's network configuration.
    pub key: u8,
    /// The value.
    pub value: String,
}

/// Support for a board.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Overlay {
    /// Image it comes from: `siderolabs/sbc-raspberrypi`.
    pub image: String,
    /// Its name: `rpi_generic`.
    pub name: String,
    /// Its options; which there are, the overlay says.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
}

impl Overlay {
    /// An overlay without options.
    pub fn new(image: impl Into<String>, name: impl Into<String>) -> Self {
        Self { image: image.into(), name: name.into(), options: BTreeMap::new() }
    }

    /// Sets an option.
    #[must_use]
    pub fn with_option(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.insert(name.into(), value.into());
        self
    }
}

impl Schematic {
    /// Adds an argument to the kernel's command line.
    #[must_use]
    pub fn with_kernel_arg(mut self, argument: impl Into<String>) -> Self {
        self.extra_kernel_args.push(argument.into());
        self
    }

    /// Adds an official system extension.
    #[must_use]
    pub fn with_extension(mut self, name: impl Into<String>) -> Self {
        self.official_extensions.push(name.into());
        self
    }

    /// Adds a META value.
    #[must_use]
    pub fn with_meta(mut self, key: u8, value: impl Into<String>) -> Self {
        self.meta.push(MetaValue { key, value: value.into() });
        self
    }

    /// Sets the overlay.
    #[must_use]
    pub fn with_overlay(mut self, overlay: Overlay) -> Self {
        self.overlay = Some(overlay);
        self
    }

    /// Enrols the well-known UEFI certificates.
    #[must_use]
    pub fn with_well_known_certificates(mut self, include: bool) -> Self {
        self.well_known_certificates = include;
        self
    }

    /// The id, computed here: SHA-256 of the canonical YAML, in hex.
    ///
    /// # Errors
    /// `Unsupported` when a text in it is so unusual that its canonical form is not known here;
    /// [`Factory::upload`](crate::Factory::upload) gives the id of any schematic.
    pub fn id(&self) -> Result<String> {
        let text = self.canonical()?;
        Ok(hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref()))
    }

    /// The canonical YAML: fields in the factory's order, empty ones left out.
    fn canonical(&self) -> Result<String> {
        let mut writer = Writer::default();
        if let Some(overlay) = &self.overlay {
            writer.key(0, "overlay");
            writer.entry(1, "image", &overlay.image)?;
            writer.entry(1, "name", &overlay.name)?;
            if !overlay.options.is_empty() {
                writer.key(1, "options");
                for name in canonical::sorted(overlay.options.keys())? {
                    writer.entry(2, name, &overlay.options[name])?;
                }
            }
        }
        if *self == (Self { overlay: self.overlay.clone(), ..Self::default() }) {
            writer.line(0, "customization: {}");
            return Ok(writer.text);
        }
        writer.key(0, "customization");
        writer.list(1, "extraKernelArgs", &self.extra_kernel_args)?;
        if !self.meta.is_empty() {
            writer.key(1, "meta");
            for meta in &self.meta {
                writer.line(2, &format!("- key: {}", meta.key));
                writer.item_entry(2, "value", &meta.value)?;
            }
        }
        if !self.official_extensions.is_empty() {
            writer.key(1, "systemExtensions");
            writer.list(2, "officialExtensions", &self.official_extensions)?;
        }
        if self.well_known_certificates {
            writer.key(1, "secureboot");
            writer.line(2, "includeWellKnownCertificates: true");
        }
        Ok(writer.text)
    }

    /// The body of an upload. JSON is YAML too, so any text is safe in it.
    pub(crate) fn body(&self) -> Result<Vec<u8>> {
        #[derive(Serialize)]
        struct Body<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            overlay: Option<&'a Overlay>,
            customization: Customization<'a>,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Customization<'a> {
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            extra_kernel_args: &'a [String],
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            meta: &'a [MetaValue],
            #[serde(skip_serializing_if = "Option::is_none")]
            system_extensions: Option<Extensions<'a>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            secureboot: Option<SecureBoot>,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Extensions<'a> {
            official_extensions: &'a [String],
        }
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct SecureBoot {
            include_well_known_certificates: bool,
        }
        let body = Body {
            overlay: self.overlay.as_ref(),
            customization: Customization {
                extra_kernel_args: &self.extra_kernel_args,
                meta: &self.meta,
                system_extensions: (!self.official_extensions.is_empty())
                    .then_some(Extensions { official_extensions: &self.official_extensions }),
                secureboot: self
                    .well_known_certificates
                    .then_some(SecureBoot { include_well_known_certificates: true }),
            },
        };
        serde_json::to_vec(&body).map_err(|error| {
            Error::new(ErrorKind::InvalidArgument, "the schematic is no JSON").with_source(error)
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    /// Ids that the public factory is known to give.
    #[test]
    fn well_known_ids() {
        let cases = [
            (Schematic::default(), DEFAULT_SCHEMATIC_ID),
            (
                Schematic::default().with_kernel_arg("noapic").with_kernel_arg("nolapic"),
                "9cba8e32753f91a16c1837ab8abf356af021706ef284aef07380780177d9a06c",
            ),
            (
                Schematic::default().with_meta(10, "foo"),
                "d308a2a5ee2277bed5fbaa104fcbc8d59122abfa737df987a95b4ca763459a7f",
            ),
            (
                Schematic::default().with_well_known_certificates(true),
                "fa8e05f142a851d3ee568eb0a8e5841eaf6b0ebc8df9a63df16ac5ed2c04f3e6",
            ),
            (
                Schematic::default().with_overlay(Overlay::new("siderolabs/sbc-raspberrypi", "rpi_generic")),
                "ee21ef4a5ef808a9b7484cc0dda0f25075021691c8c09a276591eedb638ea1f9",
            ),
        ];
        for (schematic, id) in cases {
            assert_eq!(schematic.id().unwrap(), id, "{}", schematic.canonical().unwrap());
        }
    }

    #[test]
    fn everything_at_once() {
        let schematic = Schematic::default()
            .with_overlay(Overlay::new("i", "n").with_option("b", "true").with_option("a", "x: y"))
            .with_kernel_arg("-console")
            .with_kernel_arg("console=ttyS0,115200")
            .with_meta(12, "a: 1\nb: 2\n")
            .with_extension("siderolabs/gvisor")
            .with_well_known_certificates(true);
        let text = "overlay:\n    image: i\n    name: \"n\"\n    options:\n        a: 'x: y'\n        b: \"true\"\n\
                    customization:\n    extraKernelArgs:\n        - -console\n        - console=ttyS0,115200\n    \
                    meta:\n        - key: 12\n          value: |\n            a: 1\n            b: 2\n    \
                    systemExtensions:\n        officialExtensions:\n            - siderolabs/gvisor\n    \
                    secureboot:\n        includeWellKnownCertificates: true\n";
        assert_eq!(schematic.canonical().unwrap(), text);
    }

    #[test]
    fn the_body_leaves_empty_parts_out() {
        let body = |schematic: Schematic| String::from_utf8(schematic.body().unwrap()).unwrap();
        assert_eq!(body(Schematic::default()), r#"{"customization":{}}"#);
        assert_eq!(
            body(Schematic::default().with_extension("e").with_meta(1, "v")),
            r#"{"customization":{"meta":[{"key":1,"value":"v"}],"systemExtensions":{"officialExtensions":["e"]}}}"#
        );
    }
}
