//! What machines answered, each for itself: a table or JSON, and every failure.

use std::fmt::Display;
use std::io::{self, Write as _};

use futures_util::stream::{self, Stream, StreamExt};
use serde_json::{Map, Value};
use talos_sdk::client;

use crate::arguments::Format;
use crate::failure::{Failure, Outcome};
use crate::table::Table;

/// The answer of each machine, by its name.
#[derive(Debug)]
pub struct Answers<T>(Vec<(String, client::Result<T>)>);

impl<T> Answers<T> {
    /// Takes what a fan-out gave.
    pub fn of(answers: impl IntoIterator<Item = (String, client::Result<T>)>) -> Self {
        Self(answers.into_iter().collect())
    }

    /// What was answered.
    pub fn successes(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().filter_map(|(node, answer)| Some((node.as_str(), answer.as_ref().ok()?)))
    }

    /// What was answered, to be used up.
    pub fn into_successes(self) -> impl Iterator<Item = (String, T)> {
        self.0.into_iter().filter_map(|(node, answer)| Some((node, answer.ok()?)))
    }

    /// Prints them: a table of `rows` that begins with the name of the machine, or JSON, an array of the objects of
    /// `json` with that name. Then the failures, on standard error.
    pub fn show(
        &self,
        format: Format,
        header: &[&str],
        rows: impl Fn(&T) -> Vec<Vec<String>>,
        json: impl Fn(&T) -> Vec<Value>,
    ) -> Outcome {
        match format {
            Format::Json => {
                let objects = self.successes().flat_map(|(node, answer)| {
                    json(answer).into_iter().map(move |object| with_node(node, object))
                });
                print_json(&Value::Array(objects.collect()))?;
            }
            Format::Text => {
                let mut table = Table::new(["NODE"].iter().chain(header).copied());
                for (node, answer) in self.successes() {
                    for row in rows(answer) {
                        table.row([node.to_owned()].into_iter().chain(row));
                    }
                }
                if self.successes().next().is_some() {
                    table.print()?;
                }
            }
        }
        self.report()
    }

    /// Reports each machine that failed.
    pub fn report(&self) -> Outcome {
        let failures = self.0.iter().filter_map(|(node, answer)| Some((node, answer.as_ref().err()?)));
        let mut outcome = Ok(());
        for (node, error) in failures {
            outcome = Err(report(node, error));
        }
        outcome
    }
}

/// Says on standard error why a machine failed.
pub fn report(node: &str, error: &client::Error) -> Failure {
    match error.node() {
        Some(_) => Failure::new(error.to_string()).report(),
        None => Failure::of(node, error).report(),
    }
}

/// The object with the name of its machine in front.
pub fn with_node(node: &str, object: Value) -> Value {
    let mut named = Map::new();
    named.insert("node".into(), node.into());
    if let Value::Object(fields) = object {
        named.extend(fields);
    }
    Value::Object(named)
}

/// Prints JSON for people and programs.
pub fn print_json(value: &Value) -> Outcome {
    writeln!(io::stdout().lock(), "{value:#}")?;
    Ok(())
}

/// Prints JSON on one line, for what comes one by one.
pub fn print_json_line(value: &Value) -> Outcome {
    writeln!(io::stdout().lock(), "{value}")?;
    Ok(())
}

/// Prints what several machines say, as it comes, until all have ended. One that fails ends only its own part.
pub async fn follow<T, S>(
    streams: impl IntoIterator<Item = (String, S)>,
    mut print: impl FnMut(&str, T) -> Outcome,
) -> Outcome
where
    S: Stream<Item = client::Result<T>> + Unpin,
{
    let named = |(name, stream): (String, S)| stream.map(move |item| (name.clone(), item));
    let mut all = stream::select_all(streams.into_iter().map(named));
    let mut outcome = Ok(());
    while let Some((node, item)) = all.next().await {
        match item {
            Ok(item) => print(&node, item)?,
            Err(error) => outcome = Err(report(&node, &error)),
        }
    }
    outcome
}

/// A text for a cell.
pub fn cell(value: impl Display) -> String {
    value.to_string()
}

/// The cells of a row, of whatever can be displayed.
#[macro_export]
macro_rules! row {
    ($($cell:expr),* $(,)?) => { vec![$($crate::answers::cell(&$cell)),*] };
}
