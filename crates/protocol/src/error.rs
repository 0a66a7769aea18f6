//! The error body, the same in REST answers and frames.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tertulia_domain::error::{Code, Refusal, Retry};
use ts_rs::TS;

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct ErrorBody {
    pub code: Code,
    /// For developers; not for translation.
    pub message: String,
    pub retry: Retry,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<ErrorDetails>,
    /// Names this request in the server's log; absent in frames.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct ErrorDetails {
    /// The field that `INVALID_FIELD` is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The bound that was hit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// `{ "error": … }`: the whole body of a refused REST request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct ErrorAnswer {
    pub error: ErrorBody,
}

impl From<Refusal> for ErrorBody {
    fn from(refusal: Refusal) -> Self {
        let details =
            (refusal.field.is_some() || refusal.limit.is_some()).then_some(ErrorDetails { field: refusal.field, limit: refusal.limit });
        Self {
            code: refusal.code,
            message: refusal.message,
            retry: refusal.code.retry(),
            retry_after_ms: refusal.retry_after_ms,
            details,
            request_id: None,
        }
    }
}
