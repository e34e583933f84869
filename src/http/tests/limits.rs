use crate::http::config::GraphqlLimits;
use crate::http::graphql::limits::read_document;

fn code(document: &str) -> &'static str {
    read_document(document, &GraphqlLimits::default()).map_or_else(|refusal| refusal.code, |_| "OK")
}

fn repeat(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(" ")
}

#[test]
fn aliases_are_counted_through_fragments() {
    let thirty = repeat(30, |n| format!("a{n}: name"));
    assert_eq!(code(&format!("{{ thing {{ {thirty} }} }}")), "OK");
    assert_eq!(code(&format!("{{ thing {{ {thirty} one: name }} }}")), "ALIAS_LIMIT");
    let eleven = repeat(11, |n| format!("a{n}: name"));
    let three_times = format!("{{ thing {{ ...F ...F thing {{ ... on Thing {{ ...F }} }} }} }} fragment F on Thing {{ {eleven} }}");
    assert_eq!(code(&three_times), "ALIAS_LIMIT");
}

#[test]
fn root_fields_are_counted_through_fragments() {
    let twenty = repeat(20, |n| format!("f{n}"));
    assert_eq!(code(&format!("{{ {twenty} }}")), "OK");
    assert_eq!(code(&format!("{{ {twenty} more }}")), "ROOT_FIELD_LIMIT");
    assert_eq!(code(&format!("{{ ...F ... {{ more }} }} fragment F on Query {{ {twenty} }}")), "ROOT_FIELD_LIMIT");
    assert_eq!(code(&format!("{{ thing {{ {twenty} {twenty} }} }}")), "OK");
}

#[test]
fn directives_are_counted_wherever_they_stand() {
    let six = "@a ".repeat(6);
    for document in [
        format!("{{ name {six} }}"),
        format!("query {six} {{ name }}"),
        format!("{{ ... {six} {{ name }} }}"),
        "{ ...F ...F } fragment F on Query { name @a @b @c }".to_owned(),
    ] {
        assert_eq!(code(&document), "DIRECTIVE_LIMIT", "{document}");
    }
    assert_eq!(code(&format!("{{ name {} }}", "@a ".repeat(5))), "OK");
}

#[test]
fn depth_is_that_of_fields() {
    let nested = |levels: usize| format!("{}{}", "{ t ".repeat(levels), "}".repeat(levels));
    assert_eq!(code(&nested(16)), "OK");
    assert_eq!(code(&nested(17)), "DEPTH_LIMIT");
    assert_eq!(
        code("{ a { b { c { ...F } } } } fragment F on T { d { e { f { g { h { i { j { k { l { m { n { o { p { q }}}}}}}}}}}}} }"),
        "DEPTH_LIMIT"
    );
    assert_eq!(code(&nested(600)), "DEPTH_LIMIT");
    assert_eq!(code(&format!("{{ a(x: {}{}) }}", "[".repeat(80), "]".repeat(80))), "DEPTH_LIMIT");
}

#[test]
fn tokens_are_counted_before_parsing() {
    assert_eq!(code(&format!("{{ {} }}", "a ".repeat(1_999))), "TOKEN_LIMIT");
    assert_eq!(code(&format!("{{ a(x: \"{}\") }}", "word ".repeat(10_000))), "OK");
    assert_eq!(code(&format!("{{ a(x: \"\"\"{} \\\"\"\" \" \"\"\") }}", "word ".repeat(10_000))), "OK");
    assert_eq!(code(&format!("{{ a # {}\n }}", "word ".repeat(10_000))), "OK");
    assert_eq!(code("{ a(x: \""), "GRAPHQL_PARSE_FAILED");
    assert_eq!(code(""), "GRAPHQL_PARSE_FAILED");
    assert_eq!(code("{"), "GRAPHQL_PARSE_FAILED");
}

#[test]
fn fragments_that_double_themselves_or_go_in_circles_are_refused() {
    let doubling = repeat(40, |n| format!("fragment F{n} on T {{ ...F{0} ...F{0} }}", n + 1));
    assert_eq!(code(&format!("{{ t {{ ...F0 }} }} {doubling} fragment F40 on T {{ name }}")), "COMPLEXITY_LIMIT");
    let circle = "{ t { ...A } } fragment A on T { ...B } fragment B on T { t { ...A } }";
    let refusal = read_document(circle, &GraphqlLimits::default()).unwrap_err();
    assert_eq!((refusal.code, refusal.location.is_some()), ("GRAPHQL_VALIDATION_FAILED", true));
    assert_eq!(code("{ name } fragment A on T { ...A }"), "OK", "the schema's validation refuses what is not used");
    assert_eq!(code("{ ...Missing }"), "OK", "the schema's validation names it better");
}

#[test]
fn every_operation_of_the_document_is_held_against_the_limits() {
    let thirty_one = repeat(31, |n| format!("a{n}: name"));
    assert_eq!(code(&format!("query A {{ name }} query B {{ thing {{ {thirty_one} }} }}")), "ALIAS_LIMIT");
}

#[test]
fn the_standard_introspection_passes_and_circles_do_not() {
    let of_type = |levels: usize| format!("{}{}", "ofType { name ".repeat(levels), "}".repeat(levels));
    let standard = format!(
        "query IntrospectionQuery {{ __schema {{ queryType {{ name }} types {{ ...Full }} directives {{ name locations args {{ ...Input }} }} }} }}
         fragment Full on __Type {{ kind name fields(includeDeprecated: true) {{ name args {{ ...Input }} type {{ ...Ref }} isDeprecated }}
           inputFields {{ ...Input }} interfaces {{ ...Ref }} enumValues {{ name }} possibleTypes {{ ...Ref }} }}
         fragment Input on __InputValue {{ name type {{ ...Ref }} defaultValue }}
         fragment Ref on __Type {{ kind name {} }}",
        of_type(9)
    );
    assert_eq!(code(&standard), "OK");
    let circle = "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }";
    assert_eq!(code(circle), "DEPTH_LIMIT");
    assert_eq!(code("{ a { fields { fields { fields { fields { name } } } } } }"), "OK", "only introspection has these lists");
}
