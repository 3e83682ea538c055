//! What cases say of answers.

use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

use futures_util::TryStreamExt;
use talos_proto::common::Data;
use tonic::{Code, Response, Status, Streaming};

use crate::failure::{Failure, Refusal, Verdict};

/// It is so.
pub(crate) fn ensure(holds: bool, expected: &str, got: impl Debug) -> Verdict {
    if holds { Ok(()) } else { Err(Failure::wrong(expected, shorten(format!("{got:?}")))) }
}

/// Both are the same.
pub(crate) fn same<G: Debug + PartialEq<W>, W: Debug>(got: G, want: W) -> Verdict {
    if got == want {
        Ok(())
    } else {
        Err(Failure::wrong(shorten(format!("{want:?}")), shorten(format!("{got:?}"))))
    }
}

/// The server refuses with this code.
pub(crate) fn refused<T: Debug, E: Refusal>(answer: Result<T, E>, want: Code) -> Verdict {
    refused_with_one_of(answer, &[want])
}

/// The server refuses with one of these codes.
pub(crate) fn refused_with_one_of<T: Debug, E: Refusal>(answer: Result<T, E>, want: &[Code]) -> Verdict {
    let expected = format!(
        "a refusal with {}",
        want.iter().map(|code| format!("{code:?}")).collect::<Vec<_>>().join(" or ")
    );
    match answer {
        Ok(answer) => Err(Failure::wrong(expected, format!("the answer {}", shorten(format!("{answer:?}"))))),
        Err(error) if error.code().is_some_and(|code| want.contains(&code)) => Ok(()),
        Err(error) => Err(Failure::Wrong { expected, got: error.text(), code: error.code() }),
    }
}

/// The first of what the server sent.
pub(crate) fn first<T>(items: impl IntoIterator<Item = T>) -> Result<T, Failure> {
    items.into_iter().next().ok_or_else(|| Failure::wrong("at least one item", "none"))
}

/// What is there.
pub(crate) fn some<T>(value: Option<T>, what: &str) -> Result<T, Failure> {
    value.ok_or_else(|| Failure::wrong(what, "nothing"))
}

/// As long as a case waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Asks until the answer is there.
pub(crate) async fn eventually<T, F>(what: &str, mut ask: impl FnMut() -> F) -> Result<T, Failure>
where
    F: Future<Output = Option<T>>,
{
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking)
        .await
        .map_err(|_| Failure::wrong(what, format!("nothing like it within {PATIENCE:?}")))
}

/// Waits for what must come.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> Result<T, Failure> {
    tokio::time::timeout(PATIENCE, future)
        .await
        .map_err(|_| Failure::wrong(what, format!("nothing like it within {PATIENCE:?}")))
}

fn shorten(text: String) -> String {
    const LIMIT: usize = 400;
    match text.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}

/// All messages of a stream that ends.
pub(crate) async fn collect<T>(
    call: impl Future<Output = Result<Response<Streaming<T>>, Status>>,
) -> Result<Vec<T>, Status> {
    call.await?.into_inner().try_collect().await
}

/// All bytes of a stream that ends.
pub(crate) async fn collect_bytes(
    call: impl Future<Output = Result<Response<Streaming<Data>>, Status>>,
) -> Result<Vec<u8>, Status> {
    Ok(collect(call).await?.into_iter().flat_map(|piece| piece.bytes).collect())
}

/// The one message of the reply of a unary call, which is wrapped in a list.
macro_rules! ask {
    ($env:ident, $service:ident.$method:ident($request:expr)) => {
        $crate::check::first($env.node()?.raw().$service().$method($request).await?.into_inner().messages)?
    };
}
pub(crate) use ask;
