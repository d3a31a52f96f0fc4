//! A server with one route of its own beside the whole API and the dashboard.
//!
//! Run it with `cargo run --example hello`, then open <http://127.0.0.1:8090/api/hello/world>.

use haversack::app::App;
use haversack::web::Reply;
use http::{Method, StatusCode};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let app = App::builder()
        .route(Method::GET, "/api/hello/{name}", async |request| {
            let greeting = format!("hello {}", request.params.get("name"));
            Ok(Reply::json(StatusCode::OK, greeting.into()))
        })
        .build()?;
    let listener = TcpListener::bind("127.0.0.1:8090").await?;
    let interrupted = async {
        // Without the signal there is no way to stop, which is better than stopping at once.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    app.serve(listener, interrupted).await?;
    Ok(app.close()?)
}
