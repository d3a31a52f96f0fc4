//! Jobs that run by themselves, and when they are asked to.

use serde_json::json;

use crate::harness::Server;

#[test]
fn the_jobs_of_the_server_are_listed_and_can_be_started() {
    let server = Server::start();
    let root = server.superuser();
    let jobs = root.get("/api/crons").expect(200);
    let jobs = jobs.as_array().expect("a list");
    for (id, expression) in [
        ("__pbDBOptimize__", "0 0 * * *"),
        ("__pbMFACleanup__", "0 * * * *"),
        ("__pbOTPCleanup__", "0 * * * *"),
    ] {
        assert!(jobs.contains(&json!({ "id": id, "expression": expression })), "{jobs:?}");
        root.post(&format!("/api/crons/{id}"), &json!({})).expect(204);
    }
    let missing = root.post("/api/crons/nope", &json!({})).expect(404);
    assert_eq!(missing["message"], "Missing or invalid cron job.");
    server.guest().get("/api/crons").expect_error(401);
    server.guest().post("/api/crons/__pbMFACleanup__", &json!({})).expect_error(401);
}
