use crate::Digest;

/// How a site's own authority comes to be trusted: on macOS the system alone decides.
const TRUST_IT: &str = if cfg!(target_vendor = "apple") {
    "add its authority's certificate to the keychain"
} else {
    "name its authority's certificate in SSL_CERT_FILE"
};

/// Why a registry gave or took nothing. Each says where, and the way out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not an address of something in a registry.
    #[error("`{reference}` is not HOST/PATH, HOST/PATH:TAG or HOST/PATH@sha256:…: {cause}")]
    Reference {
        /// What was read.
        reference: String,
        /// What is wrong with it.
        cause: &'static str,
    },
    /// Nobody answers.
    #[error("`{host}` does not answer: {cause}; is the registry up, and its name and port right?")]
    Unreachable {
        /// The registry.
        host: String,
        /// What the system says.
        cause: String,
    },
    /// No connection that can be trusted.
    #[error(
        "no secure connection to `{host}`: {cause}; {TRUST_IT}, or reach a registry without TLS with --insecure"
    )]
    Tls {
        /// The registry.
        host: String,
        /// What is wrong with its certificate.
        cause: String,
    },
    /// It has TLS, and leads to a place without.
    #[error(
        "`{host}` leads from https:// to `{place}`, where others could read and change what is sent; its \
         owner has to give that address as https://"
    )]
    Plain {
        /// The registry.
        host: String,
        /// Where to.
        place: String,
    },
    /// The registry does not know who asks.
    #[error(
        "`{host}` wants credentials for `{path}` and {lack}: `docker login {host}` stores them, or set \
         AGNOSTICS_REGISTRY_HOST={host}, AGNOSTICS_REGISTRY_USER and AGNOSTICS_REGISTRY_PASSWORD"
    )]
    NoCredentials {
        /// The registry.
        host: String,
        /// The path in it.
        path: String,
        /// Why there are none.
        lack: String,
    },
    /// The registry does not believe who asks.
    #[error(
        "`{host}` refuses the credentials for `{path}` ({told}): they come from {source_of}; renew them with \
         `docker login {host}`"
    )]
    WrongCredentials {
        /// The registry.
        host: String,
        /// The path in it.
        path: String,
        /// The registry's own words.
        told: String,
        /// Where the credentials were found.
        source_of: &'static str,
    },
    /// The registry believes it and refuses.
    #[error("`{host}` does not permit this on `{path}`: {told}; ask its owner for the right to it")]
    Forbidden {
        /// The registry.
        host: String,
        /// The path in it.
        path: String,
        /// The registry's own words.
        told: String,
    },
    /// There is no such thing.
    #[error(
        "`{what}` is not in the registry `{host}`; was it published, and there, and in that version?"
    )]
    NotFound {
        /// The registry.
        host: String,
        /// What was asked for.
        what: String,
    },
    /// The registry failed, or did not like the question.
    #[error(
        "`{host}` could not {doing} (status {status}: {told}); when it can again, run this again: what it \
         has taken is not sent twice"
    )]
    Failed {
        /// The registry.
        host: String,
        /// What it was asked to do.
        doing: String,
        /// The HTTP status.
        status: u16,
        /// The registry's own words.
        told: String,
    },
    /// The connection broke, or what came over it is not HTTP.
    #[error(
        "`{host}` could not {doing}: {cause}; when it can again, run this again: what it has taken is not sent twice"
    )]
    Broken {
        /// The registry.
        host: String,
        /// What it was asked to do.
        doing: String,
        /// What the system says.
        cause: String,
    },
    /// The answer is not as the distribution API has it.
    #[error("`{host}` answered {what} in a form that is not the OCI distribution API's: {cause}")]
    Answer {
        /// The registry.
        host: String,
        /// What was asked for.
        what: String,
        /// What is wrong.
        cause: String,
    },
    /// The content is not what its digest says.
    #[error(
        "`{what}` is not what its digest says: it has {found}; somebody changed it on the way or in the registry"
    )]
    Tampered {
        /// What was asked for.
        what: String,
        /// The digest of what came.
        found: Digest,
    },
    /// Something else than a Kubewarden module.
    #[error("`{reference}` is no Kubewarden module: {cause}")]
    NotAModule {
        /// What was asked for.
        reference: String,
        /// What is wrong.
        cause: String,
    },
    /// Not a key that a signature can be checked with.
    #[error("not a public key that cosign writes (ECDSA P-256 in PEM): {cause}")]
    Key {
        /// What is wrong.
        cause: &'static str,
    },
    /// Nobody signed it.
    #[error(
        "`{reference}` is not signed: there is no `{tag}` beside it; do not run it, or ask who published it"
    )]
    NotSigned {
        /// What was asked for.
        reference: String,
        /// The tag that signatures would have.
        tag: String,
    },
    /// Its owner signed it, and as something else.
    #[error(
        "`{reference}` is signed as `{title}` {version}: the registry has it in the wrong place, or somebody \
         put an old version there; do not run it"
    )]
    Misplaced {
        /// What was asked for.
        reference: String,
        /// What it says it is.
        title: String,
        /// The version that it says it has.
        version: String,
    },
    /// Nobody whose key is known signed it.
    #[error(
        "no signature of `{reference}` is by the key given: {cause}; it was changed or signed by someone else, \
         do not run it"
    )]
    WrongSignature {
        /// What was asked for.
        reference: String,
        /// What was found.
        cause: String,
    },
}
