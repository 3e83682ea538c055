//! Debug containers. There is nothing to run on a simulated machine, so every one is a small shell of our own.

use futures_util::stream;
use talos_proto::machine::debug_container_run_request::Request;
use talos_proto::machine::debug_container_run_request_spec::Profile;
use talos_proto::machine::debug_container_run_response::Resp;
use talos_proto::machine::{
    DebugContainerRunRequest, DebugContainerRunRequestSpec, DebugContainerRunResponse,
};
use tonic::Status;

use super::{Context, Requests};
use crate::grpc::Answer;
use crate::images::Store;

/// What a process that a signal ends reports.
const SIGNALED: i32 = 128;
/// What a shell reports for a program that it does not have.
const NO_SUCH_PROGRAM: i32 = 127;

pub(super) async fn run(cx: &Context<'_>, mut requests: Requests) -> Result<Answer, Status> {
    let first = requests.request::<DebugContainerRunRequest>().await?;
    let Some(Request::Spec(spec)) = first.and_then(|first| first.request) else {
        return Err(Status::invalid_argument("the first message must be the specification of the container"));
    };
    if !matches!(spec.profile(), Profile::Privileged | Profile::HostNs) {
        return Err(Status::invalid_argument("the profile must be PRIVILEGED or HOST_NS"));
    }
    let store = Store::of_instance(spec.containerd.as_ref())?;
    if !cx.run.images(store, |names| names.contains_key(&spec.image_name)) {
        return Err(Status::not_found(format!("there is no image {:?}", spec.image_name)));
    }
    let (shell, greeting) = Shell::start(&spec, cx.run.node.hostname());
    let state = State { requests, shell, output: greeting, step: Step::Running };
    Ok(Answer::many(stream::unfold(state, next)))
}

struct State {
    requests: Requests,
    shell: Shell,
    output: Vec<u8>,
    step: Step,
}

enum Step {
    Running,
    /// The exit code is sent; the call ends once the caller ends its side.
    Draining,
    Ended,
}

async fn next(mut state: State) -> Option<(Result<DebugContainerRunResponse, Status>, State)> {
    loop {
        let resp = match state.step {
            Step::Ended => return None,
            Step::Draining => {
                while let Ok(Some(_)) = state.requests.next().await {}
                return None;
            }
            Step::Running if !state.output.is_empty() => {
                Resp::StdoutData(std::mem::take(&mut state.output).into())
            }
            Step::Running => match state.shell.exit {
                Some(code) => {
                    state.step = Step::Draining;
                    Resp::ExitCode(code)
                }
                None => {
                    match state.requests.request::<DebugContainerRunRequest>().await {
                        Ok(Some(request)) => {
                            if let Err(status) = state.shell.take(request, &mut state.output) {
                                state.step = Step::Ended;
                                return Some((Err(status), state));
                            }
                        }
                        // The end of the input is the end of the shell.
                        Ok(None) => state.shell.exit = Some(state.shell.last),
                        Err(_) => return None,
                    }
                    continue;
                }
            },
        };
        return Some((Ok(DebugContainerRunResponse { resp: Some(resp) }), state));
    }
}

/// A shell that knows a handful of commands.
struct Shell {
    /// Whether it is `cat` instead, which only gives its input back.
    cat: bool,
    tty: bool,
    hostname: String,
    size: (i32, i32),
    line: Vec<u8>,
    /// The code of the last command.
    last: i32,
    exit: Option<i32>,
    env: Vec<String>,
}

impl Shell {
    fn start(spec: &DebugContainerRunRequestSpec, hostname: String) -> (Self, Vec<u8>) {
        let env = spec.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut output = Vec::new();
        let words: Vec<&str> = spec.args.iter().map(String::as_str).collect();
        let mut shell = Self {
            cat: words == ["cat"],
            tty: spec.tty,
            hostname,
            size: (80, 24),
            line: Vec::new(),
            last: 0,
            exit: None,
            env,
        };
        match words[..] {
            [] | ["sh" | "/bin/sh" | "bash" | "/bin/bash"] => shell.prompt(&mut output),
            ["sh" | "/bin/sh", "-c", script] => {
                for line in script.split([';', '\n']) {
                    let words: Vec<&str> = line.split_whitespace().collect();
                    shell.command(&words, &mut output);
                }
                shell.exit = Some(shell.exit.unwrap_or(shell.last));
            }
            ["cat"] => {}
            _ => {
                shell.command(&words, &mut output);
                shell.exit = Some(shell.exit.unwrap_or(shell.last));
            }
        }
        (shell, output)
    }

    fn take(&mut self, request: DebugContainerRunRequest, output: &mut Vec<u8>) -> Result<(), Status> {
        match request.request {
            Some(Request::StdinData(bytes)) if self.cat => output.extend_from_slice(&bytes),
            Some(Request::StdinData(bytes)) => {
                if self.tty {
                    output.extend_from_slice(&bytes);
                }
                for byte in bytes {
                    match byte {
                        b'\n' | b'\r' => self.end_line(output),
                        byte => self.line.push(byte),
                    }
                }
            }
            Some(Request::Signal(signal)) => self.exit = Some(SIGNALED + signal),
            Some(Request::TermResize(size)) => self.size = (size.width, size.height),
            Some(Request::Spec(_)) | None => {
                return Err(Status::unknown(
                    "the container runs already: only input, signals and sizes may follow",
                ));
            }
        }
        Ok(())
    }

    fn end_line(&mut self, output: &mut Vec<u8>) {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line).into_owned();
        let words: Vec<&str> = line.split_whitespace().collect();
        self.command(&words, output);
        if self.exit.is_none() {
            self.prompt(output);
        }
    }

    fn prompt(&self, output: &mut Vec<u8>) {
        if self.tty {
            output.extend_from_slice(b"/ # ");
        }
    }

    fn command(&mut self, words: &[&str], output: &mut Vec<u8>) {
        let end = if self.tty { "\r\n" } else { "\n" };
        let text = match words {
            [] => return,
            ["exit"] => return self.exit = Some(self.last),
            ["exit", code] => return self.exit = Some(code.parse().unwrap_or(2)),
            ["true"] => return self.last = 0,
            ["false"] => return self.last = 1,
            ["echo", words @ ..] => words.join(" "),
            ["hostname"] => self.hostname.clone(),
            ["env"] => self.env.join(end),
            ["stty", "size"] => format!("{} {}", self.size.1, self.size.0),
            [program, ..] => {
                output.extend_from_slice(format!("sh: {program}: not found{end}").as_bytes());
                return self.last = NO_SUCH_PROGRAM;
            }
        };
        self.last = 0;
        output.extend_from_slice(format!("{text}{end}").as_bytes());
    }
}
