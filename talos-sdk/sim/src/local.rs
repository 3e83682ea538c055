//! Calls that this machine answers itself.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::{Request, Response};
use hyper::body::Incoming;
use talos_pki::{Role, RoleSet};
use tonic::Status;

use crate::api::{self, Context};
use crate::calls::Call;
use crate::faults::Fault;
use crate::grpc::{Answer, MessageStream, Messages, ResponseBody, read_one, refuse, timeout};
use crate::methods::Method;
use crate::server::Connection;

/// What Talos before 1.13 serves in maintenance mode, and whether only administrators may call it.
const EARLY_MAINTENANCE: [(&str, bool); 9] = [
    ("/machine.MachineService/ApplyConfiguration", false),
    ("/machine.MachineService/GenerateConfiguration", false),
    ("/machine.MachineService/Version", true),
    ("/machine.MachineService/Upgrade", true),
    ("/machine.MachineService/Reset", true),
    ("/machine.MachineService/MetaWrite", true),
    ("/machine.MachineService/MetaDelete", true),
    ("/storage.StorageService/Disks", false),
    ("/storage.StorageService/BlockDeviceWipe", false),
];

/// What was sent before a connection is cut gets this much time to leave.
const FLUSH: Duration = Duration::from_millis(20);

/// Answers a call, with the faults that are due.
pub(crate) async fn serve(
    connection: &Arc<Connection>,
    roles: RoleSet,
    request: Request<Incoming>,
) -> Response<ResponseBody> {
    within(timeout(request.headers()), answer(connection, roles, request)).await
}

/// Answers within the time that the caller gives.
pub(crate) async fn within(
    limit: Option<Duration>,
    answer: impl Future<Output = Result<Answer, Status>>,
) -> Response<ResponseBody> {
    let answer = match limit {
        None => answer.await,
        Some(limit) => {
            let deadline = tokio::time::Instant::now() + limit;
            match tokio::time::timeout_at(deadline, answer).await {
                Ok(Ok(Answer::Many(stream))) => Ok(Answer::Many(until(deadline, stream))),
                Ok(answer) => answer,
                Err(_) => Err(late()),
            }
        }
    };
    match answer {
        Ok(answer) => answer.into_response(),
        Err(status) => refuse(&status),
    }
}

fn late() -> Status {
    Status::deadline_exceeded("the caller's deadline has passed")
}

/// A stream that fails once the caller's time is over.
fn until(deadline: tokio::time::Instant, stream: MessageStream) -> MessageStream {
    let state = Some(stream);
    futures_util::stream::unfold(state, move |state| async move {
        let mut stream = state?;
        match tokio::time::timeout_at(deadline, stream.next()).await {
            Ok(next) => Some((next?, Some(stream))),
            Err(_) => Some((Err(late()), None)),
        }
    })
    .boxed()
}

async fn answer(
    connection: &Arc<Connection>,
    roles: RoleSet,
    request: Request<Incoming>,
) -> Result<Answer, Status> {
    let run = &connection.run;
    let world = &run.node.world;
    let path = request.uri().path();
    let unknown = || Status::unimplemented(format!("Talos {} has no method {path}", run.version));
    let method = Method::find(path, run.minor()).ok_or_else(unknown)?;
    world.calls.record(Call {
        path: path.to_owned(),
        node: run.address().into(),
        roles: roles.clone(),
        forwarded: request.headers().contains_key("proxyfrom"),
    });
    authorize(connection, method, &roles)?;
    with_fault(connection, method.path, async {
        let context = Context { run, roles: &roles, method };
        let body = request.into_body();
        match method.client_streaming() {
            true => api::dispatch_stream(&context, Messages::new(body)).await,
            false => api::dispatch(&context, read_one(body).await?).await,
        }
    })
    .await
}

/// Does the work of a call, with the fault that is due.
pub(crate) async fn with_fault(
    connection: &Arc<Connection>,
    path: &'static str,
    work: impl Future<Output = Result<Answer, Status>>,
) -> Result<Answer, Status> {
    let run = &connection.run;
    let world = &run.node.world;
    let fault = world.faults.take_call(path, run.address().into());
    match &fault {
        Some(Fault::Fail(code)) => {
            return Err(Status::new(*code, "the simulator was told to fail this call"));
        }
        Some(Fault::Delay(delay)) => world.clock.sleep(*delay).await,
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::DropConnection) => return cut(connection).await,
        Some(Fault::Restart) => {
            let node = run.node.clone();
            node.power_off();
            node.power_on();
            return cut(connection).await;
        }
        _ => {}
    }
    let answer = work.await;
    match fault {
        Some(Fault::FailAfter(code)) => {
            let failure = Status::new(code, "the simulator was told to fail this call");
            end_with(answer, async { Err(failure) }).await
        }
        Some(Fault::DropConnectionAfter) => {
            let connection = connection.clone();
            end_with(answer, async move {
                tokio::time::sleep(FLUSH).await;
                cut(&connection).await.map(|_| Bytes::new())
            })
            .await
        }
        Some(Fault::CutAfter(bytes)) => Ok(cut_after(connection, answer?, bytes)),
        _ => answer,
    }
}

fn authorize(connection: &Connection, method: &Method, roles: &RoleSet) -> Result<(), Status> {
    let run = &connection.run;
    let denied = || Status::permission_denied("not authorized");
    if run.maintenance() && run.minor() < 13 {
        let admin = roles.contains(Role::Admin);
        let served = EARLY_MAINTENANCE.iter().find(|(path, _)| *path == method.path);
        return match served {
            Some((_, true)) if !admin => Err(denied()),
            Some(_) => Ok(()),
            None if method.path.starts_with("/cosi.") => Ok(()),
            None => Err(Status::unimplemented(format!("{} is not served in maintenance mode", method.path))),
        };
    }
    if method.allows(roles, run.minor()) { Ok(()) } else { Err(denied()) }
}

/// Puts `end` in the place of an answer, and after one that is a stream.
async fn end_with(
    answer: Result<Answer, Status>,
    end: impl Future<Output = Result<Bytes, Status>> + Send + 'static,
) -> Result<Answer, Status> {
    match answer {
        Ok(Answer::Many(stream)) => Ok(Answer::Many(stream.chain(futures_util::stream::once(end)).boxed())),
        _ => end.await.map(Answer::One),
    }
}

/// Ends the connection. The call never returns.
async fn cut(connection: &Connection) -> Result<Answer, Status> {
    connection.cut.notify_one();
    std::future::pending().await
}

/// Lets so many bytes of messages through, and then ends the connection.
fn cut_after(connection: &Arc<Connection>, answer: Answer, bytes: usize) -> Answer {
    let stream = match answer {
        Answer::One(message) => futures_util::stream::once(async { Ok(message) }).boxed(),
        Answer::Many(stream) => stream,
    };
    let connection = connection.clone();
    let state = (stream, bytes, connection);
    Answer::Many(
        futures_util::stream::unfold(state, |(mut stream, left, connection)| async move {
            let next = stream.next().await?;
            let size = next.as_ref().map_or(0, bytes::Bytes::len);
            match left.checked_sub(size) {
                Some(left) => Some((next, (stream, left, connection))),
                None => {
                    tokio::time::sleep(FLUSH).await;
                    connection.cut.notify_one();
                    std::future::pending().await
                }
            }
        })
        .boxed(),
    )
}
