//! Tamper evidence.

use async_graphql::{Context, Error, Object};

use crate::app::App;
use crate::app::integrity as app;
use crate::domain::rejection::Rejection;
use crate::graphql::error::{OrFailure, actor};
use crate::graphql::scalars::BigInt;
use crate::graphql::types::integrity::{ConsistencyProof, InclusionProof, Integrity};

#[derive(Default)]
pub struct IntegrityQueries;

fn optional(number: Option<BigInt>, field: &'static str) -> Result<Option<i64>, Rejection> {
    number.map(|number| number.to_i64(field)).transpose()
}

#[Object]
impl IntegrityQueries {
    /// The tree over the journal, with the latest checkpoint. Keep checkpoints outside of this database: they are what later proofs lead to.
    #[graphql(complexity = 20)]
    async fn integrity(&self, ctx: &Context<'_>) -> Result<Integrity, Error> {
        let answer = app::integrity(ctx.data::<App>()?, actor(ctx)?).await.or_failure(ctx)?;
        Ok(answer.into())
    }

    /// The proof that an entry is in the tree of `treeSize` entries, or of all. Not for tokens limited to cost centers.
    #[graphql(complexity = 100)]
    async fn inclusion_proof(&self, ctx: &Context<'_>, entry: BigInt, tree_size: Option<BigInt>) -> Result<InclusionProof, Error> {
        let (entry, size) = (entry.to_i64("entry").or_failure(ctx)?, optional(tree_size, "treeSize").or_failure(ctx)?);
        let answer = app::prove_inclusion(ctx.data::<App>()?, actor(ctx)?, entry, size).await.or_failure(ctx)?;
        Ok(answer.into())
    }

    /// The proof that the tree of `to` entries, or of all, begins with the tree of `from`. Not for tokens limited to cost centers.
    #[graphql(complexity = 100)]
    async fn consistency_proof(&self, ctx: &Context<'_>, from: BigInt, to: Option<BigInt>) -> Result<ConsistencyProof, Error> {
        let (from, to) = (from.to_i64("from").or_failure(ctx)?, optional(to, "to").or_failure(ctx)?);
        let answer = app::prove_consistency(ctx.data::<App>()?, actor(ctx)?, from, to).await.or_failure(ctx)?;
        Ok(answer.into())
    }
}
