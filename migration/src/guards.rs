//! Guards that several migrations put on their tables. A migration names the table; the text never changes once released.

pub const SQLITE_IMMUTABLE: &str = "
CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT, '{table} rows are never changed: post a correction'); END;
CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, '{table} rows are never deleted: post a reversal'); END;
";

pub const POSTGRES_IMMUTABLE: &str = "
CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
";
