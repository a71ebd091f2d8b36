use std::env;

use docker_credential::{CredentialRetrievalError, DockerCredential};

use crate::Error;

/// Who asks, as far as a registry is concerned.
#[derive(Clone)]
pub struct Credentials {
    pub(crate) secret: Secret,
    /// Where they were found, for whoever has to correct them.
    pub(crate) source_of: &'static str,
}

#[derive(Clone)]
pub(crate) enum Secret {
    Password {
        user: String,
        password: String,
    },
    /// What `docker login` stores for registries that give out tokens, such as Azure's.
    IdentityToken(String),
}

impl Credentials {
    /// Finds the credentials for `host`: `AGNOSTICS_REGISTRY_USER` and `AGNOSTICS_REGISTRY_PASSWORD`, else
    /// what docker's configuration has, in `$DOCKER_CONFIG` or `~/.docker`, itself or through a helper.
    /// `None` for nobody in particular.
    ///
    /// # Errors
    /// There are some, and they cannot be read.
    pub fn find(host: &str) -> Result<Option<Self>, Error> {
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        if let (Some(user), Some(password)) = (
            variable("AGNOSTICS_REGISTRY_USER"),
            variable("AGNOSTICS_REGISTRY_PASSWORD"),
        ) {
            return Ok(Some(Self {
                secret: Secret::Password { user, password },
                source_of: "AGNOSTICS_REGISTRY_USER and AGNOSTICS_REGISTRY_PASSWORD",
            }));
        }
        let secret = match docker_credential::get_credential(host) {
            Ok(DockerCredential::UsernamePassword(user, password)) => {
                Secret::Password { user, password }
            }
            Ok(DockerCredential::IdentityToken(token)) => Secret::IdentityToken(token),
            Err(error) if is_absence(&error) => return Ok(None),
            Err(error) => {
                return Err(Error::Credentials {
                    host: host.to_owned(),
                    cause: format!("{error}; see docker's config.json"),
                });
            }
        };
        Ok(Some(Self {
            secret,
            source_of: "docker's config.json",
        }))
    }
}

/// No file is as good as a file without the host. A file that is broken reads the same as none; a
/// registry that then wants credentials says so. Helpers answer that they have none with an error.
fn is_absence(error: &CredentialRetrievalError) -> bool {
    match error {
        CredentialRetrievalError::ConfigNotFound
        | CredentialRetrievalError::ConfigReadError
        | CredentialRetrievalError::NoCredentialConfigured => true,
        CredentialRetrievalError::HelperFailure { stdout, .. } => {
            stdout.contains("credentials not found")
        }
        _ => false,
    }
}
