//! Files of machines, and what they use on disk.

use std::time::SystemTime;

use clap::Args;
use futures_util::TryStreamExt;
use serde_json::{Value, json};
use talos_examples::answers::Answers;
use talos_examples::arguments::Output;
use talos_examples::connection::Connection;
use talos_examples::failure::{Failure, Outcome};
use talos_examples::instant::{relative, rfc3339};
use talos_examples::row;
use talos_examples::size::human;
use talos_sdk::client::{self, FileEntry, FileKind, ListOptions, UsageOptions};

/// The extended attribute that holds the SELinux label.
const LABEL: &str = "security.selinux";

#[derive(Args)]
pub(crate) struct List {
    /// The folder
    #[arg(default_value = "/")]
    path: String,
    /// Modes, owners, sizes and times too
    #[arg(short, long)]
    long: bool,
    /// How deep to go
    #[arg(short, long, default_value_t = 1)]
    depth: u32,
    /// As deep as there are folders
    #[arg(short, long, conflicts_with = "depth")]
    recurse: bool,
    /// Sizes and times for people
    #[arg(short = 'H', long)]
    humanize: bool,
    /// Only f (regular files), d (folders), l (symbolic links)
    #[arg(short, long = "type", value_name = "TYPES", value_delimiter = ',')]
    types: Vec<String>,
    #[command(flatten)]
    output: Output,
}

impl List {
    pub(crate) async fn show(self, connection: &Connection) -> Outcome {
        let mut options = ListOptions::new(&self.path).with_kinds(self.kinds()?);
        options = if self.recurse { options.with_all_depths() } else { options.with_depth(self.depth) };
        if self.long {
            options = options.with_xattrs();
        }
        let options = &options;
        let answers = connection
            .ask(|node| async move { node.list(options.clone()).try_collect::<Vec<FileEntry>>().await })
            .await?;
        let header: &[&str] = match self.long {
            true => &["MODE", "UID", "GID", "SIZE(B)", "LASTMOD", "LABEL", "NAME"],
            false => &["NAME"],
        };
        let shown = answers.show(
            self.output.format,
            header,
            |entries| entries.iter().filter_map(|entry| self.row(entry)).collect(),
            |entries| entries.iter().map(object).collect(),
        );
        let unread = |entries: &Vec<FileEntry>| {
            let unread = |entry: &FileEntry| Some((entry.path.clone(), entry.info.as_ref().err()?.clone()));
            entries.iter().filter_map(unread).collect()
        };
        shown.and(report_files(&answers, unread))
    }

    fn kinds(&self) -> Outcome<Vec<FileKind>> {
        let kind = |letter| match letter {
            'f' => Ok(FileKind::Regular),
            'd' => Ok(FileKind::Directory),
            'l' | 'L' => Ok(FileKind::Symlink),
            other => Err(Failure::new(format!("{other} is no type of files: take f, d or l"))),
        };
        self.types.iter().flat_map(|letters| letters.chars()).map(kind).collect()
    }

    fn row(&self, entry: &FileEntry) -> Option<Vec<String>> {
        let info = entry.info.as_ref().ok()?;
        if !self.long {
            return Some(row![entry.relative_path]);
        }
        let (size, modified) = match self.humanize {
            true => (human(info.size), relative(info.modified, SystemTime::now())),
            false => (info.size.to_string(), rfc3339(info.modified)),
        };
        let name = match &info.link {
            Some(link) => format!("{} -> {link}", entry.relative_path),
            None => entry.relative_path.clone(),
        };
        Some(row![info.mode, info.uid, info.gid, size, modified, label(entry), name])
    }
}

fn label(entry: &FileEntry) -> String {
    let label = entry.xattrs.iter().find(|xattr| xattr.name == LABEL);
    let text = label.map(|label| String::from_utf8_lossy(&label.value).into_owned()).unwrap_or_default();
    text.trim_end_matches(['\0', '\n']).to_owned()
}

fn object(entry: &FileEntry) -> Value {
    let label = Some(label(entry)).filter(|label| !label.is_empty());
    match &entry.info {
        Ok(info) => json!({
            "path": entry.path, "name": entry.relative_path, "mode": info.mode.to_string(), "uid": info.uid,
            "gid": info.gid, "size": info.size, "modified": rfc3339(info.modified), "link": info.link,
            "label": label,
        }),
        Err(error) => json!({ "path": entry.path, "name": entry.relative_path, "error": error }),
    }
}

/// Reports files that machines could not look at.
fn report_files<T>(answers: &Answers<T>, unread: impl Fn(&T) -> Vec<(String, String)>) -> Outcome {
    let mut outcome = Ok(());
    for (node, answer) in answers.successes() {
        for (path, error) in unread(answer) {
            outcome = Err(Failure::new(format!("node {node}: {path}: {error}")).report());
        }
    }
    outcome
}

#[derive(Args)]
pub(crate) struct Usage {
    /// The folders
    #[arg(default_value = "/")]
    paths: Vec<String>,
    /// Files too, not only folders
    #[arg(short, long)]
    all: bool,
    /// How deep to report; 0 is the folder alone
    #[arg(short, long, default_value_t = 1)]
    depth: u32,
    /// Sizes for people
    #[arg(short = 'H', long)]
    humanize: bool,
    /// Leave out what is smaller than this many bytes or, if negative, greater
    #[arg(short, long, value_name = "BYTES", allow_negative_numbers = true)]
    threshold: Option<i64>,
    #[command(flatten)]
    output: Output,
}

impl Usage {
    fn options(&self, path: &str) -> UsageOptions {
        let mut options = UsageOptions::new(path).with_depth(self.depth.saturating_add(1));
        if self.all {
            options = options.with_files();
        }
        match self.threshold {
            None | Some(0) => options,
            Some(bytes) if bytes > 0 => options.with_at_least(bytes.unsigned_abs()),
            Some(bytes) => options.with_at_most(bytes.unsigned_abs()),
        }
    }

    pub(crate) async fn show(self, connection: &Connection) -> Outcome {
        let paths: Vec<_> = self.paths.iter().map(|path| self.options(path)).collect();
        let paths = &paths;
        // A call is for one path.
        let answers = connection.ask(|node| async move {
            let mut found: Vec<client::Usage> = Vec::new();
            for options in paths {
                found.extend(node.disk_usage(options.clone()).try_collect::<Vec<_>>().await?);
            }
            Ok(found)
        });
        let answers = answers.await?;
        let row = |usage: &client::Usage| {
            let size = *usage.size.as_ref().ok()?;
            let size = if self.humanize { human(size) } else { size.to_string() };
            Some(row![size, usage.relative_path])
        };
        let object = |usage: &client::Usage| match &usage.size {
            Ok(size) => json!({ "path": usage.path, "name": usage.relative_path, "size": size }),
            Err(error) => json!({ "path": usage.path, "name": usage.relative_path, "error": error }),
        };
        let shown = answers.show(
            self.output.format,
            &["SIZE", "NAME"],
            |found| found.iter().filter_map(row).collect(),
            |found| found.iter().map(object).collect(),
        );
        let unread = |found: &Vec<client::Usage>| {
            let unread =
                |usage: &client::Usage| Some((usage.path.clone(), usage.size.as_ref().err()?.clone()));
            found.iter().filter_map(unread).collect()
        };
        shown.and(report_files(&answers, unread))
    }
}
