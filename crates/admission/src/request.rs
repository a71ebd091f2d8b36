//! The admission request, borrowed from the payload.

use std::borrow::Cow;

use crate::json::{Malformed, Node, Object};

/// The fields of `AdmissionReview.request` (admission.k8s.io/v1) that policies read.
///
/// Source: `k8s.io/api/admission/v1`, type `AdmissionRequest`.
#[derive(Debug, Clone)]
pub struct AdmissionRequest<'a> {
    /// Group, version and kind of the object; the group of core kinds is empty.
    pub kind: GroupVersionKind<'a>,
    /// The subresource, such as `status`; empty for the object itself.
    pub sub_resource: Cow<'a, str>,
    /// The object's name; empty if the API server is to generate it.
    pub name: Cow<'a, str>,
    /// The object's namespace; empty for cluster-scoped kinds.
    pub namespace: Cow<'a, str>,
    /// The operation.
    pub operation: Operation,
    /// The new object; `None` on DELETE. Paths start at its root, as in messages of Kubernetes.
    pub object: Option<Node<'a>>,
    /// The existing object; `None` on CREATE.
    pub old_object: Option<Node<'a>>,
    /// The field `userInfo`; see [`AdmissionRequest::username`].
    user_info: Option<Node<'a>>,
}

/// A kind with its group and version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupVersionKind<'a> {
    /// The API group; empty for the core group.
    pub group: Cow<'a, str>,
    /// The version, such as `v1`.
    pub version: Cow<'a, str>,
    /// The kind, such as `PersistentVolumeClaim`.
    pub kind: Cow<'a, str>,
}

/// An operation on an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Creates an object.
    Create,
    /// Changes an object.
    Update,
    /// Deletes an object.
    Delete,
    /// Connects through an object, such as `pods/exec`.
    Connect,
}

impl<'a> AdmissionRequest<'a> {
    /// Reads the request. Ignores the fields that no policy needs.
    ///
    /// # Errors
    /// Returns an error if a field that every AdmissionReview has is missing or has another type.
    pub fn read(node: Node<'a>) -> Result<Self, Malformed> {
        let request = node.object()?;
        let kind = request
            .object("kind")?
            .ok_or_else(|| request.malformed("kind", "is missing"))?;
        let operation = text(&request, "operation")?;
        Ok(Self {
            kind: GroupVersionKind {
                group: text(&kind, "group")?,
                version: text(&kind, "version")?,
                kind: kind
                    .string("kind")?
                    .ok_or_else(|| kind.malformed("kind", "is missing"))?,
            },
            sub_resource: text(&request, "subResource")?,
            name: text(&request, "name")?,
            namespace: text(&request, "namespace")?,
            operation: match operation.as_ref() {
                "CREATE" => Operation::Create,
                "UPDATE" => Operation::Update,
                "DELETE" => Operation::Delete,
                "CONNECT" => Operation::Connect,
                "" => return Err(request.malformed("operation", "is missing")),
                other => {
                    let problem =
                        format!("must be CREATE, UPDATE, DELETE or CONNECT, not `{other}`");
                    return Err(request.malformed("operation", problem));
                }
            },
            object: request.get("object")?.map(Node::at_root),
            old_object: request.get("oldObject")?.map(Node::at_root),
            user_info: request.get("userInfo")?,
        })
    }

    /// Returns the name of the user who sends the request: `system:serviceaccount:NAMESPACE:NAME` for a service
    /// account. `None` if the request has no user, as in requests of the audit scanner.
    ///
    /// # Errors
    /// Returns an error if it is not a string.
    pub fn username(&self) -> Result<Option<Cow<'a, str>>, Malformed> {
        match self.user_info {
            Some(user) => user.object()?.string("username"),
            None => Ok(None),
        }
    }

    /// Returns the object of a CREATE or UPDATE of the kind `group`/`kind`; `None` for requests that policies
    /// accept without checks: another kind, a subresource, DELETE, CONNECT.
    ///
    /// # Errors
    /// Returns an error if a CREATE or UPDATE has no object.
    pub fn object_of(&self, group: &str, kind: &str) -> Result<Option<Node<'a>>, Malformed> {
        let changes = matches!(self.operation, Operation::Create | Operation::Update);
        if !changes
            || !self.sub_resource.is_empty()
            || self.kind.group != group
            || self.kind.kind != kind
        {
            return Ok(None);
        }
        match self.object {
            Some(object) => Ok(Some(object)),
            None => Err(missing("request.object")),
        }
    }

    /// Returns the stored object that an UPDATE replaces; `None` for other requests.
    ///
    /// # Errors
    /// Returns an error if an UPDATE has no old object.
    pub fn old_object(&self) -> Result<Option<Node<'a>>, Malformed> {
        match (self.operation, self.old_object) {
            (Operation::Update, None) => Err(missing("request.oldObject")),
            (Operation::Update, old) => Ok(old),
            _ => Ok(None),
        }
    }
}

fn missing(path: &str) -> Malformed {
    Malformed::new(path, "is missing")
}

fn text<'a>(object: &Object<'a>, key: &str) -> Result<Cow<'a, str>, Malformed> {
    Ok(object.string(key)?.unwrap_or_default())
}
