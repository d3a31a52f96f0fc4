//! Turns a panic in a handler into an answer.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;

use super::super::ApiError;

/// Runs `answer`; a panic in it is a 500 whose cause is the panic's message.
///
/// After a panic the future is dropped and never polled again, so broken state inside it is
/// not seen by anyone.
pub(super) async fn catch<T>(
    mut answer: Pin<&mut impl Future<Output = Result<T, ApiError>>>,
) -> Result<T, ApiError> {
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
    use std::pin::pin;

    use super::*;

    #[tokio::test]
    async fn a_panic_after_an_await_is_a_500_with_its_message_as_the_cause() {
        let answer = pin!(async {
            tokio::task::yield_now().await;
            panic!("no {}", "luck")
        });
        let error = catch::<()>(answer).await.unwrap_err();
        assert_eq!(error.status(), 500);
        assert_eq!(error.cause().unwrap().to_string(), "panic: no luck");
    }
}
