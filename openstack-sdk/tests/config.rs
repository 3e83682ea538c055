//! What `clouds.yaml`, `secure.yaml` and the `OS_*` variables mean.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::fs;
use std::path::Path;

use openstack_sdk::{
    Auth, CloudConfig, Credential, Domain, Environment, Error, ErrorKind, Interface, Project, Scope, User,
};

const CLOUDS: &str = r#"
common: &common
  region_name: RegionOne
  interface: internal
clouds:
  main:
    <<: *common
    auth:
      auth_url: https://keystone.example.org:5000/v3
      username: me
      password: 12345
      project_name: mine
      user_domain_name: Users
      project_domain_id: projects
    cacert: /etc/ssl/cloud.pem
    talos_sim: {factory: "http://127.0.0.1:1", nodes: [1, 2]}
    image_endpoint_override: https://glance.example.org/v2
  app:
    auth_type: v3applicationcredential
    auth:
      auth_url: https://keystone.example.org/identity
      application_credential_id: abc
      application_credential_secret: app-secret-text
  open:
    auth: {auth_url: "http://k", username: u, password: p, domain_id: d1, project_name: x}
    verify: no
"#;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn load(folder: &Path, name: &str) -> Result<CloudConfig, Error> {
    Environment::isolated(folder).load(name)
}

fn refused(outcome: Result<CloudConfig, Error>) -> String {
    let error = outcome.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Config, "{error}");
    let text = error.to_string();
    assert!(!text.contains('\n'), "{text}");
    text
}

#[test]
fn a_cloud_with_a_password() {
    let folder = folder(&[("clouds.yaml", CLOUDS)]);
    let cloud = load(folder.path(), "main").unwrap();
    assert_eq!(cloud.name(), Some("main"));
    assert_eq!(cloud.region(), Some("RegionOne"), "through a YAML merge key");
    assert_eq!(cloud.interface(), Interface::Internal);
    let Auth::Password { user, password, scope } = cloud.auth() else { panic!("{:?}", cloud.auth()) };
    assert_eq!(*user, User::Name { name: "me".into(), domain: Domain::Name("Users".into()) });
    assert_eq!(password.expose(), "12345", "a number is as good as a text");
    let project = Project::Name { name: "mine".into(), domain: Domain::Id("projects".into()) };
    assert_eq!(*scope, Scope::Project(project));
    assert_eq!(cloud.extra("talos_sim").unwrap()["nodes"][1], 2);
    assert!(cloud.extra("cacert").is_none() && cloud.extra("region_name").is_none());
    assert!(!format!("{cloud:?}").contains("12345"));
}

#[test]
fn an_application_credential_has_no_scope() {
    let folder = folder(&[("clouds.yaml", CLOUDS)]);
    let cloud = load(folder.path(), "app").unwrap();
    let Auth::ApplicationCredential { credential, secret } = cloud.auth() else { panic!("{cloud:?}") };
    assert_eq!(*credential, Credential::Id("abc".into()));
    assert_eq!(secret.expose(), "app-secret-text");
    assert!(!format!("{cloud:?}").contains("app-secret-text"));
}

#[test]
fn one_domain_stands_for_both() {
    let folder = folder(&[("clouds.yaml", CLOUDS)]);
    let cloud = load(folder.path(), "open").unwrap();
    let Auth::Password { user, scope, .. } = cloud.auth() else { panic!("{cloud:?}") };
    let domain = Domain::Id("d1".into());
    assert_eq!(*user, User::Name { name: "u".into(), domain: domain.clone() });
    assert_eq!(*scope, Scope::Project(Project::Name { name: "x".into(), domain }));
}

#[test]
fn secure_yaml_is_laid_over() {
    let without = CLOUDS.replace("      password: 12345\n", "");
    let secure = "clouds: {main: {auth: {password: from-secure}}, other: {auth: {password: x}}}";
    let folder = folder(&[("clouds.yaml", &without), ("secure.yaml", secure)]);
    let cloud = load(folder.path(), "main").unwrap();
    let Auth::Password { password, .. } = cloud.auth() else { panic!("{cloud:?}") };
    assert_eq!(password.expose(), "from-secure");
    assert!(refused(load(folder.path(), "other")).contains("has no cloud `other`"));
    let direct = CloudConfig::from_file(&folder.path().join("clouds.yaml"), "main").unwrap();
    assert_eq!(direct.region(), cloud.region());
}

#[test]
fn the_file_is_looked_for_where_openstack_looks() {
    let one = "clouds: {a: {auth: {auth_url: 'http://one', token: t}}}";
    let two = "clouds: {a: {auth: {auth_url: 'http://two', token: t}}}";
    let folder = folder(&[("home/.config/openstack/clouds.yaml", one), ("named.yaml", two), ("empty/x", "")]);
    let at = |name: &str| folder.path().join(name).display().to_string();
    let environment = Environment::isolated(folder.path().join("empty")).with_variable("HOME", at("home"));
    assert_eq!(environment.load("a").unwrap().auth_url(), "http://one/");
    let named = environment.clone().with_variable("OS_CLIENT_CONFIG_FILE", at("named.yaml"));
    assert_eq!(named.load("a").unwrap().auth_url(), "http://two/");
    let missing = environment.clone().with_variable("OS_CLIENT_CONFIG_FILE", at("missing.yaml"));
    assert!(refused(missing.load("a")).contains("missing.yaml"));
    assert_eq!(environment.select().unwrap().name(), Some("a"), "the only cloud needs no name");
    let nowhere = Environment::isolated(folder.path().join("empty"));
    assert!(refused(nowhere.select()).contains("no clouds.yaml in"));
}

#[test]
fn the_variables_alone_are_a_cloud() {
    let base = Environment::isolated("/nonexistent")
        .with_variable("OS_AUTH_URL", "https://keystone:5000")
        .with_variable("OS_USERNAME", "me")
        .with_variable("OS_PASSWORD", "a-password")
        .with_variable("OS_USER_DOMAIN_NAME", "Default")
        .with_variable("OS_REGION_NAME", "R")
        .with_variable("OS_INTERFACE", "publicURL")
        .with_variable("OS_EMPTY", "");
    let with_tenant = base.clone().with_variable("OS_TENANT_NAME", "old");
    let Auth::Password { scope, .. } = with_tenant.select().unwrap().auth().clone() else { panic!() };
    assert_eq!(scope, Scope::Project(Project::Name { name: "old".into(), domain: Domain::default() }));
    let cloud = with_tenant.with_variable("OS_PROJECT_ID", "p1").select().unwrap();
    let Auth::Password { scope, .. } = cloud.auth() else { panic!() };
    assert_eq!(*scope, Scope::Project(Project::Id("p1".into())));
    assert_eq!((cloud.region(), cloud.interface(), cloud.name()), (Some("R"), Interface::Public, None));
    let token = Environment::isolated("/nonexistent")
        .with_variable("OS_AUTH_URL", "https://keystone:5000")
        .with_variable("OS_AUTH_TYPE", "v3token")
        .with_variable("OS_TOKEN", "a-token");
    assert!(matches!(token.select().unwrap().auth(), Auth::Token { scope: Scope::Unscoped, .. }));
    assert!(!format!("{base:?} {token:?}").contains("a-"));
    let text = refused(base.with_variable("OS_PASSWORD", "").select());
    assert!(text.contains("lacks OS_PASSWORD"), "{text}");
}

#[test]
fn os_cloud_names_a_cloud_of_the_file() {
    let folder = folder(&[("clouds.yaml", CLOUDS)]);
    let environment = Environment::isolated(folder.path());
    assert_eq!(environment.clone().with_variable("OS_CLOUD", "app").select().unwrap().name(), Some("app"));
    let text = refused(environment.select());
    assert!(text.contains("main, app, open") && text.contains("OS_CLOUD"), "{text}");
}

#[test]
fn a_profile_of_the_folder_is_laid_under() {
    let clouds = "clouds: {a: {profile: p, auth: {username: u, password: w, project_id: i}}}";
    let public = "public-clouds: {p: {auth: {auth_url: 'https://vendor'}, region_name: V}}";
    let with = folder(&[("clouds.yaml", clouds), ("clouds-public.yaml", public)]);
    let cloud = load(with.path(), "a").unwrap();
    assert_eq!((cloud.auth_url(), cloud.region()), ("https://vendor/", Some("V")));
    let without = folder(&[("clouds.yaml", clouds)]);
    let text = refused(load(without.path(), "a"));
    assert!(text.contains("profile `p`") && text.contains("auth.auth_url"), "{text}");
}

#[test]
fn errors_name_the_file_the_cloud_and_the_key() {
    let wrong = |text: &str| {
        let folder = folder(&[("clouds.yaml", text)]);
        refused(load(folder.path(), "a"))
    };
    let cloud = |auth: &str, more: &str| format!("clouds: {{a: {{auth: {{{auth}}}, {more}}}}}");
    for (text, expected) in [
        ("clouds: [", "clouds.yaml:"),
        ("cloud: {}", "`clouds` is missing"),
        ("clouds: {b: {}}", "has no cloud `a`, it has: b"),
        (&cloud("username: u", ""), "cloud `a` lacks `auth.auth_url`"),
        (&cloud("auth_url: 'keystone:5000', password: hush", ""), "`auth.auth_url` of cloud `a` in"),
        (&cloud("auth_url: 'https://u:hush@k'", ""), "must not hold a user name"),
        (&cloud("auth_url: 'http://k', username: u", ""), "cloud `a` lacks `auth.password`"),
        (&cloud("auth_url: 'http://k', password: hush", ""), "cloud `a` lacks `auth.username`"),
        (&cloud("auth_url: 'http://k', username: u, password: [hush]", ""), "no text under `auth.password`"),
        (&cloud("auth_url: 'http://k'", "auth_type: v3oidcpassword"), "v3applicationcredential"),
        (&cloud("auth_url: 'http://k'", "identity_api_version: 2.0"), "Keystone v2"),
        (&cloud("auth_url: 'http://k', token: hush", "interface: inside"), "public, internal or admin"),
        (&cloud("auth_url: 'http://k', token: hush", "verify: maybe"), "true or false under `verify`"),
        (&cloud("auth_url: 'http://k', token: hush", "cert: /c"), "cloud `a` lacks `key`"),
    ] {
        let said = wrong(text);
        assert!(said.contains(expected), "{text}: {said}");
        assert!(said.contains("clouds.yaml") && !said.contains("hush"), "{text}: {said}");
    }
}

#[tokio::test]
async fn verification_is_not_turned_off_by_a_file() {
    let config = CloudConfig::from_yaml(CLOUDS, "open").unwrap();
    let error = openstack_sdk::Cloud::connect(config).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Tls);
    assert!(error.to_string().contains("danger::skip_certificate_check"), "{error}");
}
