//! The Ingress class.

use admission::Node;
use ingress2route::Class;
use serde_json::{Value, json};

fn classes(ingress: &Value) -> (Vec<String>, bool) {
    let text = ingress.to_string();
    let object = Node::parse(&text).unwrap().object().unwrap();
    let class = Class::read(&object).unwrap();
    let names = class.names().map(str::to_owned).collect();
    (names, class.is_contradictory())
}

fn annotation(class: &str) -> Value {
    json!({"annotations": {"kubernetes.io/ingress.class": class}})
}

#[test]
fn the_class_is_read_from_field_and_annotation() {
    let field = json!({"ingressClassName": "nginx"});
    for (ingress, expected, contradicts) in [
        (json!({"spec": field}), vec!["nginx"], false),
        (json!({"metadata": annotation("alb")}), vec!["alb"], false),
        (
            json!({"metadata": annotation("nginx"), "spec": field}),
            vec!["nginx"],
            false,
        ),
        (
            json!({"metadata": annotation("alb"), "spec": field}),
            vec!["nginx", "alb"],
            true,
        ),
        (
            json!({"metadata": annotation(""), "spec": field}),
            vec!["nginx", ""],
            true,
        ),
        (json!({}), vec![], false),
        (
            json!({"metadata": null, "spec": {"ingressClassName": null}}),
            vec![],
            false,
        ),
    ] {
        let (names, contradictory) = classes(&ingress);
        assert_eq!(names, expected, "{ingress}");
        assert_eq!(contradictory, contradicts, "{ingress}");
    }
}

#[test]
fn a_class_that_is_not_a_string_is_an_error() {
    let text = r#"{"spec": {"ingressClassName": 5}}"#;
    let object = Node::parse(text).unwrap().object().unwrap();
    let error = Class::read(&object).unwrap_err().to_string();
    assert_eq!(
        error,
        "spec.ingressClassName must be a string, not the number 5"
    );
}
