//! Containers for debugging.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{FutureExt, StreamExt};
use http_body::Frame;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use prost::Message;
use talos_client::{DebugContainer, ErrorKind, ImageStore, Node};
use talos_proto::machine::debug_container_run_request::Request;
use talos_proto::machine::debug_container_run_request_spec::Profile;
use talos_proto::machine::debug_container_run_response::Resp;
use talos_proto::machine::{DebugContainerRunRequest, DebugContainerRunResponse};
use tokio::sync::mpsc::UnboundedSender;
use tonic::Code;

use crate::host::server;
use crate::support::{Answer, Server, frame, trailers};

struct Requests {
    body: Incoming,
    bytes: BytesMut,
}

impl Requests {
    /// `None` once the caller closed its half.
    async fn next(&mut self) -> Option<Request> {
        loop {
            if self.bytes.len() >= 5 {
                let length = u32::from_be_bytes(self.bytes[1..5].try_into().unwrap()) as usize;
                if self.bytes.len() >= 5 + length {
                    self.bytes.advance(5);
                    let message = DebugContainerRunRequest::decode(self.bytes.split_to(length)).unwrap();
                    return message.request;
                }
            }
            let frame = self.body.frame().await?.ok()?;
            self.bytes.extend_from_slice(&frame.into_data().unwrap());
        }
    }
}

fn say(sender: &UnboundedSender<Frame<Bytes>>, resp: Resp) {
    let message = DebugContainerRunResponse { resp: Some(resp) };
    _ = sender.send(Frame::data(frame(&message.encode_to_vec())));
}

/// A shell that answers each line, ends at "exit", and then waits for the caller as Talos does.
async fn shell(body: Incoming, sender: UnboundedSender<Frame<Bytes>>) {
    let mut requests = Requests { body, bytes: BytesMut::new() };
    let Some(Request::Spec(spec)) = requests.next().await else { panic!("no spec came first") };
    assert_eq!((spec.image_name.as_str(), spec.profile(), spec.tty), ("shell", Profile::Privileged, true));
    assert_eq!((spec.args.as_slice(), spec.env["TERM"].as_str()), (["sh".to_owned()].as_slice(), "xterm"));
    let code = loop {
        match requests.next().await {
            Some(Request::StdinData(bytes)) if bytes.as_ref() == b"exit\n" => break 3,
            Some(Request::StdinData(bytes)) => say(&sender, Resp::StdoutData(bytes)),
            Some(Request::TermResize(size)) => {
                let text = format!("{}x{}\n", size.width, size.height);
                say(&sender, Resp::StdoutData(text.into_bytes().into()));
            }
            Some(Request::Signal(signal)) => break 128 + signal,
            other => panic!("{other:?}"),
        }
    };
    say(&sender, Resp::ExitCode(code));
    // Without the half-close of the caller this never ends.
    while requests.next().await.is_some() {}
    _ = sender.send(trailers(Code::Ok, ""));
}

async fn with_shell() -> (Server, Node) {
    let (server, node) = server().await;
    server.answer("ContainerRun", [Answer::Live(Arc::new(|body, sender| shell(body, sender).boxed()))]);
    (server, node)
}

fn container() -> DebugContainer {
    DebugContainer::privileged(ImageStore::System, "shell")
        .with_args(["sh"])
        .with_env("TERM", "xterm")
        .with_terminal()
}

#[tokio::test]
async fn both_directions_go_on_until_the_container_ends() {
    let (_server, node) = with_shell().await;
    let (input, mut output) = node.debug_container(container()).split();
    input.write("hello\n").await.unwrap();
    assert_eq!(output.next().await.unwrap().unwrap(), "hello\n");
    input.resize(80, 25).await.unwrap();
    assert_eq!(output.next().await.unwrap().unwrap(), "80x25\n");
    assert_eq!(output.exit_code(), None);
    input.write("exit\n").await.unwrap();
    // The input is still there, and yet the call ends.
    assert!(output.next().await.is_none());
    assert_eq!(output.exit_code(), Some(3));
    assert_eq!(input.write("more").await.unwrap_err().kind(), ErrorKind::Canceled);
}

#[tokio::test]
async fn a_signal_ends_it() {
    let (_server, node) = with_shell().await;
    let (input, mut output) = node.debug_container(container()).split();
    input.signal(15).await.unwrap();
    assert!(output.next().await.is_none());
    assert_eq!(output.exit_code(), Some(143));
}

#[tokio::test]
async fn a_reader_and_a_writer_are_connected() {
    let (_server, node) = with_shell().await;
    let mut stdout = Vec::new();
    let (mut ours, theirs) = tokio::io::duplex(64);
    let typing = async move {
        for line in ["one\n", "two\n", "exit\n"] {
            tokio::io::AsyncWriteExt::write_all(&mut ours, line.as_bytes()).await.unwrap();
            // Lines that are typed come one by one.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        std::future::pending::<()>().await
    };
    let session = node.debug_container(container());
    let code = tokio::select! {
        code = session.run(theirs, &mut stdout) => code.unwrap(),
        () = typing => unreachable!(),
    };
    assert_eq!((code, stdout.as_slice()), (3, b"one\ntwo\n".as_slice()));
}

#[tokio::test]
async fn a_container_without_an_exit_code_is_an_error() {
    let (server, node) = server().await;
    server
        .answer("ContainerRun", [Answer::Status(Code::NotFound, "no such image"), Answer::Messages(vec![])]);
    for kind in [ErrorKind::NotFound, ErrorKind::InvalidReply] {
        let (input, mut output) = node.debug_container(container()).split();
        drop(input);
        assert_eq!(output.next().await.unwrap().unwrap_err().kind(), kind);
        assert!(output.next().await.is_none());
        assert_eq!(output.exit_code(), None);
    }
}
