//! The rules of the house as tables. To change a rule, change the table here and the page it comes from
//! (docs/ARCHITECTURE.md, the style guide) in one change. `check.rs` holds them.

pub const FILE_LINES_WANTED: usize = 300;
pub const FILE_LINES_REFUSED: usize = 800;
pub const FUNCTION_LINES_REFUSED: usize = 70;

/// Functions that may be longer: path, name, reason. An entry that is no longer needed is a violation itself.
pub const LONG_FUNCTIONS: &[(&str, &str, &str)] = &[];

/// Files directly under `src` that wire the floors together and may import anything.
pub const FREE: &[&str] = &["main", "lib", "config", "telemetry"];

/// Crates that only some floors may name. What the table below does not list for a floor is refused there.
pub const GUARDED_CRATES: &[&str] = &[
    "entity",
    "migration",
    "sea_orm",
    "sea_orm_migration",
    "sea_query",
    "sqlx",
    "rusqlite",
    "axum",
    "tower",
    "tower_http",
    "async_graphql",
    "async_graphql_axum",
    "clap",
    "indicatif",
    "reqwest",
    "jsonwebtoken",
    "mimalloc",
    "figment",
    "metrics_exporter_prometheus",
    "tracing_subscriber",
];

/// All that the pure floor may name.
pub const DOMAIN_CRATES: &[&str] =
    &["std", "core", "alloc", "rust_decimal", "chrono", "chrono_tz", "serde", "thiserror", "num_bigint", "num_integer", "num_traits"];

/// What the ledger itself may name of the pure floor: it does not know what a token is.
pub const JOURNAL_MODULES: &[&str] = &["money", "ids", "period", "chart", "rejection", "journal"];

#[derive(Debug, PartialEq, Eq)]
pub struct Floor {
    pub name: &'static str,
    /// Top modules of this crate.
    pub modules: &'static [&'static str],
    /// Of the guarded crates.
    pub crates: &'static [&'static str],
    pub advice: &'static str,
}

pub const FLOORS: &[Floor] = &[
    Floor {
        name: "domain",
        modules: &["domain"],
        crates: &[],
        advice: "the pure floor computes from its arguments: take the value as a parameter, or move this code up",
    },
    Floor {
        name: "import",
        modules: &["domain", "import"],
        crates: &[],
        advice: "a codec turns bytes into domain values: let app open the file, call the codec, and store the result",
    },
    Floor {
        name: "export",
        modules: &["domain", "export"],
        crates: &[],
        advice: "a codec turns domain values into bytes: let app load the values and pass the writer",
    },
    Floor {
        name: "store",
        modules: &["domain", "store"],
        crates: &["entity", "migration", "sea_orm", "sea_orm_migration", "sea_query", "sqlx", "rusqlite"],
        advice: "the store reads and writes rows and decides nothing: pass it domain values, and call it from app",
    },
    Floor {
        name: "app",
        modules: &["domain", "import", "export", "store", "app", "config", "telemetry"],
        crates: &["jsonwebtoken", "reqwest"],
        advice: "a use case speaks domain types: rows stay behind a store function, the wire format in an adapter",
    },
    Floor { name: "graphql", modules: &["domain", "app", "graphql", "config", "telemetry"], crates: &["async_graphql"], advice: ADAPTER },
    Floor {
        name: "http",
        modules: &["domain", "app", "http", "graphql", "web", "config", "telemetry"],
        crates: &["axum", "tower", "tower_http", "async_graphql", "async_graphql_axum", "metrics_exporter_prometheus"],
        advice: ADAPTER,
    },
    Floor {
        name: "web",
        modules: &["domain", "app", "web", "config", "telemetry"],
        crates: &["axum", "tower", "tower_http"],
        advice: ADAPTER,
    },
    Floor { name: "jobs", modules: &["domain", "app", "jobs", "config", "telemetry"], crates: &[], advice: ADAPTER },
    Floor {
        name: "cli",
        modules: &["domain", "app", "cli", "http", "jobs", "config", "telemetry"],
        crates: &["clap", "indicatif"],
        advice: ADAPTER,
    },
];

pub const ADAPTER: &str = "an adapter authorises, parses, calls one use case in app, and maps: put the rest into app or store";

/// Single paths that a floor may name beyond the table: floor, path prefix, reason.
pub const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("cli", "crate::graphql::sdl", "`tallybook schema` prints the SDL"),
    ("cli", "crate::graphql::schema", "`tallybook serve` builds the schema and hands it to http"),
];

/// Token sequences that a floor refuses: floors, sequence, what to do instead.
pub const REFUSED: &[(&[&str], &str, &str)] = &[
    (&["domain"], "async", "nothing here waits: move the code to app"),
    (&["domain"], "await", "nothing here waits: move the code to app"),
    (&["domain"], "Utc :: now", "take the time as a parameter; app::clock produces it"),
    (&["domain"], "Local :: now", "take the time as a parameter; app::clock produces it"),
    (&["domain"], "SystemTime", "take the time as a parameter; app::clock produces it"),
    (&["domain"], "Instant", "take the duration as a parameter; app::clock measures it"),
    (&["domain"], "std :: fs", "no I/O on the pure floor: take bytes or a reader's result as a parameter"),
    (&["domain"], "std :: io", "no I/O on the pure floor: read and write in import, export or app"),
    (&["domain"], "std :: net", "no I/O on the pure floor: move the code to app"),
    (&["domain"], "std :: env", "settings are parameters: config.rs reads them"),
    (&["domain"], "std :: process", "no processes on the pure floor"),
    (&["domain"], "std :: thread", "no threads on the pure floor"),
    (&["domain"], "println !", "the pure floor prints nothing: return the value"),
    (&["domain"], "eprintln !", "the pure floor prints nothing: return the value"),
    (&["import", "export"], "File :: open", "take a reader as a parameter; app opens the file"),
    (&["import", "export"], "File :: create", "take a writer as a parameter; app opens the file"),
    (&["import", "export"], "OpenOptions", "take a reader or writer as a parameter; app opens the file"),
    (&["import", "export"], "fs", "take a reader or writer as a parameter; app opens the file"),
    (&["import", "export"], "TcpStream", "take a reader or writer as a parameter; the adapter owns the socket"),
    (&["import", "export"], "UnixStream", "take a reader or writer as a parameter; the adapter owns the socket"),
    (&["domain", "store", "app"], "f32", FLOAT),
    (&["domain", "store", "app"], "f64", FLOAT),
    (&["entity"], "Serialize", "entities have no wire format: map to a domain or adapter type"),
    (&["entity"], "Deserialize", "entities have no wire format: map to a domain or adapter type"),
    (&["entity"], "SimpleObject", "entities have no wire format: map to a GraphQL type in src/graphql"),
    (&[], "todo !", "finish it, or refuse with a coded error"),
    (&[], "unimplemented !", "finish it, or refuse with a coded error"),
    (&[], "dbg !", "remove it, or use tracing"),
];

pub const FLOAT: &str = "use Money, Decimal or an integer; a statistic says #[expect(clippy::disallowed_types, reason = \"..\")]";

/// Refused in tests as well.
pub const REFUSED_IN_TESTS: &[(&str, &str)] = &[
    ("# [ ignore", "make the test run, or remove it: nobody runs an ignored test"),
    ("# [ should_panic", "return an error and compare it: a panic may come from anywhere"),
];

/// Words that no comment may hold. Only comments: XXX is also the currency code for "no currency".
pub const REFUSED_IN_COMMENTS: &[&str] = &["FIXME", "XXX"];

/// Crates that a member of the workspace must not name: member, crates, what to do instead.
pub const MEMBERS: &[(&str, &[&str], &str)] = &[
    ("entity", &["serde", "serde_json", "async_graphql", "tallybook", "migration"], "an entity is columns and newtypes only"),
    ("migration", &["entity", "tallybook"], "a migration is frozen, entities move on: write out the names it creates"),
];
