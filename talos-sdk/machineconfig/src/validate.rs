//! How a configuration is validated.

use talos_machineconfig_core::Validation;
use talos_pki::{Certificate, PrivateKey, Role};

use crate::{Contract, Mode};

/// How [`Config::validate`](crate::Config::validate) looks at a configuration.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ValidateOptions {
    /// What the machine runs on.
    pub mode: Mode,
    /// Whether warnings about the sections `machine` and `cluster` are errors. Warnings about other documents stay
    /// warnings, as with `talosctl validate --strict`.
    pub strict: bool,
    /// The Talos version that the machine runs, if it is known.
    pub contract: Option<Contract>,
}

impl ValidateOptions {
    /// For machines of this mode.
    pub fn new(mode: Mode) -> Self {
        Self { mode, strict: false, contract: None }
    }

    /// Makes warnings about the sections `machine` and `cluster` errors.
    #[must_use]
    pub fn with_strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Looks at the configuration with the eyes of this Talos version too: kinds that it does not know are warned
    /// of, and Kubernetes versions that it does not run are errors.
    #[must_use]
    pub fn with_contract(mut self, contract: Contract) -> Self {
        self.contract = Some(contract);
        self
    }
}

impl Validation for ValidateOptions {
    fn mode(&self) -> Mode {
        self.mode
    }

    fn strict(&self) -> bool {
        self.strict
    }

    fn contract(&self) -> Option<Contract> {
        self.contract
    }

    fn certificate_problem(&self, der: &[u8]) -> Option<String> {
        Certificate::from_der(der).err().map(|error| error.to_string())
    }

    fn private_key_problem(&self, der: &[u8]) -> Option<String> {
        PrivateKey::from_der(der).err().map(|error| error.to_string())
    }

    fn roles(&self) -> Vec<&'static str> {
        Role::ALL.map(Role::as_str).to_vec()
    }
}
