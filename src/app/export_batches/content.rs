//! What a batch is frozen by: a canonical text of its lines, and its hash.

use serde_json::json;

use crate::app::integrity::sha256;
use crate::app::masters::Masters;
use crate::domain::export_batch::{Target, document_number};
use crate::domain::ids::NameId;
use crate::export::erp;
use crate::store::StoreError;
use crate::store::export_batch::{BatchRow, LineRow};

/// SHA-256 over the batch's name and its lines, each as one line of JSON.
pub(in crate::app) fn content_hash(masters: &Masters, batch: &BatchRow, lines: &[LineRow]) -> Result<String, StoreError> {
    let head = json!(["tallybook export batch 1", batch.target, batch.external_number, batch.period.to_string(), batch.through_entry.0]);
    let mut text = format!("{head}\n");
    for row in lines {
        let named = named(masters, row)?;
        let names: Vec<Option<String>> = named.dimensions.into_iter().map(|dimension| dimension.1).collect();
        let line = json!([row.line, row.document, named.account, names, row.key.0.code(), row.minor]);
        text.push_str(&format!("{line}\n"));
    }
    Ok(sha256(text.as_bytes()).to_string())
}

/// A line with its codes spelled out.
pub(super) fn named(masters: &Masters, row: &LineRow) -> Result<erp::Line, StoreError> {
    let block = row.key.1;
    let account = masters.account_by_id(block.account).map(|account| account.code.clone());
    let center = |id: NameId| masters.center_by_id(id).map(|center| center.code.clone());
    let name = Target::dimension_name;
    let codes = [
        center(block.team),
        center(block.project),
        center(block.client),
        row.feature.clone(),
        row.provider.clone(),
        row.model.clone(),
        row.environment.clone(),
    ];
    Ok(erp::Line {
        line: row.line,
        account: account.ok_or_else(|| StoreError::corrupt("a line of a batch names an account that is not in the chart"))?,
        dimensions: Target::DIMENSIONS.into_iter().map(name).zip(codes).collect(),
        minor: row.minor,
    })
}

/// The batch as its format writes it.
pub(super) fn written(masters: &Masters, batch: &BatchRow, target: &Target, rows: &[LineRow]) -> Result<erp::Batch, StoreError> {
    let count = rows.last().and_then(|row| usize::try_from(row.document).ok()).unwrap_or(0);
    let mut documents: Vec<erp::Document> = Vec::new();
    for row in rows {
        let position = usize::try_from(row.document).unwrap_or(0);
        if documents.len() < position {
            let number = document_number(&batch.external_number, position, count);
            documents.push(erp::Document { number, currency: row.key.0, lines: Vec::new() });
        }
        if let Some(document) = documents.last_mut() {
            document.lines.push(named(masters, row)?);
        }
    }
    Ok(erp::Batch { number: batch.external_number.clone(), period: batch.period, target: target.clone(), documents })
}
