//! The table: every call of the client, the methods it makes of it, what it asks them and what they answer.

mod cluster;
mod etcd;
mod host;
mod images;
mod power;
mod resources;
mod runs;
mod storage;
mod streams;

use std::future::Future;
use std::pin::Pin;

use serde_json::{Value, json};
use talos_client::{Client, Error, Node};

type Work = Pin<Box<dyn Future<Output = Result<(), Error>>>>;

/// What a call does on a handle that names no node, of a client with one endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unnamed {
    Asks,
    /// It wants a name, and sends nothing without.
    Refuses,
    /// It is no call of a node.
    Client,
}

/// One call of the client.
pub(crate) struct Row {
    /// The function: `Node::memory`.
    pub(crate) name: String,
    /// The methods it calls, the one that it is about first.
    pub(crate) methods: Vec<&'static str>,
    /// Methods that it may call besides, to look around.
    pub(crate) looks: Vec<&'static str>,
    /// What the first method is asked, in protobuf's JSON.
    pub(crate) asks: Value,
    /// Whether it may be asked more than that, such as the time of the call.
    pub(crate) asks_more: bool,
    /// What a client stream sends in all.
    pub(crate) sends: Option<Value>,
    /// Answers of methods that the server has none for by itself.
    pub(crate) answers: Vec<(&'static str, Vec<Value>)>,
    /// Methods that the server lacks, as an older machine does.
    pub(crate) lacks: Vec<&'static str>,
    /// The server has no such method, and the client no other way.
    pub(crate) unknown: bool,
    pub(crate) unnamed: Unnamed,
    pub(crate) work: Box<dyn Fn(Client, Node) -> Work>,
}

/// A call of a node, and the method it is about.
pub(crate) fn row<F, Fut>(name: &str, method: &'static str, work: F) -> Row
where
    F: Fn(Node) -> Fut + 'static,
    Fut: Future<Output = Result<(), Error>> + 'static,
{
    Row {
        name: format!("Node::{name}"),
        methods: vec![method],
        looks: Vec::new(),
        asks: json!({}),
        asks_more: false,
        sends: None,
        answers: Vec::new(),
        lacks: Vec::new(),
        unknown: false,
        unnamed: Unnamed::Asks,
        work: Box::new(move |_, node| Box::pin(work(node))),
    }
}

/// A call of a client, and the method it is about.
pub(crate) fn client_row<F, Fut>(name: &str, method: &'static str, work: F) -> Row
where
    F: Fn(Client) -> Fut + 'static,
    Fut: Future<Output = Result<(), Error>> + 'static,
{
    Row {
        unnamed: Unnamed::Client,
        work: Box::new(move |client, _| Box::pin(work(client))),
        ..row("", method, |_| async { Ok(()) }).of(&format!("Client::{name}"))
    }
}

impl Row {
    /// A function of another type than [`Node`].
    fn of(mut self, name: &str) -> Self {
        self.name = name.to_owned();
        self
    }

    fn asks(mut self, request: Value) -> Self {
        self.asks = request;
        self
    }

    fn asks_at_least(mut self, request: Value) -> Self {
        self.asks_more = true;
        self.asks(request)
    }

    fn sends(mut self, messages: Value) -> Self {
        self.sends = Some(messages);
        self
    }

    /// The one message of the node that was asked.
    fn answers(self, message: Value) -> Self {
        let method = self.methods[0];
        self.and_answers(method, [json!({"messages": [message]})])
    }

    /// The messages of the first method, whole.
    fn streams(self, messages: impl IntoIterator<Item = Value>) -> Self {
        let method = self.methods[0];
        self.and_answers(method, messages)
    }

    fn and_answers(mut self, method: &'static str, messages: impl IntoIterator<Item = Value>) -> Self {
        self.answers.push((method, messages.into_iter().collect()));
        self
    }

    fn and_calls(mut self, methods: impl IntoIterator<Item = &'static str>) -> Self {
        self.methods.extend(methods);
        self
    }

    fn looks_at(mut self, methods: impl IntoIterator<Item = &'static str>) -> Self {
        self.looks.extend(methods);
        self
    }

    fn lacking(mut self, method: &'static str) -> Self {
        self.lacks.push(method);
        self
    }

    fn with_no_such_method(mut self) -> Self {
        self.unknown = true;
        self
    }

    fn needs_a_name(mut self) -> Self {
        self.unnamed = Unnamed::Refuses;
        self
    }
}

/// Base64, which protobuf's JSON has for bytes.
fn bytes(content: impl AsRef<[u8]>) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(content)
}

fn data(content: impl AsRef<[u8]>) -> Value {
    json!({"bytes": bytes(content)})
}

fn at(seconds: u64) -> std::time::SystemTime {
    std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds)
}

/// All calls.
pub(crate) fn all() -> Vec<Row> {
    let parts = [
        host::rows(),
        streams::rows(),
        runs::rows(),
        cluster::rows(),
        etcd::rows(),
        storage::rows(),
        images::rows(),
        power::rows(),
        resources::rows(),
    ];
    parts.into_iter().flatten().collect()
}
