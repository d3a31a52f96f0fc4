//! Turns a panic in a handler into an answer.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use super::super::ApiError;

/// Runs `answer`; a panic in it is a 500 whose cause is the panic's message.
///
/// After a panic the future is dropped and never polled again, so broken state inside it is
/// not seen by anyone.
pub(super) async fn catch<T>(
    answer: impl Future<Output = Result<T, ApiError>>,
) -> Result<T, ApiError> {
    let mut answer = pin!(answer);
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(context)));
        polled.unwrap_or_else(|panic| {
            let message = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            Poll::Ready(Err(ApiError::internal(format!("panic: {message}"))))
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_after_an_await_is_a_500_with_its_message_as_the_cause() {
        let error = catch::<()>(async {
            tokio::task::yield_now().await;
            panic!("no {}", "luck")
        })
        .await
        .unwrap_err();
        assert_eq!(error.status(), 500);
        assert_eq!(error.cause().unwrap().to_string(), "panic: no luck");
    }
}
