//! The whole of it inside somebody else's hyper server, which answers `/hello` itself.
//!
//! Run it with `cargo run --example mounted`, then open <http://127.0.0.1:8090/hello> and
//! <http://127.0.0.1:8090/api/health>.

use std::convert::Infallible;

use haversack::app::{App, BuildError};
use haversack::config::Config;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpListener;

type Body = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// The app, on the data folder that `config` names.
pub(crate) fn app(config: Config) -> Result<App, BuildError> {
    App::builder().config(config).build()
}

/// Accepts connections for ever.
pub(crate) async fn serve(app: App, listener: TcpListener) -> std::io::Result<()> {
    // Mail, sweeps and scheduled work go on for as long as this lives.
    let _running = app.start()?;
    loop {
        let (stream, remote) = listener.accept().await?;
        let service = app.service(remote.ip());
        let answer = service_fn(move |request: Request<Incoming>| {
            let service = service.clone();
            async move {
                let response: Response<Body> = if request.uri().path() == "/hello" {
                    let hello = Full::new(Bytes::from("hello from outside\n"));
                    Response::new(hello.map_err(|never| match never {}).boxed_unsync())
                } else {
                    service.answer(request).await.map(BodyExt::boxed_unsync)
                };
                Ok::<_, Infallible>(response)
            }
        });
        tokio::spawn(async move {
            let io = TokioIo::new(stream);
            // Errors are clients that go away.
            let _ = Builder::new(TokioExecutor::new()).serve_connection(io, answer).await;
        });
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let app = app(Config::default())?;
    serve(app, TcpListener::bind("127.0.0.1:8090").await?).await?;
    Ok(())
}
