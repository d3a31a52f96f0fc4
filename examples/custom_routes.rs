//! Routes with parameters, JSON and forms, who is asking, and middleware around some of them.
//!
//! Run it with `cargo run --example custom_routes`, then
//! `curl -H 'x-key: open sesame' http://127.0.0.1:8090/api/shop/sum -d '{"numbers":[1,2]}'`.

use haversack::app::{App, BuildError, Next, Request};
use haversack::config::Config;
use haversack::web::{ApiError, FormFile, Reply};
use http::header::{HeaderName, HeaderValue};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

/// The app, on the data folder that `config` names.
pub(crate) fn app(config: Config) -> Result<App, BuildError> {
    App::builder()
        .config(config)
        .middleware("", async |request: Request, next: Next| {
            let reply = next.run(request).await?;
            Ok(reply.with_header(
                HeaderName::from_static("x-served-by"),
                HeaderValue::from_static("custom_routes"),
            ))
        })
        .middleware("/api/shop", async |request: Request, next: Next| {
            if request.header("x-key") != Some("open sesame") {
                return Err(ApiError::unauthorized("The shop needs a key."));
            }
            next.run(request).await
        })
        .route(Method::POST, "/api/shop/sum", sum)
        .route(Method::POST, "/api/shop/upload", upload)
        .route(Method::GET, "/api/whoami/{greeting}", who_am_i)
        .build()
}

#[derive(Deserialize)]
struct Numbers {
    numbers: Vec<f64>,
}

async fn sum(mut request: Request) -> Result<Reply, ApiError> {
    let Numbers { numbers } = request.json().await?;
    Ok(Reply::json(StatusCode::OK, json!({ "sum": numbers.iter().sum::<f64>() })))
}

async fn upload(mut request: Request) -> Result<Reply, ApiError> {
    let (values, files) = request.form().await?;
    let file = |file: &FormFile| json!({ "name": file.file_name, "size": file.bytes.len() });
    let sizes: Vec<_> = files.iter().map(file).collect();
    Ok(Reply::json(StatusCode::OK, json!({ "values": values, "files": sizes })))
}

async fn who_am_i(request: Request) -> Result<Reply, ApiError> {
    let greeting = request.params.get("greeting");
    let caller = request.caller();
    let name = match caller.auth() {
        Some(auth) => format!("{} {}", auth.collection.name, auth.row.as_row().id()),
        None => "guest".to_owned(),
    };
    Ok(Reply::text(StatusCode::OK, format!("{greeting}, {name}")))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let app = app(Config::default())?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8090").await?;
    app.serve(listener, std::future::pending()).await?;
    Ok(app.close()?)
}
