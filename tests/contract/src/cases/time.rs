//! Clocks.

use std::time::{Duration, SystemTime};

use talos_pki::Role;
use talos_proto::time::{Time, TimeRequest};
use tonic::Code;

use crate::case::{Case, Target, case};
use crate::check::{ask, ensure, refused, same, some};
use crate::failure::Verdict;

pub(super) fn cases() -> Vec<Case> {
    let (time, check) = ("TimeService/Time", "TimeService/TimeCheck");
    vec![
        case(
            "time/of-the-configured-server",
            time,
            |env| async move { plausible(&ask!(env, time.time(()))) },
        )
        .go("call time.TimeService/Time {}", Code::Ok, 1),
        case("time/names-the-server", time, |env| async move {
            let server = ask!(env, time.time(())).server;
            ensure(!server.is_empty(), "the name of the time server", server)
        }),
        case("time/of-another-server", check, |env| async move {
            let request = TimeRequest { server: "time.cloudflare.com".to_owned() };
            let time = ask!(env, time.time_check(request));
            same(time.server.as_str(), "time.cloudflare.com")?;
            plausible(&time)
        })
        .go("call time.TimeService/TimeCheck {\"server\":\"time.cloudflare.com\"}", Code::Ok, 1),
        case("time/of-no-server", check, |env| async move {
            refused(env.node()?.raw().time().time_check(TimeRequest::default()).await, Code::Unknown)
        })
        .go("call time.TimeService/TimeCheck {}", Code::Unknown, 0),
        case("time/of-a-worker", time, |env| async move { plausible(&ask!(env, time.time(()))) })
            .on(Target::Worker)
            .go("call time.TimeService/Time {}", Code::Ok, 1),
        case("time/as-reader", time, |env| async move { plausible(&ask!(env, time.time(()))) })
            .role_of(Role::Reader)
            .go("call time.TimeService/Time {}", Code::Ok, 1),
    ]
}

fn plausible(time: &Time) -> Verdict {
    let local = some(time.localtime, "the time of the machine")?;
    let remote = some(time.remotetime, "the time of the server")?;
    ensure((local.seconds - remote.seconds).abs() < 3600, "two times that fit", (local, remote))?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let local = Duration::from_secs(u64::try_from(local.seconds).unwrap_or_default());
    let apart = now.abs_diff(local);
    ensure(apart < Duration::from_secs(3600), "a clock that is right to the hour", apart)
}
