//! What Talos runs on.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};

/// What Talos runs on, as far as a configuration has to suit it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// Bare metal and whatever boots from a disk that Talos is installed to.
    Metal,
    /// A virtual machine booted from an image that already is an installation.
    Cloud,
    /// A container, without kernel, disks and links of its own.
    Container,
    /// Talos that only serves an agent of a bare metal provider.
    MetalAgent,
}

impl Mode {
    const ALL: [Self; 4] = [Self::Metal, Self::Cloud, Self::Container, Self::MetalAgent];

    /// As `talosctl validate --mode` spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Metal => "metal",
            Self::Cloud => "cloud",
            Self::Container => "container",
            Self::MetalAgent => "metal-agent",
        }
    }

    /// Whether Talos is installed to a disk before it runs.
    pub const fn requires_install(self) -> bool {
        matches!(self, Self::Metal)
    }

    /// Whether Talos shares the kernel of its host.
    pub const fn is_container(self) -> bool {
        matches!(self, Self::Container)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Mode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str);
            let hint = crate::model::nearest(text, &known)
                .map_or_else(String::new, |near| format!(", did you mean {near:?}?"));
            Error::new(
                ErrorKind::InvalidOption,
                format!("mode {text:?} is unknown{hint}: use one of {}", known.join(", ")),
            )
        })
    }
}
