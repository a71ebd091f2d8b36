//! `matchConditions`: CEL expressions that a request must meet before the API server calls a policy.
//!
//! Follows the API server (k8s.io/apiserver, `pkg/admission/plugin/webhook/matchconditions/matcher.go` and
//! `pkg/admission/plugin/cel/compile.go`). The crate `cel` has no type checker and not all of Kubernetes'
//! functions. What it cannot evaluate is an error, so that no policy is skipped by mistake.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use admission::is_dns_subdomain;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, operators};
use cel::common::types::{CelBool, CelString};
use cel::parser::PrattParser;
use cel::{Context, Env, ExecutionError, IdedExpr};
use kubewarden::MatchCondition;
use regex_lite::Regex;
use serde_json::Value;

/// The compiled `matchConditions` of a policy.
pub(crate) struct Conditions {
    env: Arc<Env>,
    /// Names and expressions.
    conditions: Vec<(String, IdedExpr)>,
}

/// The API server's limit (kubernetes, `pkg/apis/admissionregistration/validation/validation.go`,
/// `validateMatchConditions`).
const MAX_CONDITIONS: usize = 64;

/// The variables of an expression. A webhook's `namespaceObject` is always null.
const VARIABLES: &[&str] = &["object", "oldObject", "request", "namespaceObject"];

/// The types that an expression can name.
const TYPES: &[&str] = &[
    "bool",
    "bytes",
    "double",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "type",
    "uint",
];

/// The functions that both Kubernetes and the crate `cel` have. Macros, such as `has`, are expanded before.
const FUNCTIONS: &[&str] = &[
    "bool",
    "bytes",
    "charAt",
    "contains",
    "double",
    "dyn",
    "endsWith",
    "format",
    "hasValue",
    "indexOf",
    "int",
    "join",
    "lastIndexOf",
    "lowerAscii",
    "matches",
    "optional.none",
    "optional.of",
    "optional.ofNonZeroValue",
    "or",
    "orValue",
    "replace",
    "size",
    "split",
    "startsWith",
    "string",
    "strings.quote",
    "substring",
    "trim",
    "type",
    "uint",
    "upperAscii",
    "value",
];

/// The functions and operators that return a Boolean.
const PREDICATES: &[&str] = &[
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER,
    operators::GREATER_EQUALS,
    operators::LESS,
    operators::LESS_EQUALS,
    operators::IN,
    "bool",
    "contains",
    "endsWith",
    "hasValue",
    "matches",
    "startsWith",
];

/// The fields of `request` and of its members (`BuildRequestType`). They are declared, so the API server
/// rejects others.
const REQUEST_FIELDS: &[(&str, &[&str])] = &[
    (
        "request",
        &[
            "kind",
            "resource",
            "subResource",
            "requestKind",
            "requestResource",
            "requestSubResource",
            "name",
            "namespace",
            "operation",
            "userInfo",
            "dryRun",
            "options",
        ],
    ),
    ("request.kind", KIND),
    ("request.requestKind", KIND),
    ("request.resource", RESOURCE),
    ("request.requestResource", RESOURCE),
    ("request.userInfo", &["username", "uid", "groups", "extra"]),
];
const KIND: &[&str] = &["group", "version", "kind"];
const RESOURCE: &[&str] = &["group", "version", "resource"];

/// The longest error that is shown in full. Some errors of `cel` contain whole objects.
const MAX_ERROR_LENGTH: usize = 200;

impl Conditions {
    /// Compiles the conditions of a policy.
    ///
    /// # Errors
    /// Returns an error if the API server rejects a condition, or if it needs what only a cluster has.
    pub(crate) fn compile(conditions: &[MatchCondition]) -> Result<Self, String> {
        if conditions.len() > MAX_CONDITIONS {
            let count = conditions.len();
            return Err(format!(
                "matchConditions: {count} conditions; use at most {MAX_CONDITIONS}"
            ));
        }
        let mut names = HashSet::new();
        let mut compiled = Vec::new();
        for (index, MatchCondition { name, expression }) in conditions.iter().enumerate() {
            let field = |field: &str, problem: &str| {
                Err(format!("matchConditions[{index}].{field}: {problem}"))
            };
            if name.is_empty() {
                return field("name", "is not set");
            }
            if !is_qualified_name(name) {
                let problem = format!(
                    "`{name}` is not a name: use letters, digits, `-`, `_` and `.`, at most 63 characters"
                );
                return field("name", &problem);
            }
            if !names.insert(name) {
                return field("name", &format!("`{name}` is not unique"));
            }
            let expression = expression.trim();
            if expression.is_empty() {
                return field("expression", "is not set");
            }
            let expression = parse(expression).map_err(|error| in_condition(name, &error))?;
            compiled.push((name.clone(), expression));
        }
        Ok(Self {
            env: Arc::new(environment().map_err(|error| format!("matchConditions: {error}"))?),
            conditions: compiled,
        })
    }

    /// Whether `request`, the `request` field of an AdmissionReview, meets all conditions.
    ///
    /// # Errors
    /// Returns an error if a condition cannot be evaluated and no other condition is false.
    pub(crate) fn match_request(&self, request: &Value) -> Result<bool, String> {
        let mut context = Context::with_env(Arc::clone(&self.env));
        let mut fields = request.as_object().cloned().unwrap_or_default();
        for name in ["object", "oldObject"] {
            let object = fields.remove(name).unwrap_or_default();
            context.add_variable_from_value(name, to_cel(&object));
        }
        context.add_variable_from_value("request", to_cel(&Value::Object(fields)));
        context.add_variable_from_value("namespaceObject", cel::Value::Null);
        let mut errors = Vec::new();
        for (name, expression) in &self.conditions {
            match cel::Value::resolve(expression, &context) {
                Ok(cel::Value::Bool(true)) => {}
                Ok(cel::Value::Bool(false)) => return Ok(false),
                Ok(other) => {
                    let problem = format!("returned {}, not a Boolean", other.type_of());
                    errors.push(in_condition(name, &problem));
                }
                Err(error) => errors.push(in_condition(name, &describe(&error))),
            }
        }
        match errors.is_empty() {
            true => Ok(true),
            false => Err(errors.join("; ")),
        }
    }
}

fn in_condition(name: &str, problem: &str) -> String {
    format!("matchConditions `{name}`: {problem}")
}

/// Whether `name` is a qualified name: an optional DNS subdomain and `/`, then the name (apimachinery,
/// `pkg/util/validation/validation.go`, `IsQualifiedName`).
fn is_qualified_name(name: &str) -> bool {
    let (prefix, name) = match name.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, name),
    };
    let alphanumeric = |it: Option<char>| it.is_some_and(|it| it.is_ascii_alphanumeric());
    let allowed = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    prefix.is_none_or(is_dns_subdomain)
        && name.len() <= 63
        && alphanumeric(name.chars().next())
        && alphanumeric(name.chars().next_back())
        && name.chars().all(allowed)
}

/// Returns the environment of expressions.
fn environment() -> Result<Env, cel::DeclarationError> {
    let mut env = Env::stdlib();
    env.add_extension(cel::extensions::strings)?;
    cel::add_overload!(env, fn matches: (CelString, CelString) -> Result<CelBool>, id = "matches")?;
    cel::add_member_overload!(env, fn matches: (CelString, CelString) -> Result<CelBool>)?;
    Ok(env)
}

/// The function `matches`, with a regex engine that the policies already use. Like RE2, it takes linear time
/// and its classes such as `\w` are ASCII.
fn matches(text: &CelString<'_>, pattern: &CelString<'_>) -> Result<CelBool, ExecutionError> {
    let regex = Regex::new(pattern.inner());
    let regex = regex.map_err(|error| ExecutionError::function_error("matches", error))?;
    Ok(CelBool::from(regex.is_match(text.inner())))
}

/// Parses and checks an expression.
fn parse(expression: &str) -> Result<IdedExpr, String> {
    let parser = PrattParser::new().enable_optional_syntax(true);
    let expression = parser.parse(expression).map_err(|errors| {
        let first = errors.errors.first();
        first.map_or_else(String::new, |error| {
            let (line, column) = error.pos;
            format!("line {line}, column {column}: {}", error.msg)
        })
    })?;
    check(&expression, &mut Vec::new())?;
    match returns_boolean(&expression) {
        true => Ok(expression),
        false => Err("must return a Boolean; compare the value, for example with `== true`".into()),
    }
}

/// Checks that an expression only uses what the environment has. `scope` lists the variables of the macros
/// around it.
fn check<'e>(expression: &'e IdedExpr, scope: &mut Vec<&'e str>) -> Result<(), String> {
    match &expression.expr {
        Expr::Ident(name) => check_identifier(name, scope),
        Expr::Select(select) => {
            check_request_field(&select.operand, &select.field, scope)?;
            check(&select.operand, scope)
        }
        Expr::Call(call) => check_call(call, scope),
        Expr::List(list) => list.elements.iter().try_for_each(|it| check(it, scope)),
        Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
            EntryExpr::MapEntry(entry) => {
                check(&entry.key, scope)?;
                check(&entry.value, scope)
            }
            EntryExpr::StructField(field) => check(&field.value, scope),
        }),
        Expr::Comprehension(comprehension) => check_comprehension(comprehension, scope),
        Expr::Struct(message) => Err(format!("type `{}` is not supported", message.type_name)),
        Expr::Literal(_) | Expr::Unspecified => Ok(()),
    }
}

fn check_identifier(name: &str, scope: &[&str]) -> Result<(), String> {
    if scope.contains(&name) || VARIABLES.contains(&name) || TYPES.contains(&name) {
        return Ok(());
    }
    Err(match name {
        "authorizer" => {
            "`authorizer` asks the API server, so it is not supported offline".to_owned()
        }
        _ => format!("undeclared reference to `{name}`"),
    })
}

fn check_call<'e>(call: &'e CallExpr, scope: &mut Vec<&'e str>) -> Result<(), String> {
    if let (operators::OPT_SELECT, [operand, field]) = (call.func_name.as_str(), &*call.args)
        && let Expr::Literal(LiteralValue::String(field)) = &field.expr
    {
        check_request_field(operand, field.inner(), scope)?;
    }
    let mut name = call.func_name.clone();
    if let Some(target) = &call.target {
        match path(target).as_deref() {
            // A function in a namespace.
            Some(namespace @ ("optional" | "strings")) => name = format!("{namespace}.{name}"),
            _ => check(target, scope)?,
        }
    }
    // The names of operators are not identifiers.
    let is_operator = name.starts_with(['_', '!', '-', '@']);
    if !is_operator && !FUNCTIONS.contains(&name.as_str()) {
        return Err(format!(
            "function `{name}` is unknown or not supported offline"
        ));
    }
    call.args.iter().try_for_each(|it| check(it, scope))
}

fn check_comprehension<'e>(
    comprehension: &'e ComprehensionExpr,
    scope: &mut Vec<&'e str>,
) -> Result<(), String> {
    check(&comprehension.iter_range, scope)?;
    check(&comprehension.accu_init, scope)?;
    let outer = scope.len();
    scope.push(&comprehension.accu_var);
    scope.push(&comprehension.iter_var);
    scope.extend(comprehension.iter_var2.as_deref());
    check(&comprehension.loop_cond, scope)?;
    check(&comprehension.loop_step, scope)?;
    check(&comprehension.result, scope)?;
    scope.truncate(outer);
    Ok(())
}

/// Checks a selection of `field` in case it is one in `request`.
fn check_request_field(operand: &IdedExpr, field: &str, scope: &[&str]) -> Result<(), String> {
    let Some(path) = path(operand).filter(|_| !scope.contains(&"request")) else {
        return Ok(());
    };
    match REQUEST_FIELDS.iter().find(|(parent, _)| *parent == path) {
        Some((_, fields)) if !fields.contains(&field) => {
            Err(format!("`{path}` has no field `{field}`"))
        }
        _ => Ok(()),
    }
}

/// Returns the path that an expression selects, such as `request.kind`.
fn path(expression: &IdedExpr) -> Option<String> {
    match &expression.expr {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) if !select.test => {
            Some(format!("{}.{}", path(&select.operand)?, select.field))
        }
        _ => None,
    }
}

/// Whether the type of an expression is Boolean. A field of an object has any type, so the API server requires
/// a comparison (`CompileCELExpression`).
fn returns_boolean(expression: &IdedExpr) -> bool {
    match &expression.expr {
        Expr::Literal(LiteralValue::Boolean(_)) => true,
        Expr::Call(call) => match (call.func_name.as_str(), &*call.args) {
            (operators::CONDITIONAL, [_, yes, no]) => returns_boolean(yes) && returns_boolean(no),
            (name, _) => PREDICATES.contains(&name),
        },
        // `has`
        Expr::Select(select) if select.test => true,
        Expr::Select(_) => path(expression).is_some_and(|path| path == "request.dryRun"),
        // `all` and `exists` accumulate a Boolean, `exists_one` compares a count.
        Expr::Comprehension(it) => returns_boolean(&it.accu_init) || returns_boolean(&it.result),
        _ => false,
    }
}

/// Converts JSON as the API server does: an integer is an `int`, another number is a `double`. A null member is
/// absent, because the API server drops it from typed objects.
fn to_cel(value: &Value) -> cel::Value {
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(it) => cel::Value::Bool(*it),
        Value::Number(it) => match it.as_i64() {
            Some(it) => cel::Value::Int(it),
            None => cel::Value::Float(it.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(it) => cel::Value::from(it.as_str()),
        Value::Array(items) => cel::Value::from(items.iter().map(to_cel).collect::<Vec<_>>()),
        Value::Object(members) => {
            let members = members.iter().filter(|(_, value)| !value.is_null());
            let members: HashMap<_, _> = members
                .map(|(key, value)| (key.clone(), to_cel(value)))
                .collect();
            cel::Value::from(members)
        }
    }
}

fn describe(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(key) => {
            format!("no such key: `{key}`; test for it with `has()` or `in`")
        }
        error => {
            let text = error.to_string();
            match text.char_indices().nth(MAX_ERROR_LENGTH) {
                Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
                None => text,
            }
        }
    }
}
