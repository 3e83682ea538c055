//! Where the keys of SideroV1 are looked for.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use talos_pki::SecretString;
use zeroize::Zeroizing;

use crate::{Error, ErrorKind, Result, SideroV1Signer};

/// Which keys a context with `auth.siderov1` may sign with, for
/// [`ClientOptions::with_siderov1_keys`](crate::ClientOptions::with_siderov1_keys).
///
/// A service account comes first; its name is the identity then. Else it is the key of a user, which `talosctl` or
/// `omnictl` left in a file `<context>-<identity>.pgp`. No key is ever made, and nothing is written.
///
/// ```
/// use talos_client::{ClientOptions, SideroV1Keys};
///
/// let options = ClientOptions::default().with_siderov1_keys(SideroV1Keys::from_env());
/// ```
#[derive(Debug, Clone, Default)]
pub struct SideroV1Keys {
    service_account: Option<SecretString>,
    folders: Vec<PathBuf>,
}

impl SideroV1Keys {
    /// The keys that the environment of this process names; see [`SideroV1Keys::from_lookup`].
    ///
    /// This is the only thing here that reads the environment, and it does so once.
    #[must_use]
    pub fn from_env() -> Self {
        Self::from_lookup(|name| env::var_os(name))
    }

    /// The keys that an environment names: the service account of `SIDERO_SERVICE_ACCOUNT_KEY` or
    /// `OMNI_SERVICE_ACCOUNT_KEY`, and the user keys in `SIDEROV1_KEYS_DIR`, or else in `keys` of `TALOS_HOME` (an absolute
    /// one) or `~/.talos`; after that those in `talos/keys` of `XDG_DATA_HOME` or `~/.local/share`.
    #[must_use]
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| lookup(name).filter(|value| !value.is_empty());
        let path = |name| set(name).map(PathBuf::from);
        let absolute = |name| path(name).filter(|path| path.is_absolute());
        let home = path("HOME");
        let at_home = |folder| home.as_ref().map(|home| home.join(folder));
        let talos = || absolute("TALOS_HOME").or_else(|| at_home(".talos")).map(|talos| talos.join("keys"));
        let data = absolute("XDG_DATA_HOME").or_else(|| at_home(".local/share"));
        let account = set("SIDERO_SERVICE_ACCOUNT_KEY").or_else(|| set("OMNI_SERVICE_ACCOUNT_KEY"));
        Self {
            // What is no text is no account either, and is refused as such.
            service_account: account.map(|account| SecretString::new(account.to_string_lossy())),
            folders: path("SIDEROV1_KEYS_DIR")
                .or_else(talos)
                .into_iter()
                .chain(data.map(|data| data.join("talos/keys")))
                .collect(),
        }
    }

    /// Signs with this service account: base64 of the JSON with `name` and `pgp_key`.
    #[must_use]
    pub fn with_service_account(mut self, key: SecretString) -> Self {
        self.service_account = Some(key);
        self
    }

    /// Looks for user keys in this folder, and in no other.
    #[must_use]
    pub fn with_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folders = vec![folder.into()];
        self
    }

    /// What signs for this identity in a context of this name: the service account, if there is one, or the key of
    /// the user.
    ///
    /// Fails with [`ErrorKind::NotFound`] if there is no key, with [`ErrorKind::Io`] if its file can't be read, and as
    /// [`SideroV1Signer::from_key`] does.
    pub fn signer(&self, context: &str, identity: &str) -> Result<SideroV1Signer> {
        if let Some(account) = &self.service_account {
            return SideroV1Signer::from_service_account(account);
        }
        let name = format!("{context}-{identity}.pgp");
        if context.is_empty() || name.contains(['/', '\\', '\0']) {
            let message = "the key of a user is in a file named after context and identity: the name of the context must be \
                           known, and neither may have a slash";
            return Err(Error::new(ErrorKind::InvalidConfiguration, message));
        }
        let mut tried = Vec::new();
        for folder in &self.folders {
            let path = folder.join(&name);
            match std::fs::read_to_string(&path).map(SecretString::new) {
                Ok(armored) => {
                    return SideroV1Signer::from_key(identity, &armored)
                        .map_err(|error| error.with_note(&path.display().to_string()));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    tried.push(path.display().to_string())
                }
                Err(error) => {
                    let message = format!("the key {} can't be read: {error}", path.display());
                    return Err(Error::new(ErrorKind::Io, message).with_source(error));
                }
            }
        }
        let tried = if tried.is_empty() { "no folder was named".to_owned() } else { tried.join(" and ") };
        let message = format!(
            "there is no key for {identity} (looked for: {tried}): log in with `talosctl` or `omnictl`, or give a service account"
        );
        Err(Error::new(ErrorKind::NotFound, message))
    }
}

/// A service account, as it is written inside the base64.
#[derive(Deserialize)]
struct ServiceAccount {
    name: String,
    pgp_key: String,
}

/// The name and the armored key of a service account.
pub(crate) fn service_account(base64: &str) -> Result<(String, SecretString)> {
    // No reason is shown, for it could quote the key.
    let malformed = || {
        let message = "the service account is not base64 of JSON with `name` and `pgp_key`: copy it whole, from where it was \
                       printed when it was made";
        Error::new(ErrorKind::InvalidConfiguration, message)
    };
    let json = STANDARD.decode(base64.trim()).map(Zeroizing::new).map_err(|_| malformed())?;
    let json = std::str::from_utf8(&json).map_err(|_| malformed())?;
    let account: ServiceAccount = talos_yaml::from_str(json).map_err(|_| malformed())?;
    Ok((account.name, SecretString::new(account.pgp_key)))
}
