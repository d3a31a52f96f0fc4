//! How a call waits for its promises.

use std::time::Duration;

use rquickjs::prelude::Ctx;
use rquickjs::{Error, Function, Promise, Result, Value};

use super::clock::Clock;
use super::engine::machine;
use super::scene::{self, Waited};

/// Runs what is to be run until the promise is settled: first what other promises cause, then timers
/// that are due and what errands came to. Returns the text that it was settled with.
///
/// # Errors
/// [`Error::WouldBlock`] when nothing is left that could settle it; [`Error::Unknown`] when the time is up.
pub(super) fn settle(ctx: &Ctx<'_>, promise: &Promise<'_>, clock: &Clock) -> Result<String> {
    loop {
        run_jobs(ctx, clock)?;
        if let Some(outcome) = promise.result::<Value<'_>>() {
            return outcome.map(text_of);
        }
        match turn(ctx) {
            Ok(0.0) => {}
            Ok(left) => {
                let timer = (left > 0.0).then(|| Duration::from_secs_f64(left / 1000.0));
                match scene::wait(clock, timer) {
                    Waited::InVain => return Err(Error::WouldBlock),
                    Waited::Enough => {}
                    Waited::Outcome(number, text) => {
                        let answer: Function<'_> = machine(ctx)?.get("answer")?;
                        answer.call::<_, ()>((number, text))?;
                    }
                }
            }
            // What a timer throws has nobody else to go to.
            Err(Error::Exception) if !clock.is_over() => {
                let thrown = ctx.catch();
                return machine(ctx)?.get::<_, Function<'_>>("failure")?.call((thrown,));
            }
            Err(error) => return Err(error),
        }
    }
}

/// Runs what settled promises cause, until nothing is left.
pub(super) fn run_jobs(ctx: &Ctx<'_>, clock: &Clock) -> Result<()> {
    loop {
        if clock.is_over() {
            return Err(Error::Unknown);
        }
        if !ctx.execute_pending_job() {
            return Ok(());
        }
    }
}

/// Runs a timer that is due: 0 then, else milliseconds until one is, or a negative number.
fn turn(ctx: &Ctx<'_>) -> Result<f64> {
    machine(ctx)?.get::<_, Function<'_>>("turn")?.call(())
}

fn text_of(value: Value<'_>) -> String {
    value.as_string().and_then(|text| text.to_string().ok()).unwrap_or_default()
}
