//! A client's messages as the body of an answer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::time::{Instant, Sleep, sleep_until};

use super::wire::push_message;
use super::{BoxError, BoxFuture, State};
use crate::access::Caller;
use crate::hooks::{Event, RealtimeMessage, Rejection};
use crate::ops::hooked::LiveData;
use crate::realtime::{Client, Delivery, Ending, Message};

/// How long a stream may last, however much happens on it.
const AGE_MAX: Duration = Duration::from_mins(30);

/// A client's messages. The client is forgotten when this is dropped.
pub(super) struct EventStream {
    state: Arc<State>,
    client: Arc<Client>,
    with_sequence: bool,
    /// What is to be written before anything else.
    first: Option<Message>,
    /// The moment without a message that ends the stream.
    timer: Pin<Box<Sleep>>,
    ends_at: Instant,
    catching_up: Option<BoxFuture<'static, ()>>,
    /// Messages that hooks are being asked about.
    asking: Option<BoxFuture<'static, Vec<Message>>>,
    has_ended: bool,
}

impl EventStream {
    /// The stream of `client`, which begins with `first`.
    pub(super) fn new(
        state: Arc<State>,
        client: Arc<Client>,
        first: Message,
        with_sequence: bool,
    ) -> Self {
        let ends_at = Instant::now() + AGE_MAX;
        Self {
            state,
            client,
            with_sequence,
            first: Some(first),
            timer: Box::pin(sleep_until(ends_at)),
            ends_at,
            catching_up: None,
            asking: None,
            has_ended: false,
        }
    }

    fn frame(&mut self, messages: &[Message]) -> Frame<Bytes> {
        let bytes = messages.iter().map(|message| message.data.len() + 160).sum();
        let mut out = Vec::with_capacity(bytes);
        for message in messages {
            push_message(&mut out, self.client.id(), message, self.with_sequence);
        }
        let quiet_until = Instant::now() + self.state.live.load().stream_idle_timeout;
        self.timer.as_mut().reset(quiet_until.min(self.ends_at));
        Frame::data(out.into())
    }

    /// Asks hooks about `messages`, on a thread that may block, and returns those that they let through.
    fn ask(&self, messages: Vec<Message>) -> BoxFuture<'static, Vec<Message>> {
        let (state, client) = (self.state.clone(), self.client.clone());
        Box::pin(async move {
            let backend = state.backend.clone();
            let asked = move || {
                let data = LiveData::new(Arc::clone(&backend), Arc::new(Caller::system()));
                let chain = &backend.hooks().realtime.message;
                let ask = |message: &Message| {
                    let mut event = Event::new(payload(client.id(), message), &data);
                    Ok(chain.ask(&mut event)?.then(|| changed(message, event.payload)))
                };
                let let_through = |message: Message| {
                    ask(&message).unwrap_or_else(|error: Rejection| {
                        tracing::warn!(%error, "a hook refused a message of a stream");
                        None
                    })
                };
                messages.into_iter().filter_map(let_through).collect()
            };
            state.blocking.run(asked).await
        })
    }

    /// Reads what the client missed, on a thread that may block.
    fn catch_up(&self, after: u64) -> BoxFuture<'static, ()> {
        let (state, client) = (self.state.clone(), self.client.clone());
        let feed = self.state.realtime.clone();
        Box::pin(async move {
            let done =
                state.blocking.run(move || feed.catch_up(&client, after).map_err(|e| (e, client)));
            if let Err((error, client)) = done.await {
                tracing::error!(%error, "cannot read what a client missed");
                client.end(Ending::Closing);
            }
        })
    }
}

impl Body for EventStream {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        let heeds_hooks = self.state.backend.hooks().realtime.message.is_used();
        if let Some(first) = self.first.take() {
            if heeds_hooks {
                self.asking = Some(self.ask(vec![first]));
            } else {
                return Poll::Ready(Some(Ok(self.frame(&[first]))));
            }
        }
        loop {
            if let Some(asking) = &mut self.asking {
                let Poll::Ready(messages) = asking.as_mut().poll(context) else {
                    return Poll::Pending;
                };
                self.asking = None;
                if !messages.is_empty() {
                    return Poll::Ready(Some(Ok(self.frame(&messages))));
                }
            }
            if let Some(catching_up) = &mut self.catching_up {
                match catching_up.as_mut().poll(context) {
                    Poll::Ready(()) => self.catching_up = None,
                    Poll::Pending => return Poll::Pending,
                }
            }
            match self.client.poll(context) {
                Poll::Ready(Delivery::Messages(messages)) if heeds_hooks => {
                    self.asking = Some(self.ask(messages));
                }
                Poll::Ready(Delivery::Messages(messages)) => {
                    return Poll::Ready(Some(Ok(self.frame(&messages))));
                }
                Poll::Ready(Delivery::CatchUp(after)) => {
                    self.catching_up = Some(self.catch_up(after));
                }
                Poll::Ready(Delivery::End(ending)) => {
                    self.has_ended = true;
                    return Poll::Ready(farewell(ending).map(|last| Ok(self.frame(&[last]))));
                }
                Poll::Pending => {
                    return self.timer.as_mut().poll(context).map(|()| {
                        self.has_ended = true;
                        None
                    });
                }
            }
        }
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.state.realtime.hub().disconnect(&self.client);
    }
}

/// A message as hooks see it.
fn payload(client_id: &str, message: &Message) -> RealtimeMessage {
    RealtimeMessage {
        client_id: client_id.to_owned(),
        topic: (*message.topic).to_owned(),
        data: String::from_utf8_lossy(&message.data).into_owned(),
    }
}

/// `message` as hooks left it. Line breaks would end a line of the stream.
fn changed(message: &Message, left: RealtimeMessage) -> Message {
    let data = left.data.replace(['\r', '\n'], " ").into_bytes().into();
    Message { topic: left.topic.into(), data, sequence: message.sequence }
}

/// What a client is told at the end.
fn farewell(ending: Ending) -> Option<Message> {
    match ending {
        Ending::Closing => None,
        Ending::TooSlow => Some(Message {
            topic: "REALTIME_TOO_SLOW".into(),
            data: Arc::from(&br#"{"message":"The client reads slower than events happen."}"#[..]),
            sequence: None,
        }),
    }
}
