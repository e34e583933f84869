//! Files that are generated and read by people: they change only on purpose, with `UPDATE=1`.

use std::path::Path;

use tallybook::domain::rejection::Code;

/// Compares a file of the repository with what is generated now; `UPDATE=1` rewrites it.
pub fn compare(path: &str, generated: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE").is_some_and(|update| update == "1") {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, generated).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    if let Some(line) = (0..).zip(generated.lines().zip(kept.lines())).find(|(_, (now, then))| now != then) {
        let (number, (now, then)) = line;
        panic!(
            "{path} differs from line {}:\n  now  {now}\n  then {then}\nWhen the change is meant, run the tests with UPDATE=1.",
            number + 1
        );
    }
    assert!(generated == kept, "{path} has another length than what is generated. When the change is meant, run the tests with UPDATE=1.");
}

#[test]
fn the_schema_is_what_the_code_generates() {
    compare("schema/tallybook.graphql", &tallybook::graphql::sdl());
}

#[test]
fn the_list_of_errors_is_what_the_code_says() {
    compare("docs/ERRORS.md", &errors());
}

fn errors() -> String {
    let mut text = String::from(
        "# Refusals\n\n\
         Written from `src/domain/rejection.rs` by `UPDATE=1 scripts/test --test it golden`; do not edit.\n\n\
         A refusal has a stable code, the path of the field and a sentence for people. GraphQL gives it in `userErrors` or, for queries, in\n\
         `extensions.code`; `POST /v1/charges` gives it in the receipt of the line. Codes are only added, never removed or renamed. The hundreds\n\
         digit is the stage: 1 structural, 2 idempotency, 3 context, 4 references, 5 limits.\n\n\
         | No. | Code | What to do |\n| --- | --- | --- |\n",
    );
    for code in Code::ALL {
        text.push_str(&format!("| {} | `{}` | {} |\n", code.number(), code.as_str(), code.help()));
    }
    text
}
