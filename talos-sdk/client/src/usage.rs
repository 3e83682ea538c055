//! What the files of a machine use.

use talos_proto::machine::{DiskUsageInfo, DiskUsageRequest};

use crate::Node;
use crate::stream::{ItemStream, Messages};

/// What to measure, for [`Node::disk_usage`].
///
/// ```
/// # use talos_client::UsageOptions;
/// let logs = UsageOptions::new("/var/log").with_depth(2).with_files().with_at_least(1 << 20);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UsageOptions {
    /// The folder or file.
    pub path: String,
    /// How deep to report, 1 for the folder alone; `None` for all of it. What is deeper is counted all the same.
    pub depth: Option<u32>,
    /// Whether to report files, not folders only.
    pub files: bool,
    /// Which sizes to report.
    pub threshold: Option<UsageThreshold>,
}

/// Which sizes to report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UsageThreshold {
    /// This many bytes and more.
    AtLeast(u64),
    /// This many bytes and less.
    AtMost(u64),
}

impl UsageOptions {
    /// All folders of this one.
    #[must_use]
    pub fn new(path: impl Into<String>) -> Self {
        Self { path: path.into(), depth: None, files: false, threshold: None }
    }

    /// Reports so deep, at least 1: the folder alone.
    #[must_use]
    pub fn with_depth(mut self, depth: u32) -> Self {
        self.depth = Some(depth.max(1));
        self
    }

    /// Reports files too.
    #[must_use]
    pub fn with_files(mut self) -> Self {
        self.files = true;
        self
    }

    /// Reports what has this many bytes and more.
    #[must_use]
    pub fn with_at_least(mut self, bytes: u64) -> Self {
        self.threshold = Some(UsageThreshold::AtLeast(bytes));
        self
    }

    /// Reports what has this many bytes and less.
    #[must_use]
    pub fn with_at_most(mut self, bytes: u64) -> Self {
        self.threshold = Some(UsageThreshold::AtMost(bytes));
        self
    }
}

/// What a folder or a file uses.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Its path.
    pub path: String,
    /// Its path below the folder that was asked for; `.` for that folder itself.
    pub relative_path: String,
    /// How many bytes, those of what is in a folder included, or why that is not known.
    pub size: Result<u64, String>,
}

impl Node {
    /// What a folder uses, and what is in it (`machine.MachineService/DiskUsage`, any role). A folder comes after what
    /// is in it.
    ///
    /// Machines measure one path a call: ask for others in calls of their own.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { example(async |node| {
    /// use futures_util::TryStreamExt;
    /// use talos_client::UsageOptions;
    ///
    /// let mut usages = node.disk_usage(UsageOptions::new("/var").with_depth(2));
    /// while let Some(usage) = usages.try_next().await? {
    ///     println!("{} {:?}", usage.path, usage.size);
    /// }
    /// # Ok(()) }) }
    /// ```
    pub fn disk_usage(&self, options: UsageOptions) -> ItemStream<Usage> {
        let bytes = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX).max(1);
        let request = DiskUsageRequest {
            // The machine skips entries at this depth and below; zero is no limit.
            recursion_depth: options.depth.map_or(0, |depth| i32::try_from(depth.max(1)).unwrap_or(i32::MAX)),
            all: options.files,
            threshold: match options.threshold {
                None => 0,
                Some(UsageThreshold::AtLeast(least)) => bytes(least),
                Some(UsageThreshold::AtMost(most)) => -bytes(most),
            },
            paths: vec![options.path],
        };
        Messages::new(self, request, |raw, request| async move { raw.machine().disk_usage(request).await })
            .items(|usage: DiskUsageInfo| {
                Ok(Usage {
                    path: usage.name,
                    relative_path: usage.relative_name,
                    size: match usage.error.is_empty() {
                        true => Ok(u64::try_from(usage.size).unwrap_or_default()),
                        false => Err(usage.error),
                    },
                })
            })
    }
}
