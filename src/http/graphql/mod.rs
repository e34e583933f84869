//! `/graphql`: GraphQL over HTTP (specification draft of 2025), hardened.
//!
//! Order: form of the answer, token, form of the request, limits of the document, execution. What exceeds a limit is never executed.
//! Introspection needs a token like everything else. Does not keep persisted queries, batches or subscriptions.

mod answer;
mod documents;
pub(super) mod limits;
pub(super) mod request;
mod selected;
mod tokens;

use std::future::Future;

use async_graphql::http::GraphiQLSource;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationType};
use axum::extract::{Extension, RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::HttpState;
use super::authenticate::authenticate;
use super::negotiation::AnswerType;
use super::observe::RequestId;
use super::problem::Problem;
use crate::app::auth::Actor;
pub(super) use documents::Documents;
use request::GraphqlRequest;

/// Queries by GET, for caches and links; the GraphiQL page for a browser.
pub(super) async fn get_graphql(
    State(state): State<HttpState>,
    Extension(request_id): Extension<RequestId>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let answer_type = match AnswerType::of(&headers, true) {
        Some(AnswerType::Html) => return graphiql(),
        Some(answer_type) => answer_type,
        None => return not_acceptable().into_response(),
    };
    let answered = async {
        let actor = authenticate(&state, &headers, &request_id).await?;
        let request = GraphqlRequest::from_query_string(query.as_deref().unwrap_or_default())?;
        execute(&state, actor, &request_id, request, Method::Get, answer_type).await
    };
    finish(answered, answer_type).await
}

/// Queries and mutations by POST.
pub(super) async fn post_graphql(
    State(state): State<HttpState>,
    Extension(request_id): Extension<RequestId>,
    request: Request,
) -> Response {
    let Some(answer_type) = AnswerType::of(request.headers(), false) else {
        return not_acceptable().into_response();
    };
    let answered = async {
        let actor = authenticate(&state, request.headers(), &request_id).await?;
        let request = GraphqlRequest::from_body(request, &state.config).await?;
        execute(&state, actor, &request_id, request, Method::Post, answer_type).await
    };
    finish(answered, answer_type).await
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Get,
    Post,
}

async fn finish(answered: impl Future<Output = Result<Response, Problem>>, answer_type: AnswerType) -> Response {
    answered.await.unwrap_or_else(|mut problem| {
        // Under the new media type only an executed request is a success.
        if problem.status.is_success() && answer_type == AnswerType::GraphqlResponse {
            problem.status = StatusCode::BAD_REQUEST;
        }
        problem.with_content_type(answer_type.content_type()).into_response()
    })
}

async fn execute(
    state: &HttpState,
    actor: Actor,
    request_id: &RequestId,
    request: GraphqlRequest,
    method: Method,
    answer_type: AnswerType,
) -> Result<Response, Problem> {
    let mut document = match state.documents.read(&request.query, &state.config.graphql) {
        Ok(document) => document,
        Err(refusal) => return Ok(answer::refused_document(&refusal, answer_type)),
    };
    let kind = operation_kind(&document, request.operation_name.as_deref());
    if method == Method::Get && kind != OperationType::Query {
        let message = "GET executes queries only, so that no link can change the books: send mutations by POST";
        return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message)
            .with_header(header::ALLOW, HeaderValue::from_static("POST")));
    }
    selected::select_operation(&mut document, request.operation_name.as_deref());
    let mut executable = async_graphql::Request::new(request.query)
        .variables(request.variables)
        .data(actor)
        .data(crate::graphql::RequestId(request_id.as_str().to_owned()));
    executable.operation_name = request.operation_name;
    executable.set_parsed_query(document);
    match tokio::time::timeout(state.config.request_timeout, state.schema.execute(executable)).await {
        Ok(response) => Ok(answer::of_execution(response, request_id, answer_type)),
        Err(_) => Err(timed_out(kind)),
    }
}

/// What would be executed; anything but a query as soon as one of the candidates is. A name that no operation has is
/// refused by the execution.
fn operation_kind(document: &ExecutableDocument, operation_name: Option<&str>) -> OperationType {
    match (&document.operations, operation_name) {
        (DocumentOperations::Multiple(operations), Some(name)) => {
            operations.get(name).map_or(OperationType::Query, |operation| operation.node.ty)
        }
        (operations, _) => operations
            .iter()
            .map(|(_, operation)| operation.node.ty)
            .find(|kind| *kind != OperationType::Query)
            .unwrap_or(OperationType::Query),
    }
}

fn timed_out(kind: OperationType) -> Problem {
    let message = match kind {
        OperationType::Mutation => {
            "the mutation took too long to wait for; what it had handed to the journal may still be recorded: send it again with the same idempotency key, and the answer says whether it was"
        }
        _ => "the query took too long: narrow its range, or ask for fewer fields or smaller pages",
    };
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "TIMEOUT", message).with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
}

fn not_acceptable() -> Problem {
    let message = "answers come as application/json or application/graphql-response+json; name one of them in `accept`";
    Problem::new(StatusCode::NOT_ACCEPTABLE, "NOT_ACCEPTABLE", message)
}

/// The library's page. It loads its scripts from a public CDN and holds no data; queries from it need a token like any
/// other, so its headers editor is opened with the place for one.
fn graphiql() -> Response {
    // The page gives no way to set the editor's first text, but the component takes it as a property.
    let page = GraphiQLSource::build().endpoint("/graphql").title("Tallybook GraphiQL").finish().replacen(
        "defaultEditorToolsVisibility: true,",
        "defaultEditorToolsVisibility: 'headers', isHeadersEditorEnabled: true, shouldPersistHeaders: false, defaultHeaders: '{\\n  \"Authorization\": \"Bearer PASTE-A-TOKEN-HERE\"\\n}',",
        1,
    );
    let headers = [
        (header::CONTENT_TYPE, AnswerType::Html.content_type()),
        // The answers' policy would keep the page's scripts out.
        (header::CONTENT_SECURITY_POLICY, "frame-ancestors 'none'"),
        (header::VARY, "accept"),
    ];
    (headers, page).into_response()
}
