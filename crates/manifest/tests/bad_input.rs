//! Bad input is reported with a message, a position and help, and never panics.

#![allow(clippy::unwrap_used, reason = "test helpers")]

mod common;

use common::results;
use manifest::{MAX_DOCUMENT_BYTES, Problem, Severity, read};
use proptest::prelude::*;

/// The only problem of a source.
fn problem_in(name: &str, bytes: &[u8]) -> Problem {
    let mut problems: Vec<Problem> = read(name, bytes)
        .flat_map(|document| match document {
            Ok(document) => document.objects().filter_map(Result::err).collect(),
            Err(problem) => vec![problem],
        })
        .collect();
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.remove(0)
}

fn assert_problem(source: &str, text: &str, help: &str) {
    let problem = problem_in("app.yaml", source.as_bytes());
    assert_eq!(
        problem.to_string(),
        format!("app.yaml:{text}"),
        "{source:?}"
    );
    assert!(
        problem.help.as_deref().unwrap_or_default().contains(help),
        "{source:?}: {:?}",
        problem.help
    );
    assert_eq!(problem.severity, Severity::Error);
}

#[test]
fn yaml_syntax_errors_have_a_position_and_help() {
    assert_problem(
        "a: b\nc: d: e\n",
        "2:5: not valid YAML: a `key: value` pair is not allowed here",
        "quote a value",
    );
    assert_problem(
        "a:\n  - b\n c: d\n",
        "3:2: not valid YAML: expected a `key: value` pair here",
        "indentation",
    );
    assert_problem(
        "a: @b\n",
        "1:4: not valid YAML: a value cannot start with `@`",
        "quote the value",
    );
    assert_problem(
        "a: `b`\n",
        "1:4: not valid YAML: a value cannot start with a backtick",
        "quote the value",
    );
    assert_problem(
        "a: \"b\n",
        "1:4: not valid YAML: the text ends inside a quoted string",
        "close the quote",
    );
    assert_problem(
        "a: [b, c\n",
        "2:1: not valid YAML: a `[` list is not closed, or a comma is missing",
        "",
    );
    assert_problem(
        "a: *b\n",
        "1:4: not valid YAML: this alias (`*name`) refers to an anchor (`&name`) that the document does not define",
        "quote",
    );
    assert_problem(
        "a: b\nc\n",
        "3:1: not valid YAML: a `:` is missing after this key",
        "",
    );
    assert_problem(
        "  a: 1\nb: 2\n",
        "2:1: not valid YAML: this line does not continue the document above it",
        "indentation",
    );
    assert_problem(
        "a: b\u{7}\n",
        "1:5: the control character U+0007 is not allowed in YAML",
        "escape",
    );
}

#[test]
fn a_tab_in_the_indentation_is_an_error() {
    assert_problem(
        "---\nkind: A\nspec:\n\treplicas: 1\n",
        "4:1: a tab is used for indentation, which YAML forbids",
        "replace the tab with spaces",
    );
}

#[test]
fn a_duplicate_key_is_an_error() {
    assert_problem(
        "---\nkind: A\nspec:\n  x: 1\n  y: 2\n  x: 3\n",
        "6:3: duplicate key `x`, first defined on line 4",
        "",
    );
    assert_problem(
        "yes: 1\n'true': 2\n",
        "2:1: duplicate key `true`, first defined on line 1",
        "",
    );
}

#[test]
fn documents_that_are_not_objects_are_errors() {
    assert_problem(
        "# c\na: 1\n",
        "2: this object has no `apiVersion`",
        "`apiVersion` and `kind`",
    );
    assert_problem("apiVersion: v1\n", "1: this object has no `kind`", "");
    assert_problem(
        "apiVersion: v1\nkind: yes\n",
        "2: `kind` must be a non-empty string, not `true`",
        "quote it",
    );
    assert_problem(
        "apiVersion: 1\nkind: A\n",
        "1: `apiVersion` must be a non-empty string, not `1`",
        "",
    );
    assert_problem("just text\n", "1: this is text, not an object", "mapping");
    assert_problem(
        "- apiVersion: v1\n  kind: A\n",
        "1: this is a list, not an object",
        "`---`",
    );
    assert_problem(
        "- op: add\n  path: /a\n",
        "1: this is a list of JSON patch operations, not an object",
        "kustomize",
    );
    assert_problem(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
        "1: this is a kustomization, not an object",
        "kubectl kustomize",
    );
}

#[test]
fn files_of_kustomize_and_helm_are_errors() {
    for (name, message, help) in [
        (
            "apps/kustomization.yaml",
            "this is a kustomization, not an object",
            "kubectl kustomize",
        ),
        (
            "chart/Chart.yaml",
            "this is the metadata of a Helm chart, not an object",
            "helm template",
        ),
        (
            "values.yaml",
            "this is a Helm values file, not an object",
            "helm template",
        ),
        (
            "apps/operator-values.yaml",
            "this is a Helm values file, not an object",
            "helm template",
        ),
    ] {
        let problem = problem_in(name, b"resources: [a.yaml]\n");
        assert_eq!(problem.message, message);
        assert!(problem.help.unwrap().contains(help));
    }
    // With `apiVersion` or `kind`, the file is an incomplete manifest.
    let problem = problem_in("values-for-app.yaml", b"apiVersion: v1\n");
    assert_eq!(problem.message, "this object has no `kind`");
    // A complete manifest is a manifest whatever its name.
    assert_eq!(
        read("values.yaml", b"apiVersion: v1\nkind: A\n")
            .flat_map(|it| it.unwrap().objects())
            .filter(Result::is_ok)
            .count(),
        1
    );
}

#[test]
fn the_help_names_templates_and_placeholders_as_the_cause() {
    for source in [
        "kind: {{ .Values.kind }}\n",
        "{{- if .Values.on }}\nkind: A\n{{- end }}\n",
        "kind: A\n{{ include \"x\" . }}\n",
    ] {
        let help = problem_in("app.yaml", source.as_bytes()).help.unwrap();
        assert!(help.contains("Helm template"), "{source:?}: {help}");
    }
    let help = problem_in("app.yaml", b"---\nkind: A\nspec:\n  x: [${LIST}\n")
        .help
        .unwrap();
    assert!(help.contains("`${LIST}` on line 4 is unresolved"), "{help}");
}

#[test]
fn binary_files_are_errors() {
    let problem = problem_in("a.yaml", b"kind: A\n\0\x01\x02");
    assert_eq!(
        problem.to_string(),
        "a.yaml:2: this is a binary file, not YAML: it contains a NUL byte"
    );
    let problem = problem_in("a.yaml", b"kind: A\nx: \xff\n---\n");
    assert_eq!(
        problem.to_string(),
        "a.yaml:2: this is not UTF-8 text: it contains the invalid byte 0xFF"
    );
    let problem = problem_in("a.yaml", b"\xff\xfek\0i\0");
    assert_eq!(
        problem.to_string(),
        "a.yaml: this is UTF-16 text, not UTF-8"
    );
    assert!(problem.help.unwrap().contains("UTF-8"));
}

#[test]
fn a_document_that_is_too_large_for_the_api_server_is_an_error() {
    let text = "x".repeat(MAX_DOCUMENT_BYTES);
    let source =
        format!("apiVersion: v1\nkind: A\n---\nkind: B\nx: {text}\n---\napiVersion: v1\nkind: C\n");
    let found = results(&source);
    let kinds: Vec<_> = found
        .iter()
        .flatten()
        .map(|it| it.kind().to_owned())
        .collect();
    assert_eq!(kinds, ["A", "C"]);
    let problem = found[1].as_ref().unwrap_err();
    assert_eq!(problem.line, Some(4));
    assert!(problem.message.contains("3.0 MiB"), "{problem}");
    assert!(problem.message.contains("bytes"), "{problem}");
}

#[test]
fn alias_bombs_are_errors() {
    let bomb = |first: &str, next: &dyn Fn(usize) -> String| {
        let mut source = format!("apiVersion: v1\nkind: A\nx0: &x0 {first}\n");
        for level in 1..40 {
            source += &format!("x{level}: &x{level} {}\n", next(level - 1));
        }
        source
    };
    let ten = |level: usize| vec![format!("*x{level}"); 10].join(", ");
    for source in [
        bomb("[a, a, a]", &|level| format!("[{}]", ten(level))),
        bomb("{a: b}", &|level| format!("{{k: [{}]}}", ten(level))),
        bomb("{a: b}", &|level| {
            format!("{{<<: [{}], k{level}: 1}}", ten(level))
        }),
        bomb("{apiVersion: v1, kind: A}", &|level| {
            format!("{{apiVersion: v1, kind: List, items: [{}]}}", ten(level))
        }) + "items: [*x39]\n---\n",
    ] {
        let problem = problem_in("a.yaml", source.as_bytes());
        assert!(problem.message.contains("expand too far"), "{problem}");
        assert!(problem.line.is_some());
    }
    let text = "t".repeat(100_000);
    let source = format!(
        "apiVersion: v1\nkind: A\nx: &x {text}\nl: [{}]\n",
        vec!["*x"; 90].join(", ")
    );
    let problem = problem_in("a.yaml", source.as_bytes());
    assert!(problem.message.contains("expand beyond 3 MiB"), "{problem}");
}

#[test]
fn a_bomb_of_aliased_lists_is_one_problem() {
    let mut source = String::from("x0: &x0 {apiVersion: v1, kind: A}\n");
    for level in 1..30 {
        let items = vec![format!("*x{}", level - 1); 10].join(", ");
        source +=
            &format!("x{level}: &x{level} {{apiVersion: v1, kind: List, items: [{items}]}}\n");
    }
    source += "apiVersion: v1\nkind: List\nitems: [*x29]\n";
    let found = results(&source);
    assert!(found.len() < 10_000, "{}", found.len());
    let problems: Vec<_> = found.into_iter().filter_map(Result::err).collect();
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].message.contains("expand too far"),
        "{}",
        problems[0]
    );
}

#[test]
fn the_nesting_depth_is_limited() {
    for opening in [
        "[", "{", "- ", "? ", "a: [", "{\"a\":", "[{a: ", "!t [", "&a [",
    ] {
        let problem = problem_in("a.yaml", opening.repeat(100_000).as_bytes());
        assert!(
            problem.message.contains("nest") || problem.message.starts_with("not valid YAML"),
            "{opening}: {problem}"
        );
    }
    let blocks: String = (0..2000)
        .map(|depth| format!("{}a:\n", " ".repeat(depth)))
        .collect();
    assert!(
        problem_in("a.yaml", blocks.as_bytes())
            .message
            .contains("nested more than 100 levels deep")
    );
}

const VALID: &str = "\
# A claim.
apiVersion: v1
kind: PersistentVolumeClaim
metadata: &m
  name: \"home\" # é
  labels: {a: 'b', c: [1, 2.5, ~]}
spec:
  <<: *m
  script: |-
    x
     y
  folded: >
    a
    b
---
{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [{\"a\": \"\\u00e9\"}]}
";

/// Calls everything that reads or edits the source.
fn read_all(bytes: &[u8]) {
    for document in read("a.yaml", bytes).flatten() {
        let _ = (document.value(), document.line(), document.line_of("/a"));
        for object in document.objects().flatten() {
            let _ = (object.hint("/kind"), object.line_near("/spec/script/0"));
            let patch =
                serde_json::json!([{"op": "add", "path": "/metadata", "value": {"x": "y"}}]);
            let patch: json_patch::Patch = serde_json::from_value(patch).unwrap();
            let _ = object.edit(&patch.0);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        read_all(&bytes);
    }

    #[test]
    fn any_text_does_not_panic(text in "[a-c:\\-?\\[\\]{},&*!|>'\"%@`#~<. \t\r\n0é\u{2028}\u{feff}]{0,80}") {
        read_all(text.as_bytes());
        let _ = manifest::placeholders(&text);
    }

    #[test]
    fn mutated_documents_do_not_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4), 1..6)
    ) {
        const BYTES: &[u8] = b"\n\t :-?[]{},&*!|>'\"%@`#~<.=\r\0\xff$";
        let mut bytes = VALID.as_bytes().to_vec();
        for (position, other, kind) in changes {
            let at = position.index(bytes.len());
            match kind {
                0 => { bytes.remove(at); }
                1 => bytes.insert(at, BYTES[other.index(BYTES.len())]),
                2 => bytes[at] = BYTES[other.index(BYTES.len())],
                _ => {
                    let end = other.index(bytes.len());
                    let part = bytes[at.min(end)..at.max(end)].to_vec();
                    bytes.splice(at..at, part);
                }
            }
        }
        read_all(&bytes);
    }
}
