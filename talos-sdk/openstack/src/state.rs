//! What is remembered of a cluster between runs: ids and intents.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::secret::SecretString;
use crate::store::{StateFile, Store};

/// The version of the file's shape that this crate writes.
const VERSION: u32 = 1;

/// The content of `state.json`. The cloud is asked first whether an id is still good.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    version: u32,
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) network: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) security_group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server_group: Option<String>,
    /// Ports by the name of the node.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) ports: BTreeMap<String, String>,
    /// Servers by the name of the node.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) servers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bootstrap: Option<Intent>,
}

/// The intent to bootstrap, written before the call is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Intent {
    /// The control plane that is asked, the only one ever.
    pub(crate) node: String,
    /// The servers of the control planes, by name, for which it was meant.
    pub(crate) servers: BTreeMap<String, String>,
    /// Whether the call may have been made.
    pub(crate) sent: bool,
    /// Whether etcd was seen to run.
    pub(crate) confirmed: bool,
}

impl Intent {
    /// Whether any of the servers that it was meant for is among the present ones: with none left, neither is etcd.
    pub(crate) fn applies_to(&self, present: &BTreeMap<String, String>) -> bool {
        self.servers.iter().any(|(name, id)| present.get(name) == Some(id))
    }
}

impl State {
    pub(crate) async fn load(store: &dyn Store, name: &str) -> Result<Self> {
        let Some(text) = store.read(StateFile::State).await? else {
            return Ok(Self { version: VERSION, name: name.to_owned(), ..Self::default() });
        };
        let place = store.location(StateFile::State);
        let state: Self = serde_json::from_str(text.expose()).map_err(|error| {
            Error::new(
                ErrorKind::Store,
                format!("{place} is damaged ({error}): move it away, the cloud is looked at again"),
            )
        })?;
        if state.version != VERSION {
            return Err(Error::new(
                ErrorKind::Store,
                format!("{place} has version {}, this program knows {VERSION}", state.version),
            ));
        }
        if state.name != name {
            return Err(Error::new(
                ErrorKind::Store,
                format!("{place} belongs to the cluster {:?}, not to {name:?}", state.name),
            ));
        }
        Ok(state)
    }

    pub(crate) async fn save(&self, store: &dyn Store) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self).map_err(|error| {
            Error::new(ErrorKind::Store, "the state can't be written as JSON").with_source(error)
        })?;
        text.push('\n');
        store.write(StateFile::State, &SecretString::new(text)).await
    }

    /// Forgets everything that named a thing in the cloud.
    pub(crate) fn cleared(&self) -> Self {
        Self { version: VERSION, name: self.name.clone(), ..Self::default() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::store::FolderStore;

    #[tokio::test]
    async fn comes_back_as_it_was_saved() {
        let dir = tempfile::tempdir().unwrap();
        let store = FolderStore::new(dir.path(), "prod");
        let _lease = store.lock().await.unwrap();
        let mut state = State::load(&store, "prod").await.unwrap();
        assert!(state.bootstrap.is_none());
        state.servers.insert("prod-worker-1".into(), "id".into());
        state.bootstrap = Some(Intent {
            node: "prod-control-plane-1".into(),
            servers: BTreeMap::from([("prod-control-plane-1".into(), "id".into())]),
            sent: false,
            confirmed: false,
        });
        state.save(&store).await.unwrap();
        assert_eq!(State::load(&store, "prod").await.unwrap(), state);
        assert_eq!(State::load(&store, "test").await.unwrap_err().kind(), ErrorKind::Store);
    }

    #[test]
    fn an_intent_is_void_once_none_of_its_servers_is_left() {
        let servers = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, id)| ((*name).to_owned(), (*id).to_owned())).collect()
        };
        let intent = Intent {
            node: "a".into(),
            servers: servers(&[("a", "1"), ("b", "2")]),
            sent: true,
            confirmed: true,
        };
        assert!(intent.applies_to(&servers(&[("a", "9"), ("b", "2")])));
        assert!(!intent.applies_to(&servers(&[("a", "8"), ("b", "9")])));
        assert!(!intent.applies_to(&servers(&[])));
    }

    #[tokio::test]
    async fn a_damaged_file_is_not_taken_for_an_empty_one() {
        let dir = tempfile::tempdir().unwrap();
        let store = FolderStore::new(dir.path(), "prod");
        let _lease = store.lock().await.unwrap();
        for text in ["", "{", r#"{"version": 2, "name": "prod"}"#] {
            store.write(StateFile::State, &SecretString::new(text)).await.unwrap();
            assert_eq!(State::load(&store, "prod").await.unwrap_err().kind(), ErrorKind::Store, "{text}");
        }
    }
}
