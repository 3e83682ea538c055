//! The log of the kernel.

use std::time::SystemTime;

use talos_proto::machine::DmesgRequest;

use crate::Node;
use crate::instant::parse_rfc3339;
use crate::stream::{ItemStream, Messages};

/// How much of the log of the kernel, for [`Node::dmesg`]: all that the kernel still has, by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DmesgOptions {
    /// Whether to go on with what the kernel says from now on. Such a stream ends when it is dropped.
    pub follow: bool,
    /// Whether to leave out what the kernel said up to now.
    pub only_new: bool,
}

impl DmesgOptions {
    /// Goes on with what the kernel says from now on.
    #[must_use]
    pub fn with_follow(mut self) -> Self {
        self.follow = true;
        self
    }

    /// Only what the kernel says from now on.
    #[must_use]
    pub fn with_only_new(mut self) -> Self {
        self.follow = true;
        self.only_new = true;
        self
    }
}

/// A message of the kernel, or of a program that writes into its log, as Talos itself does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KernelMessage {
    /// Who said it.
    pub facility: Facility,
    /// How important it is.
    pub priority: Priority,
    /// When.
    pub time: Option<SystemTime>,
    /// What.
    pub text: String,
    /// The whole line as the machine sent it.
    pub raw: String,
}

/// Who writes into the log of the kernel.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Facility {
    /// The kernel.
    Kern,
    /// Programs.
    User,
    /// Services.
    Daemon,
    /// Any other word.
    Other(String),
}

/// How important a message is. The more important is the lesser.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Priority {
    /// The machine can't be used.
    Emergency,
    /// Something must be done at once.
    Alert,
    /// Something important failed.
    Critical,
    /// Something failed.
    Error,
    /// Something may fail.
    Warning,
    /// As it should be, but worth to know.
    Notice,
    /// Just to inform.
    Info,
    /// For those who look for a mistake.
    Debug,
    /// Any other word.
    Other(String),
}

impl KernelMessage {
    /// Reads a line of the form `facility: priority: [time]: text`. What is not of this form is all text.
    ///
    /// ```
    /// # use talos_client::{Facility, KernelMessage, Priority};
    /// let message = KernelMessage::parse("kern:    info: [2026-01-02T03:04:05.5Z]: Linux version 6.12\n");
    /// assert_eq!((message.facility, message.priority), (Facility::Kern, Priority::Info));
    /// assert_eq!(message.text, "Linux version 6.12");
    /// ```
    #[must_use]
    pub fn parse(line: &str) -> Self {
        let parsed = line.split_once(": ").and_then(|(facility, rest)| {
            let (priority, rest) = rest.split_once(": [")?;
            let (time, text) =
                rest.split_once("]: ").or_else(|| Some((rest.trim_end().strip_suffix("]:")?, "")))?;
            let words = [facility.trim(), priority.trim()];
            let plain = words.iter().all(|word| word.bytes().all(|byte| byte.is_ascii_alphanumeric()));
            plain.then_some((words, time, text))
        });
        let Some(([facility, priority], time, text)) = parsed else {
            return Self {
                facility: Facility::Other(String::new()),
                priority: Priority::Other(String::new()),
                time: None,
                text: line.trim_end_matches('\n').to_owned(),
                raw: line.to_owned(),
            };
        };
        Self {
            facility: match facility {
                "kern" => Facility::Kern,
                "user" => Facility::User,
                "daemon" => Facility::Daemon,
                other => Facility::Other(other.to_owned()),
            },
            priority: match priority {
                "emerg" => Priority::Emergency,
                "alert" => Priority::Alert,
                "crit" => Priority::Critical,
                "err" => Priority::Error,
                "warning" => Priority::Warning,
                "notice" => Priority::Notice,
                "info" => Priority::Info,
                "debug" => Priority::Debug,
                other => Priority::Other(other.to_owned()),
            },
            time: parse_rfc3339(time),
            text: text.trim_end_matches('\n').to_owned(),
            raw: line.to_owned(),
        }
    }
}

impl Node {
    /// The log of the kernel, message by message (`machine.MachineService/Dmesg`, any role).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { example(async |node| {
    /// use futures_util::TryStreamExt;
    /// use talos_client::{DmesgOptions, Priority};
    ///
    /// let mut messages = node.dmesg(DmesgOptions::default());
    /// while let Some(message) = messages.try_next().await? {
    ///     if message.priority <= Priority::Warning {
    ///         println!("{}", message.text);
    ///     }
    /// }
    /// # Ok(()) }) }
    /// ```
    pub fn dmesg(&self, options: DmesgOptions) -> ItemStream<KernelMessage> {
        let request = DmesgRequest { follow: options.follow, tail: options.only_new };
        Messages::new(self, request, |raw, request| async move { raw.machine().dmesg(request).await })
            .items(|data| Ok(KernelMessage::parse(&String::from_utf8_lossy(&data.bytes))))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_no_message_is_text() {
        for line in
            ["", ":", "kern", "kern: info", "kern: info: [", "a b: c d: [x]: y", "kern: info: x: [y]: z"]
        {
            let message = KernelMessage::parse(line);
            assert_eq!((message.text.as_str(), message.raw.as_str()), (line, line));
            assert_eq!(message.priority, Priority::Other(String::new()));
        }
    }

    #[test]
    fn a_message_has_its_parts() {
        let line = "user: warning: [2026-11-22T19:29:25.123456789Z]: [talos] phase: [done]: 1\n";
        let message = KernelMessage::parse(line);
        assert_eq!(message.facility, Facility::User);
        assert_eq!(message.priority, Priority::Warning);
        assert_eq!(message.text, "[talos] phase: [done]: 1");
        assert_eq!(message.raw, line);
        let since = message.time.unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(since, Duration::new(1_795_375_765, 123_456_789));
        assert_eq!(KernelMessage::parse("kern:    info: [then]: x").time, None);
        assert!(Priority::Error < Priority::Info);
    }
}
