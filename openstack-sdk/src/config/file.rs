//! `clouds.yaml` and `secure.yaml`: reading, merging, and what the keys mean.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{Auth, CloudConfig, Credential, Domain, Interface, Project, Scope, Trust, User, parse_url};
use crate::error::{Error, Result};
use crate::secret::Secret;

/// The keys that stand under `auth` (some files have them one level up).
pub(super) const AUTH_KEYS: &[&str] = &[
    "application_credential_id",
    "application_credential_name",
    "application_credential_secret",
    "auth_url",
    "default_domain_id",
    "default_domain_name",
    "domain_id",
    "domain_name",
    "password",
    "project_domain_id",
    "project_domain_name",
    "project_id",
    "project_name",
    "system_scope",
    "token",
    "user_domain_id",
    "user_domain_name",
    "user_id",
    "username",
];

/// The other keys with a meaning here.
const KNOWN_KEYS: &[&str] = &[
    "auth",
    "auth_type",
    "cacert",
    "cert",
    "cloud",
    "endpoint_type",
    "identity_api_version",
    "insecure",
    "interface",
    "key",
    "profile",
    "region_name",
    "regions",
    "verify",
];

/// A file of clouds.
pub(super) struct CloudsFile {
    path: PathBuf,
    clouds: Map<String, Value>,
    profiles: Map<String, Value>,
}

impl CloudsFile {
    pub(super) fn parse(text: &str, path: &Path) -> Result<CloudsFile> {
        let mut root = parse_yaml(text, path)?;
        match root.remove("clouds") {
            Some(Value::Object(clouds)) => {
                Ok(CloudsFile { path: path.to_owned(), clouds, profiles: Map::new() })
            }
            Some(_) => Err(Error::config(format!("{}: `clouds` has to be a map of clouds", path.display()))),
            None => Err(Error::config(format!("{}: the key `clouds` is missing", path.display()))),
        }
    }

    pub(super) fn read(path: &Path) -> Result<CloudsFile> {
        CloudsFile::parse(&read_text(path)?, path)
    }

    pub(super) fn read_with_secure(path: &Path, secure: &Path) -> Result<CloudsFile> {
        let mut file = CloudsFile::read(path)?;
        if secure.is_file() {
            file.merge(CloudsFile::read(secure)?);
        }
        Ok(file)
    }

    /// Lays another file over this one.
    pub(super) fn merge(&mut self, over: CloudsFile) {
        for (name, cloud) in over.clouds {
            // A cloud that only the secure file has is none: it has no address.
            if let Some(own) = self.clouds.get_mut(&name) {
                merge(own, cloud);
            }
        }
    }

    /// Reads the profiles that `profile:` can name.
    pub(super) fn add_profiles(&mut self, path: &Path) -> Result<()> {
        if let Some(Value::Object(profiles)) = parse_yaml(&read_text(path)?, path)?.remove("public-clouds") {
            self.profiles = profiles;
        }
        Ok(())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.clouds.keys().cloned().collect()
    }

    pub(super) fn cloud(&self, name: &str) -> Result<CloudConfig> {
        let place = Place::File(self.path.clone(), name.to_owned());
        let own = match self.clouds.get(name) {
            Some(Value::Object(own)) => own.clone(),
            Some(_) => return Err(place.error("has to be a map")),
            None => {
                return Err(Error::config(format!(
                    "{} has no cloud `{name}`, it has: {}",
                    self.path.display(),
                    self.names().join(", ")
                )));
            }
        };
        let profile = own.get("profile").or_else(|| own.get("cloud")).and_then(Value::as_str);
        let mut cloud = profile.and_then(|profile| self.profiles.get(profile)).cloned().unwrap_or_default();
        let known = !cloud.is_null();
        let profile = profile.map(str::to_owned);
        merge(&mut cloud, Value::Object(own));
        let Value::Object(cloud) = cloud else { return Err(place.error("has to be a map")) };
        cloud_config(&place, cloud).map_err(|error| match profile {
            Some(profile) if !known => Error::config(format!(
                "{error}; its profile `{profile}` is in no clouds-public.yaml here, so write out what it says"
            )),
            _ => error,
        })
    }
}

/// Where a cloud's keys stand, for errors.
pub(super) enum Place {
    File(PathBuf, String),
    Environment,
}

impl Place {
    fn error(&self, what: impl fmt::Display) -> Error {
        match self {
            Place::File(path, cloud) => Error::config(format!("{}: cloud `{cloud}` {what}", path.display())),
            Place::Environment => Error::config(format!("the environment {what}")),
        }
    }

    /// A key as the user wrote it.
    fn key(&self, key: &str) -> String {
        match self {
            Place::File(..) => format!("`{key}`"),
            Place::Environment => {
                format!("OS_{}", key.trim_start_matches("auth.").to_ascii_uppercase())
            }
        }
    }

    fn missing(&self, key: &str) -> Error {
        self.error(format_args!("lacks {}", self.key(key)))
    }
}

/// The keys of one cloud, with what was taken from them.
struct Keys<'a> {
    place: &'a Place,
    auth: Map<String, Value>,
    cloud: Map<String, Value>,
}

impl Keys<'_> {
    /// A key of `auth`, which older files have at the top.
    fn auth(&self, key: &str) -> Result<Option<String>> {
        let found = self.auth.get(key).or_else(|| self.cloud.get(key));
        scalar(found).map_err(|()| {
            self.place.error(format_args!("has no text under {}", self.place.key(&format!("auth.{key}"))))
        })
    }

    fn top(&self, key: &str) -> Result<Option<String>> {
        scalar(self.cloud.get(key))
            .map_err(|()| self.place.error(format_args!("has no text under {}", self.place.key(key))))
    }

    fn flag(&self, key: &str) -> Result<Option<bool>> {
        let Some(text) = self.top(key)? else { return Ok(None) };
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" | "t" | "y" => Ok(Some(true)),
            "false" | "no" | "off" | "0" | "f" | "n" => Ok(Some(false)),
            _ => Err(self.place.error(format_args!("needs true or false under {}", self.place.key(key)))),
        }
    }

    /// `<who>_domain_id` or `<who>_domain_name`, else the default domain's, else none.
    fn domain(&self, who: &str) -> Result<Option<Domain>> {
        for prefix in [who, "default_"] {
            if let Some(id) = self.auth(&format!("{prefix}domain_id"))? {
                return Ok(Some(Domain::Id(id)));
            }
            if let Some(name) = self.auth(&format!("{prefix}domain_name"))? {
                return Ok(Some(Domain::Name(name)));
            }
        }
        Ok(None)
    }

    /// The domain of a user or project; a bare `domain_*` stands for both when there is a project.
    fn domain_of(&self, who: &str) -> Result<Domain> {
        let own = self.domain(who)?;
        let common = if own.is_none() && self.has_project()? { self.domain("")? } else { None };
        Ok(own.or(common).unwrap_or_default())
    }

    fn has_project(&self) -> Result<bool> {
        Ok(self.auth("project_id")?.is_some() || self.auth("project_name")?.is_some())
    }

    fn user(&self) -> Result<Option<User>> {
        if let Some(id) = self.auth("user_id")? {
            return Ok(Some(User::Id(id)));
        }
        let Some(name) = self.auth("username")? else { return Ok(None) };
        Ok(Some(User::Name { name, domain: self.domain_of("user_")? }))
    }

    fn scope(&self) -> Result<Scope> {
        if let Some(id) = self.auth("project_id")? {
            return Ok(Scope::Project(Project::Id(id)));
        }
        if let Some(name) = self.auth("project_name")? {
            return Ok(Scope::Project(Project::Name { name, domain: self.domain_of("project_")? }));
        }
        if self.auth("system_scope")?.is_some() {
            return Ok(Scope::System);
        }
        if let Some(id) = self.auth("domain_id")? {
            return Ok(Scope::Domain(Domain::Id(id)));
        }
        Ok(self.auth("domain_name")?.map_or(Scope::Unscoped, |name| Scope::Domain(Domain::Name(name))))
    }

    fn credentials(&self) -> Result<Auth> {
        let kind = self.top("auth_type")?;
        let kind = match kind.as_deref() {
            Some("password" | "v3password") => "password",
            Some("token" | "v3token") => "token",
            Some("v3applicationcredential") => "application credential",
            Some(other) => {
                return Err(self.place.error(format_args!(
                    "wants the {} `{other}`, use password, token or v3applicationcredential",
                    self.place.key("auth_type")
                )));
            }
            None if self.auth("application_credential_secret")?.is_some() => "application credential",
            None if self.auth("token")?.is_some() => "token",
            None => "password",
        };
        let needed = |key: &str| -> Result<Secret> {
            let found = self.auth(key)?.filter(|text| !text.is_empty());
            found.map(Secret::from).ok_or_else(|| self.place.missing(&format!("auth.{key}")))
        };
        match kind {
            "token" => Ok(Auth::Token { token: needed("token")?, scope: self.scope()? }),
            "password" => Ok(Auth::Password {
                user: self.user()?.ok_or_else(|| self.place.missing("auth.username"))?,
                password: needed("password")?,
                scope: self.scope()?,
            }),
            _ => {
                let credential = match (
                    self.auth("application_credential_id")?,
                    self.auth("application_credential_name")?,
                ) {
                    (Some(id), _) => Credential::Id(id),
                    (None, Some(name)) => Credential::Name {
                        name,
                        user: self.user()?.ok_or_else(|| self.place.missing("auth.username"))?,
                    },
                    (None, None) => return Err(self.place.missing("auth.application_credential_id")),
                };
                Ok(Auth::ApplicationCredential {
                    credential,
                    secret: needed("application_credential_secret")?,
                })
            }
        }
    }

    /// The region: named, or the only one of the file's list.
    fn region(&self) -> Result<Option<String>> {
        let named = self.top("region_name")?;
        Ok(named.or_else(|| match self.cloud.get("regions") {
            Some(Value::Array(regions)) => match regions.as_slice() {
                [Value::String(only)] => Some(only.clone()),
                [Value::Object(only)] => only.get("name").and_then(Value::as_str).map(str::to_owned),
                _ => None,
            },
            _ => None,
        }))
    }

    fn trust(&self) -> Result<Trust> {
        let identity = match (self.top("cert")?, self.top("key")?) {
            (Some(cert), Some(key)) => Some((expand(&cert), expand(&key))),
            (Some(_), None) => return Err(self.place.missing("key")),
            _ => None,
        };
        let unchecked = self.flag("verify")? == Some(false) || self.flag("insecure")? == Some(true);
        Ok(Trust {
            authorities: self.top("cacert")?.as_deref().map(expand),
            identity,
            file_wants_no_check: unchecked,
            skip_check: false,
        })
    }
}

/// What the keys of one cloud mean.
pub(super) fn cloud_config(place: &Place, mut cloud: Map<String, Value>) -> Result<CloudConfig> {
    let auth = match cloud.remove("auth") {
        Some(Value::Object(auth)) => auth,
        None | Some(Value::Null) => Map::new(),
        Some(_) => return Err(place.error(format_args!("needs a map under {}", place.key("auth")))),
    };
    let keys = Keys { place, auth, cloud };
    if keys.top("identity_api_version")?.is_some_and(|version| version.starts_with('2')) {
        return Err(place.error("asks for Keystone v2, which no longer exists; set identity_api_version: 3"));
    }
    let address = keys.auth("auth_url")?.ok_or_else(|| place.missing("auth.auth_url"))?;
    let auth_url = parse_url(&address, &format!("{} of {}", place.key("auth.auth_url"), place_name(place)))?;
    let interface = match keys.top("interface")?.or(keys.top("endpoint_type")?) {
        None => Interface::default(),
        Some(text) => Interface::parse(&text).ok_or_else(|| {
            place.error(format_args!("needs public, internal or admin under {}", place.key("interface")))
        })?,
    };
    let (auth, region, trust) = (keys.credentials()?, keys.region()?, keys.trust()?);

    let mut endpoints = BTreeMap::new();
    let mut extra = Map::new();
    for (key, value) in keys.cloud {
        let service = key.strip_suffix("_endpoint_override").or_else(|| key.strip_suffix("_endpoint"));
        if let (Some(service), Value::String(address)) = (service, &value) {
            let url = parse_url(address, &format!("{} of {}", place.key(&key), place_name(place)))?;
            endpoints.insert(service.replace('_', "-"), url);
        } else if !KNOWN_KEYS.contains(&key.as_str()) && !AUTH_KEYS.contains(&key.as_str()) {
            extra.insert(key, value);
        }
    }
    let name = match place {
        Place::File(_, name) => Some(name.clone()),
        Place::Environment => None,
    };
    Ok(CloudConfig { name, auth_url, auth, region, interface, trust, endpoints, extra })
}

fn place_name(place: &Place) -> String {
    match place {
        Place::File(path, cloud) => format!("cloud `{cloud}` in {}", path.display()),
        Place::Environment => "the environment".to_owned(),
    }
}

fn read_text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path)
        .map_err(|error| Error::config(format!("can't read {}: {error}", path.display())).with_source(error))
}

fn parse_yaml(text: &str, path: &Path) -> Result<Map<String, Value>> {
    // The parser's own words may quote the file, and with it a password: only the place is told.
    let wrong = |error: serde_yaml::Error| {
        let place = error.location().map_or_else(String::new, |at| format!(":{}:{}", at.line(), at.column()));
        Error::config(format!("{}{place}: this is not YAML", path.display()))
    };
    let mut root: serde_yaml::Value = serde_yaml::from_str(text).map_err(wrong)?;
    root.apply_merge().map_err(wrong)?;
    match to_json(root) {
        Value::Object(root) => Ok(root),
        Value::Null => Ok(Map::new()),
        _ => Err(Error::config(format!("{}: this is not a map", path.display()))),
    }
}

fn to_json(value: serde_yaml::Value) -> Value {
    use serde_yaml::Value as Yaml;
    match value {
        Yaml::Null => Value::Null,
        Yaml::Bool(flag) => Value::Bool(flag),
        Yaml::String(text) => Value::String(text),
        Yaml::Number(number) => {
            if let Some(number) = number.as_u64() {
                Value::from(number)
            } else if let Some(number) = number.as_i64() {
                Value::from(number)
            } else {
                number.as_f64().map_or(Value::Null, Value::from)
            }
        }
        Yaml::Sequence(items) => Value::Array(items.into_iter().map(to_json).collect()),
        Yaml::Mapping(map) => Value::Object(
            map.into_iter()
                .filter_map(|(key, value)| {
                    let key = to_json(key);
                    Some((scalar(Some(&key)).ok()??, to_json(value)))
                })
                .collect(),
        ),
        Yaml::Tagged(tagged) => to_json(tagged.value),
    }
}

/// The text of a scalar; `Err` for a list or a map.
fn scalar(value: Option<&Value>) -> Result<Option<String>, ()> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Bool(flag)) => Ok(Some(flag.to_string())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => Err(()),
    }
}

/// Lays one value over another: maps key by key, everything else as a whole.
fn merge(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                merge(under.entry(key).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over,
    }
}

/// A path with a leading `~` replaced by the home folder.
fn expand(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        _ => PathBuf::from(path),
    }
}
