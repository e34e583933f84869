//! What happens around every request: its loader is made, and every error gets a code.

use std::any::TypeId;
use std::sync::Arc;

use async_graphql::async_trait::async_trait;
use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextPrepareRequest, NextRequest};
use async_graphql::{Request, Response, ServerError, ServerResult};

use super::loaders::request_loader;
use crate::app::App;
use crate::app::auth::Actor;

/// Makes the extension for each request.
pub struct PerRequest {
    app: App,
}

impl PerRequest {
    pub fn new(app: App) -> Self {
        Self { app }
    }
}

impl ExtensionFactory for PerRequest {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self { app: self.app.clone() })
    }
}

#[async_trait]
impl Extension for PerRequest {
    async fn prepare_request(
        &self,
        ctx: &ExtensionContext<'_>,
        mut request: Request,
        next: NextPrepareRequest<'_>,
    ) -> ServerResult<Request> {
        let actor = request.data.get(&TypeId::of::<Actor>()).and_then(|data| data.downcast_ref::<Actor>()).cloned();
        if let Some(actor) = actor {
            request = request.data(request_loader(&self.app, &actor));
        }
        next.run(ctx, request).await
    }

    async fn request(&self, ctx: &ExtensionContext<'_>, next: NextRequest<'_>) -> Response {
        let mut response = next.run(ctx).await;
        response.errors.iter_mut().for_each(code_error);
        response
    }
}

/// Errors of our own resolvers have a code. What is left was refused by the GraphQL layer: a request beyond the limits, or a document or
/// a value that does not fit the schema.
fn code_error(error: &mut ServerError) {
    let extensions = error.extensions.get_or_insert_default();
    if extensions.get("code").is_some() {
        return;
    }
    let limit = match error.message.as_str() {
        "Query is too complex." => Some(
            "the request asks for too much at once: lower `first` or select fewer fields; `limits { complexity }` says how much it may hold",
        ),
        "Query is nested too deep." => {
            Some("the request is nested too deep: select fewer levels; `limits { depth }` says how many it may have")
        }
        _ => None,
    };
    extensions.set("code", if limit.is_some() { "COMPLEXITY_LIMIT" } else { "BAD_USER_INPUT" });
    if let Some(limit) = limit {
        limit.clone_into(&mut error.message);
    }
}
