//! Patches of machine configurations.

mod change;
mod json;
mod operation;
mod part;
mod warning;

use talos_secret::SecretString;
use talos_yaml::{parse_first, parse_with_duplicates};

use crate::config::Config;
use crate::document::Document;
use crate::error::{Error, ErrorKind, Result};
use crate::load::{Piece, read_patch};
use crate::model::DeleteError;
use crate::patch::change::{Mention, changes, leaves, step};
use crate::patch::operation::{Operation, Target};
use crate::patch::warning::Before;

pub use crate::patch::change::{PatchAction, PatchChange};
pub use crate::patch::warning::PatchWarning;

/// A patch for a [`Config`](crate::Config), in one of two forms.
///
/// - *Pieces of configuration* are merged in, and may also delete parts. Documents are matched by kind and name; those
///   without a match are added. Maps merge key by key, lists grow, other values replace. `$patch: delete` in a mapping
///   deletes it; in a list entry, the entry with the same first key; at the root of a document, the document.
/// - *Operations* (RFC 6902) as JSON, or the same as a YAML list. They change configurations of one document and rewrite
///   its text: comments go, and YAML 1.1 decides what words mean (`yes` becomes `true`).
///
/// A text of neither, such as an empty one, has no operations: it only rewrites.
///
/// ```
/// use talos_machineconfig::{Config, Patch};
///
/// let config = Config::from_yaml("machine:\n  sysctls:\n    a: \"1\"\n    b: \"2\"\n")?;
/// let patch = Patch::parse("machine:\n  sysctls:\n    a:\n      $patch: delete\n    c: \"3\"\n")?;
/// let patched = config.patch(&[patch])?.config.to_yaml()?;
/// assert!(patched.expose().contains("    sysctls:\n        b: \"2\"\n        c: \"3\"\n"));
///
/// let patch = Patch::parse(r#"[{"op": "remove", "path": "/machine/sysctls/a"}]"#)?;
/// let patched = config.patch(&[patch])?.config.to_yaml()?;
/// assert_eq!(patched.expose(), "machine:\n  sysctls:\n    b: \"2\"\n");
/// # Ok::<(), talos_machineconfig::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Patch {
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    Pieces(Vec<Piece>),
    Operations(Vec<Operation>),
}

impl Patch {
    /// Reads the text of a patch. Reading `@file` arguments is the caller's job, see [`Patch::file_name`].
    ///
    /// # Errors
    ///
    /// What [`Config::from_yaml`](crate::Config::from_yaml) returns, with the line; [`ErrorKind::Syntax`] for operations
    /// that can't be read.
    pub fn parse(text: &str) -> Result<Self> {
        let pieces = parse_with_duplicates(text).map_err(Error::from).and_then(read_patch);
        let no_piece = match pieces {
            Ok(pieces) => return Ok(Self { form: Form::Pieces(pieces) }),
            Err(error) => error,
        };
        let no_json = match operation::read_json(text) {
            Ok(operations) => return Ok(Self { form: Form::Operations(operations) }),
            Err(error) => error,
        };
        // What stands behind the list does not matter, as it does not to Go.
        let first = parse_first(text).map_err(Error::from);
        match first.and_then(|node| operation::read_yaml(node.as_ref())) {
            Ok(operations) => Ok(Self { form: Form::Operations(operations) }),
            Err(_) if text.trim_start().starts_with('[') => {
                Err(Error::new(ErrorKind::Syntax, no_json.describe(text)))
            }
            Err(_) => Err(no_piece),
        }
    }

    /// The file that an argument of a program names instead of holding the patch itself: what stands behind `@`, or all
    /// of it if it can't be a patch, being one word that begins no list and no mapping.
    ///
    /// ```
    /// use talos_machineconfig::Patch;
    ///
    /// assert_eq!(Patch::file_name("@worker.yaml"), Some("worker.yaml"));
    /// assert_eq!(Patch::file_name("worker.yaml"), Some("worker.yaml"));
    /// assert_eq!(Patch::file_name("machine: {token: t}"), None);
    /// assert_eq!(Patch::file_name("[]"), None);
    /// ```
    pub fn file_name(argument: &str) -> Option<&str> {
        let is_word = !argument.contains(['\n', ' ']) && !argument.starts_with(['[', '{']);
        argument.strip_prefix('@').or(is_word.then_some(argument))
    }

    /// What the patch would do to a configuration: every place that it changes, and those it names that stay as they
    /// are. No values are shown.
    ///
    /// ```
    /// use talos_machineconfig::{Config, Patch};
    ///
    /// let config = Config::from_yaml("machine:\n  type: worker\n  certSANs: [a]\n")?;
    /// let patch = Patch::parse("machine:\n  type: worker\n  certSANs: [b, c]\n  token: t\n")?;
    /// let changes: Vec<String> = patch.check(&config)?.iter().map(ToString::to_string).collect();
    /// assert_eq!(changes, [
    ///     "adds v1alpha1: machine.token",
    ///     "appends 2 entries to v1alpha1: machine.certSANs",
    ///     "leaves alone v1alpha1: machine.type",
    /// ]);
    /// # Ok::<(), talos_machineconfig::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Config::patch`].
    pub fn check(&self, config: &Config) -> Result<Vec<PatchChange>> {
        let patched = config.patch(std::slice::from_ref(self))?.config;
        changes(config.documents(), patched.documents(), self.mentions(config))
    }

    /// The places that the patch names.
    fn mentions(&self, config: &Config) -> Vec<Mention> {
        let mut mentions = Vec::new();
        match &self.form {
            Form::Pieces(pieces) => {
                for piece in pieces {
                    match piece {
                        Piece::Delete(deletion) => mentions.push((deletion.title(), deletion.path_text())),
                        Piece::Document(document, node) => {
                            let mut paths = Vec::new();
                            leaves(node, "", &mut paths);
                            mentions.extend(paths.into_iter().map(|path| (document.title(), path)));
                        }
                    }
                }
            }
            Form::Operations(operations) => {
                let title = config.documents().first().map(Document::title).unwrap_or_default();
                for pointer in operations.iter().filter_map(|operation| operation.pointer("path").ok()) {
                    let steps = pointer.split('/').skip(1).filter(|step| *step != "-");
                    let path = steps.fold(String::new(), |path, name| match name.parse::<usize>() {
                        Ok(index) => format!("{path}[{index}]"),
                        Err(_) => step(&path, &name.replace("~1", "/").replace("~0", "~")),
                    });
                    mentions.push((title.clone(), path));
                }
            }
        }
        mentions
    }
}

/// What [`Config::patch`] gives.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Patched {
    /// The configuration with the patches applied.
    pub config: Config,
    /// What the patches lost though their author hardly meant it.
    pub warnings: Vec<PatchWarning>,
}

/// What [`patch_text`] gives.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PatchedText {
    /// The text of the configuration with the patches applied.
    pub text: SecretString,
    /// What the patches lost though their author hardly meant it.
    pub warnings: Vec<PatchWarning>,
}

/// Applies patches to the text of a configuration, as `talosctl machineconfig patch` does.
///
/// This differs from [`Config::patch`] where operations (RFC 6902) are involved: the configuration is read only as far
/// as the patches need it, so that neither the text nor the result of operations has to be a valid configuration.
/// Without patches the text stays as it is.
///
/// # Errors
///
/// As [`Config::from_yaml`] and [`Config::patch`].
pub fn patch_text(text: &str, patches: &[Patch]) -> Result<PatchedText> {
    let (patched, warnings) = apply(Input::Text(SecretString::new(text)), patches)?;
    Ok(PatchedText { text: patched.into_text()?, warnings })
}

impl Config {
    /// Applies `patches` one after another. Without any, the configuration keeps its very bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::PatchMismatch`], [`ErrorKind::PatchTargetMissing`], [`ErrorKind::PatchTestFailed`],
    /// [`ErrorKind::ConflictingDocuments`] and [`ErrorKind::DuplicateDocument`], with the patch and the path.
    /// [`ErrorKind::Unsupported`] for operations on a configuration of several documents. What [`Config::from_yaml`]
    /// returns, if operations make an invalid configuration.
    pub fn patch(&self, patches: &[Patch]) -> Result<Patched> {
        let (patched, warnings) = apply(Input::Config(self.clone()), patches)?;
        let config = patched.into_config().map_err(|error| error.within("the patched configuration"))?;
        Ok(Patched { config, warnings })
    }
}

/// A configuration between two patches: text as operations leave it, read only when it is needed.
enum Input {
    Config(Config),
    Text(SecretString),
}

impl Input {
    fn into_config(self) -> Result<Config> {
        match self {
            Self::Config(config) => Ok(config),
            Self::Text(text) => Config::from_yaml(text.expose()),
        }
    }

    fn into_text(self) -> Result<SecretString> {
        match self {
            Self::Config(config) => config.to_yaml(),
            Self::Text(text) => Ok(text),
        }
    }
}

fn apply(mut input: Input, patches: &[Patch]) -> Result<(Input, Vec<PatchWarning>)> {
    let mut warnings = Vec::new();
    let mut at = 0;
    while let Some(patch) = patches.get(at) {
        match &patch.form {
            Form::Pieces(pieces) => {
                at += 1;
                let config =
                    input.into_config().map_err(|error| error.within("the configuration to patch"))?;
                let mut documents = config.into_documents();
                for piece in pieces {
                    apply_piece(&mut documents, piece, at, &mut warnings)?;
                }
                let config = Config::new(documents).map_err(|error| error.within(format!("patch {at}")))?;
                input = Input::Config(config);
            }
            Form::Operations(_) => {
                let text = input.into_text()?;
                let mut target =
                    Target::open(text.expose()).map_err(|error| error.within(format!("patch {}", at + 1)))?;
                // Operations that follow each other act as one patch: the text is not written in between.
                while let Some(Form::Operations(operations)) = patches.get(at).map(|patch| &patch.form) {
                    at += 1;
                    for (number, operation) in (1..).zip(operations) {
                        let place = || format!("patch {at}, operation {number} ({operation})");
                        target.apply(operation).map_err(|error| error.within(place()))?;
                    }
                }
                input = Input::Text(SecretString::new(target.close()?));
            }
        }
    }
    Ok((input, warnings))
}

/// Merges or deletes one piece; `number` is that of its patch.
fn apply_piece(
    documents: &mut Vec<Document>,
    piece: &Piece,
    number: usize,
    warnings: &mut Vec<PatchWarning>,
) -> Result<()> {
    match piece {
        Piece::Document(patch, node) => {
            let Some(left) = documents.iter_mut().find(|left| left.is_same(patch)) else {
                documents.push(patch.clone());
                return Ok(());
            };
            let before = Before::of(left)?;
            left.merge(patch.clone()).map_err(|mismatch| {
                let problem = format!("patch {number}, line {}: {}: {mismatch}", node.line(), patch.title());
                Error::new(ErrorKind::PatchMismatch, problem)
            })?;
            if let Some(before) = before {
                before.compare(number, node, left, warnings)?;
            }
        }
        Piece::Delete(deletion) => {
            let Some(at) = documents.iter().position(|document| deletion.selects(document)) else {
                return Ok(());
            };
            if deletion.path.is_empty() {
                documents.remove(at);
                return Ok(());
            }
            documents[at].delete(&deletion.path, deletion.item.as_ref()).map_err(|error| {
                let problem = match error {
                    DeleteError::Missing => "there is nothing to delete, leave it out",
                    DeleteError::InsideList => "only a whole list entry can be deleted",
                };
                let place = format!("patch {number}, line {}: {}", deletion.line, deletion.title());
                let problem = format!("{place}: {}: {problem}", deletion.place());
                Error::new(ErrorKind::PatchTargetMissing, problem)
            })?;
        }
    }
    Ok(())
}
