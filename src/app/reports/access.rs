//! What every read use case begins with: the actor's books and masters, and which rows a limited token sees.

use std::sync::Arc;

use crate::app::auth::{Actor, Permission};
use crate::app::masters::Masters;
use crate::app::{App, AppError, Books};
use crate::domain::chart::{CenterKind, CostCenter};
use crate::domain::ids::{BooksId, NameId};
use crate::store::Store;
use crate::store::journal::Visible;

/// A permitted read of one set of books.
pub(in crate::app) struct Access<'a> {
    pub store: &'a Store,
    pub books: Arc<Books>,
    pub masters: Arc<Masters>,
    /// `None` sees every row.
    pub visible: Option<Visible>,
}

impl<'a> Access<'a> {
    /// # Errors
    /// [`AppError::Forbidden`], [`AppError::NotFound`] for the books, or a database failure.
    pub async fn to(app: &'a App, actor: &Actor, permission: Permission) -> Result<Self, AppError> {
        if !actor.may(permission) {
            return Err(AppError::Forbidden(permission));
        }
        let store = app.store();
        let books = app.books(actor).await?;
        let masters = books.refresh_masters(store).await?;
        let visible = actor.scope.as_ref().map(|scope| {
            let ids = |kind, codes: &std::collections::BTreeSet<String>| -> Vec<NameId> {
                codes.iter().filter_map(|code| masters.center_by_code(kind, code)).map(|center| center.id).collect()
            };
            Visible {
                teams: ids(CenterKind::Team, &scope.teams),
                projects: ids(CenterKind::Project, &scope.projects),
                clients: ids(CenterKind::Client, &scope.clients),
            }
        });
        Ok(Self { store, books, masters, visible })
    }

    /// A cost center of a visible row. A limited reader is not told of a parent that it does not see.
    pub fn center(&self, id: NameId) -> Option<CostCenter> {
        let mut center = self.masters.center_by_id(id).cloned()?;
        if let (Some(visible), Some(parent)) = (&self.visible, &center.parent) {
            let parent_id = self.masters.center_by_code(center.kind, parent).map(|parent| parent.id);
            let seen = match center.kind {
                CenterKind::Team => &visible.teams,
                CenterKind::Project => &visible.projects,
                CenterKind::Client => &visible.clients,
            };
            if !parent_id.is_some_and(|id| seen.contains(&id)) {
                center.parent = None;
            }
        }
        Some(center)
    }

    pub fn books_id(&self) -> BooksId {
        self.books.id()
    }
}
