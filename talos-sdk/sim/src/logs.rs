//! The logs of services.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use tokio::sync::watch;

use crate::pods::Pod;
use crate::rfc3339;

/// So many bytes of a log are kept.
const CAPACITY: usize = 64 * 1024;
/// The largest piece that is sent at once.
const CHUNK: usize = 1024;

/// Logs by service, and by pod and container: namespace, pod, container.
#[derive(Debug, Default)]
pub(crate) struct Logs(Mutex<BTreeMap<Cow<'static, str>, Arc<Log>>>);

impl Logs {
    /// Adds a line to a service's log, which exists from its first line on.
    pub(crate) fn write(&self, service: &'static str, line: &str) {
        let log = self.lock().entry(service.into()).or_default().clone();
        log.write(line);
    }

    pub(crate) fn get(&self, service: &str) -> Option<Arc<Log>> {
        self.lock().get(service).filter(|_| !service.contains('/')).cloned()
    }

    /// The logs of services by their ids.
    pub(crate) fn of_services(&self) -> Vec<(String, Arc<Log>)> {
        let logs = self.lock();
        let services = logs.iter().filter(|(id, _)| !id.contains('/'));
        services.map(|(id, log)| (id.clone().into_owned(), log.clone())).collect()
    }

    /// The log of the container in a pod, which has said something by the time that somebody looks.
    pub(crate) fn of_pod(&self, pod: &Pod, now: SystemTime) -> Arc<Log> {
        let mut logs = self.lock();
        let log = logs.entry(format!("{}/{}", pod.id(), pod.container).into()).or_insert_with(|| {
            let log = Arc::new(Log::default());
            log.write(&pod_line(now, &format!("starting {}", pod.container)));
            log.write(&pod_line(now, "ready"));
            log
        });
        log.clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Cow<'static, str>, Arc<Log>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A line as the CRI writes it down.
pub(crate) fn pod_line(now: SystemTime, line: &str) -> String {
    format!("{} stdout F {line}", rfc3339::precise(now))
}

/// The text of one log.
#[derive(Debug)]
pub(crate) struct Log {
    text: Mutex<Text>,
    end: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Text {
    dropped: usize,
    bytes: Vec<u8>,
}

impl Default for Log {
    fn default() -> Self {
        Self { text: Mutex::default(), end: watch::Sender::new(0) }
    }
}

impl Log {
    pub(crate) fn write(&self, line: &str) {
        let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        text.bytes.extend_from_slice(line.as_bytes());
        text.bytes.push(b'\n');
        if text.bytes.len() > CAPACITY {
            let excess = text.bytes.len() - CAPACITY;
            let line_end = text.bytes[excess..].iter().position(|byte| *byte == b'\n');
            let cut = line_end.map_or(excess, |at| excess + at + 1);
            text.bytes.drain(..cut);
            text.dropped += cut;
        }
        let end = text.dropped + text.bytes.len();
        drop(text);
        self.end.send_replace(end);
    }

    /// All that is kept.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().unwrap_or_else(PoisonError::into_inner).bytes).into_owned()
    }

    /// Begins before the last `lines`, or before everything if that is negative.
    pub(crate) fn tail(&self, lines: i32) -> LogReader {
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        let start = match usize::try_from(lines) {
            Err(_) => 0,
            Ok(0) => text.bytes.len(),
            Ok(lines) => {
                let ends = text.bytes.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
                ends.map(|(index, _)| index + 1).nth(lines).unwrap_or(0)
            }
        };
        LogReader { position: text.dropped + start, end: self.end.subscribe() }
    }

    fn from(&self, position: usize) -> (Bytes, usize) {
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        let start = position.saturating_sub(text.dropped).min(text.bytes.len());
        let end = text.bytes.len().min(start + CHUNK);
        (Bytes::copy_from_slice(&text.bytes[start..end]), text.dropped + end)
    }

    /// The line that begins there, its end included.
    fn line(&self, position: usize) -> (Bytes, usize) {
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = &text.bytes[position.saturating_sub(text.dropped).min(text.bytes.len())..];
        let line = rest.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
        (Bytes::copy_from_slice(line), text.dropped + text.bytes.len() - rest.len() + line.len())
    }
}

/// A place in a log.
#[derive(Debug)]
pub(crate) struct LogReader {
    position: usize,
    end: watch::Receiver<usize>,
}

impl LogReader {
    /// The next piece: nothing at the end, unless the reader follows.
    pub(crate) async fn next(&mut self, log: &Log, follow: bool) -> Option<Bytes> {
        self.take(log, follow, Log::from).await
    }

    /// The same, line by line.
    pub(crate) async fn next_line(&mut self, log: &Log, follow: bool) -> Option<Bytes> {
        self.take(log, follow, Log::line).await
    }

    async fn take(
        &mut self,
        log: &Log,
        follow: bool,
        piece: fn(&Log, usize) -> (Bytes, usize),
    ) -> Option<Bytes> {
        loop {
            self.end.borrow_and_update();
            let (piece, position) = piece(log, self.position);
            self.position = position;
            if !piece.is_empty() {
                return Some(piece);
            }
            if !follow {
                return None;
            }
            self.end.changed().await.ok()?;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    async fn read(log: &Log, tail: i32) -> String {
        let mut reader = log.tail(tail);
        let mut all = Vec::new();
        while let Some(piece) = reader.next(log, false).await {
            assert!(piece.len() <= CHUNK);
            all.extend_from_slice(&piece);
        }
        String::from_utf8(all).unwrap()
    }

    #[tokio::test]
    async fn tails() {
        let log = Log::default();
        for line in ["one", "two", "three"] {
            log.write(line);
        }
        assert_eq!(read(&log, -1).await, "one\ntwo\nthree\n");
        assert_eq!(read(&log, 0).await, "");
        assert_eq!(read(&log, 2).await, "two\nthree\n");
        assert_eq!(read(&log, 9).await, "one\ntwo\nthree\n");
        let mut lines = log.tail(2);
        for line in ["two\n", "three\n"] {
            assert_eq!(lines.next_line(&log, false).await.unwrap(), line);
        }
        assert_eq!(lines.next_line(&log, false).await, None);
    }

    #[tokio::test]
    async fn old_lines_go_and_a_follower_sees_new_ones() {
        let log = Log::default();
        for number in 0..10_000 {
            log.write(&format!("line {number}"));
        }
        assert!(read(&log, -1).await.len() <= CAPACITY);
        assert_eq!(read(&log, 1).await, "line 9999\n");
        let mut reader = log.tail(0);
        log.write("new");
        assert_eq!(reader.next(&log, true).await.unwrap(), "new\n");
    }
}
