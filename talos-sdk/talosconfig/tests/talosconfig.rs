//! Texts as Go reads and writes them, and files as an owner wants them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

use talos_pki::{Certificate, Identity, Role};
use talosconfig::{Context, ErrorKind, Paths, TalosConfig};

macro_rules! data {
    ($name:literal) => {
        include_str!(concat!("data/", $name))
    };
}

fn rewritten(text: &str) -> String {
    TalosConfig::from_yaml(text).unwrap().to_yaml().unwrap().expose().to_owned()
}

#[test]
fn texts_are_written_as_go_writes_them() {
    for (given, wanted) in [
        (data!("full.in.yaml"), data!("full.out.yaml")),
        (data!("no-contexts.in.yaml"), data!("no-contexts.out.yaml")),
        (data!("null.in.yaml"), data!("null.out.yaml")),
        (data!("two-documents.in.yaml"), data!("two-documents.out.yaml")),
    ] {
        assert_eq!(rewritten(given), wanted);
        assert_eq!(rewritten(wanted), wanted);
    }
}

#[test]
fn what_stands_behind_the_first_document_is_not_looked_at() {
    assert_eq!(TalosConfig::from_yaml("{}A\n").unwrap(), TalosConfig::default());
    assert_eq!(TalosConfig::from_yaml("{a: 1, a: 2}\n").unwrap_err().kind(), ErrorKind::Syntax);
}

#[test]
fn a_context_holds_decoded_credentials() {
    let config = TalosConfig::from_yaml(data!("full.in.yaml")).unwrap();
    let context = config.current(None).unwrap();
    assert_eq!(context.endpoints, ["10.0.0.2", "10.0.0.3"]);
    let identity = context.identity().unwrap().unwrap();
    assert_eq!(identity.certificate.roles(), Role::Admin.into());
    let authorities = context.authorities().unwrap();
    assert_eq!(authorities[0].organizations(), ["talos"]);

    let made = Context::new(["10.0.0.2", "10.0.0.3"])
        .with_nodes(["10.0.0.2", "node-3"])
        .with_identity(&authorities[0], &identity);
    assert_eq!(&made, context);
    assert_eq!(config.current(Some("a9")).unwrap().endpoints, ["[fd00::2]:50000", "1.0", "010", "10.0.0.9"]);
    assert_eq!(config.current(Some("true")).unwrap(), &Context::default());
}

#[test]
fn merging_renames_and_follows_the_incoming_context() {
    let mut config = TalosConfig::from_yaml(data!("merge.left.yaml")).unwrap();
    let renames = config.merge(TalosConfig::from_yaml(data!("merge.right.yaml")).unwrap());
    let renames: Vec<_> = renames.iter().map(ToString::to_string).collect();
    assert_eq!(renames, [r#""a" -> "a-2""#]);
    assert_eq!(config.to_yaml().unwrap().expose(), data!("merge.out.yaml"));

    let mut config = TalosConfig::from_yaml(data!("merge.left.yaml")).unwrap();
    let other = data!("merge.right.yaml").replace("context: a\n", "");
    config.merge(TalosConfig::from_yaml(&other).unwrap());
    assert_eq!(config.context, "a");
}

#[test]
fn errors_say_which_context_and_what_to_do() {
    let kind = |text: &str| TalosConfig::from_yaml(text).unwrap_err().kind();
    assert_eq!(kind(""), ErrorKind::Empty);
    assert_eq!(kind("contexts: [1]"), ErrorKind::Syntax);
    assert_eq!(kind("a: b: c"), ErrorKind::Syntax);
    let error = TalosConfig::from_yaml("contexts: {lab: {key: '???'}}").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("key of context \"lab\""), "{error}");

    let config = TalosConfig::from_yaml("context: lab").unwrap();
    assert_eq!(config.current(None).unwrap_err().kind(), ErrorKind::Empty);
    let mut config = TalosConfig::from_yaml("contexts: {a: {}, b: {crt: eA==}}").unwrap();
    assert_eq!(config.current(None).unwrap_err().kind(), ErrorKind::NoContext);
    let error = config.current(Some("c")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownContext);
    assert!(error.to_string().ends_with("it has \"a\", \"b\""), "{error}");
    assert_eq!(config.use_context("c").unwrap_err().kind(), ErrorKind::UnknownContext);
    config.use_context("b").unwrap();
    assert_eq!(config.current(None).unwrap().identity().unwrap_err().kind(), ErrorKind::Invalid);
}

#[test]
fn no_secret_is_shown() {
    let config = TalosConfig::from_yaml(data!("full.in.yaml")).unwrap();
    let key = config.current(None).unwrap().key.clone().unwrap();
    let shown = format!("{config:?} {:?}", config.to_yaml());
    assert!(!shown.contains(key.expose().lines().nth(1).unwrap()));
    assert!(!shown.contains("#c"), "the password");
    // A key in the wrong place stays out of the error too.
    for text in ["contexts: {a: {auth: Geheim12}}", "contexts: {a: {auth: {basic: Geheim12}}}", "Geheim12"] {
        let error = TalosConfig::from_yaml(text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("Geheim12"), "{error:?}");
    }
}

#[cfg(unix)]
#[test]
fn files_are_private_and_replaced_whole() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/talos/config");
    let config = TalosConfig::from_yaml(data!("full.in.yaml")).unwrap();
    config.save(&path).unwrap();
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    assert_eq!(TalosConfig::load(&path).unwrap(), config);

    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let link = folder.path().join("link");
    symlink(&path, &link).unwrap();
    TalosConfig::new("x", Context::new(["h"])).save(&link).unwrap();
    assert!(link.is_symlink());
    assert_eq!(TalosConfig::load(&path).unwrap().context, "x");
    assert_eq!(mode(&path), 0o600);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left over");

    let error = TalosConfig::load(folder.path().join("none")).unwrap_err();
    assert!(error.is_not_found());
    assert!(!folder.path().join("none").exists());
    let below_a_file = path.join("config");
    assert_eq!(config.save(&below_a_file).unwrap_err().kind(), ErrorKind::Io);
    assert_eq!(config.save("/var/run/secrets/talos.dev/config").unwrap_err().kind(), ErrorKind::ReadOnly);
}

#[test]
fn paths_follow_the_environment() {
    let paths = |variables: &[(&str, &str)]| -> Vec<PathBuf> {
        let lookup =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into());
        Paths::from_lookup(lookup).iter().map(Path::to_owned).collect()
    };
    let pod = "/var/run/secrets/talos.dev/config";
    let to = |wanted: &[&str]| wanted.iter().map(PathBuf::from).collect::<Vec<_>>();
    assert_eq!(paths(&[("HOME", "/h")]), to(&["/h/.talos/config", pod]));
    assert_eq!(paths(&[("HOME", "/h"), ("TALOS_HOME", "/t")]), to(&["/t/config", pod]));
    assert_eq!(paths(&[("HOME", "/h"), ("TALOS_HOME", "t")]), to(&["/h/.talos/config", pod]));
    assert_eq!(
        paths(&[("HOME", "/h"), ("TALOSCONFIG", "c"), ("TALOS_HOME", "/t")]),
        to(&["c", "/t/config", pod])
    );
    assert_eq!(paths(&[("TALOSCONFIG", "")]), to(&[pod]));
    assert_eq!(Paths::from_lookup(|_| None).writable(), None);
}

#[test]
fn a_new_configuration_is_for_one_cluster() {
    let ca = Certificate::from_pem(include_str!("../../pki/tests/data/os.crt")).unwrap();
    let admin = Identity::from_pem(
        include_str!("../../pki/tests/data/admin.crt"),
        include_str!("../../pki/tests/data/admin.key"),
    )
    .unwrap();
    let config = TalosConfig::new("lab", Context::new([""; 0]).with_identity(&ca, &admin));
    let text = config.to_yaml().unwrap();
    assert!(
        text.expose().starts_with("context: lab\ncontexts:\n    lab:\n        endpoints: []\n        ca: ")
    );
    assert_eq!(TalosConfig::from_yaml(text.expose()).unwrap(), config);
}
