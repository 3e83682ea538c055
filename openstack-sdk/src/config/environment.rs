//! Where configuration is looked for: variables and folders.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::CloudConfig;
use super::file::{self, CloudsFile};
use crate::error::{Error, Result};

/// The variables and folders that configuration comes from. Programs use [`of_process`](Environment::of_process);
/// tests put together their own.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    current: PathBuf,
    system: Option<PathBuf>,
}

impl Environment {
    /// The process's own variables, its current folder and `/etc/openstack`.
    pub fn of_process() -> Environment {
        // A variable that is not UTF-8 can't be one that counts here.
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Environment { variables, current: PathBuf::from("."), system: Some(PathBuf::from("/etc/openstack")) }
    }

    /// No variables, and no folder but this one.
    pub fn isolated(current: impl Into<PathBuf>) -> Environment {
        Environment { current: current.into(), ..Environment::default() }
    }

    /// Sets a variable.
    pub fn with_variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Environment {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// As [`CloudConfig::load`].
    ///
    /// # Errors
    /// Names the file, the cloud and the key that is wrong.
    pub fn load(&self, name: &str) -> Result<CloudConfig> {
        self.clouds()?.cloud(name)
    }

    /// As [`CloudConfig::from_env`].
    ///
    /// # Errors
    /// Names the variable, or the file, the cloud and the key that is wrong.
    pub fn select(&self) -> Result<CloudConfig> {
        if let Some(name) = self.variable("OS_CLOUD") {
            return self.load(name);
        }
        if self.variable("OS_AUTH_URL").is_some() {
            return self.variables_only();
        }
        let file = self.clouds()?;
        match file.names().as_slice() {
            [only] => file.cloud(only),
            names => Err(Error::config(format!(
                "{} has {} clouds ({}), set OS_CLOUD to choose one",
                file.path().display(),
                names.len(),
                names.join(", ")
            ))),
        }
    }

    /// A variable that is set and not empty.
    fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn variables_only(&self) -> Result<CloudConfig> {
        let mut auth = Map::new();
        let mut cloud = Map::new();
        for (name, value) in &self.variables {
            let Some(key) = name.strip_prefix("OS_") else { continue };
            if value.is_empty() {
                continue;
            }
            let key = match key {
                "TENANT_NAME" => "project_name".to_owned(),
                "TENANT_ID" => "project_id".to_owned(),
                "ENDPOINT_TYPE" => "interface".to_owned(),
                _ => key.to_ascii_lowercase(),
            };
            let target = if file::AUTH_KEYS.contains(&key.as_str()) { &mut auth } else { &mut cloud };
            // Where both names of a thing are set, the newer one counts.
            if !name.starts_with("OS_TENANT") || !target.contains_key(&key) {
                target.insert(key, Value::String(value.clone()));
            }
        }
        cloud.insert("auth".to_owned(), Value::Object(auth));
        file::cloud_config(&file::Place::Environment, cloud)
    }

    fn clouds(&self) -> Result<CloudsFile> {
        if let Some(named) = self.variable("OS_CLIENT_CONFIG_FILE") {
            let path = PathBuf::from(named);
            return self.read(&path);
        }
        let folders = self.folders();
        match first_file(&folders, "clouds") {
            Some(path) => self.read(&path),
            None => {
                let tried: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
                Err(Error::config(format!(
                    "no clouds.yaml in {}; write one, or set OS_CLIENT_CONFIG_FILE or OS_AUTH_URL",
                    tried.join(", ")
                )))
            }
        }
    }

    fn read(&self, path: &Path) -> Result<CloudsFile> {
        let mut folders = self.folders();
        if let Some(own) = path.parent() {
            folders.insert(0, own.to_owned());
        }
        let secure =
            self.variable("OS_CLIENT_SECURE_FILE").map(PathBuf::from).or(first_file(&folders, "secure"));
        let vendors = self
            .variable("OS_CLIENT_VENDOR_FILE")
            .map(PathBuf::from)
            .or(first_file(&folders, "clouds-public"));
        let mut file = CloudsFile::read(path)?;
        if let Some(secure) = secure {
            file.merge(CloudsFile::read(&secure)?);
        }
        if let Some(vendors) = vendors {
            file.add_profiles(&vendors)?;
        }
        Ok(file)
    }

    fn folders(&self) -> Vec<PathBuf> {
        let own = match self.variable("XDG_CONFIG_HOME") {
            Some(folder) => Some(PathBuf::from(folder)),
            None => self.variable("HOME").map(|home| Path::new(home).join(".config")),
        };
        let mut folders = vec![self.current.clone()];
        folders.extend(own.map(|folder| folder.join("openstack")));
        folders.extend(self.system.clone());
        folders
    }
}

fn first_file(folders: &[PathBuf], stem: &str) -> Option<PathBuf> {
    folders
        .iter()
        .flat_map(|folder| ["yaml", "yml", "json"].map(|end| folder.join(format!("{stem}.{end}"))))
        .find(|path| path.is_file())
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values are passwords as often as not.
        f.debug_struct("Environment")
            .field(
                "variables",
                &self.variables.keys().filter(|name| name.starts_with("OS_")).collect::<Vec<_>>(),
            )
            .field("current", &self.current)
            .finish_non_exhaustive()
    }
}
