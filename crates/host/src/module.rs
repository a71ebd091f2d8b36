use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use wasmi::{ExternType, Linker, ValType};

use crate::calls::HostCalls;
use crate::engine::{Host, Options};
use crate::instance::{self, Failure, State};
use crate::response::{Activity, RawResponse, Response, SettingsResponse};
use crate::{Error, Snapshot, wapc, wasi};
use kubewarden::{self, ContextAwareResource, ExecutionMode, Metadata};

/// A validated and linked module. Every call gets a fresh instance.
///
/// It can be used from several threads at once, and cloning it is cheap.
#[derive(Clone)]
pub struct Module {
    inner: Arc<Inner>,
    granted: Arc<BTreeSet<ContextAwareResource>>,
}

struct Inner {
    name: String,
    metadata: Option<Metadata>,
    code: wasmi::Module,
    linker: Linker<State>,
    options: Arc<Options>,
}

impl Module {
    pub(crate) fn load(host: &Host, name: &str, wasm: &[u8]) -> Result<Self, Error> {
        let module = || name.to_owned();
        if !wasm.starts_with(b"\0asm") {
            return Err(Error::NotWasm { module: module() });
        }
        let metadata = kubewarden::read(wasm).map_err(|source| match source {
            kubewarden::Error::Component => Error::Component { module: module() },
            kubewarden::Error::NotWasm(error) => Error::Load {
                module: module(),
                cause: error.to_string(),
            },
            source => Error::Metadata {
                module: module(),
                source,
            },
        })?;
        let mode = metadata
            .as_ref()
            .map(|metadata| metadata.execution_mode)
            .unwrap_or_default();
        if mode != ExecutionMode::KubewardenWapc {
            return Err(Error::UnsupportedMode {
                module: module(),
                mode,
            });
        }
        let load_error = |cause: String| Error::Load {
            module: module(),
            cause,
        };
        let code = wasmi::Module::new(&host.engine, wasm)
            .map_err(|error| load_error(error.to_string()))?;
        check_exports(&code).map_err(|export| Error::MissingExport {
            module: module(),
            export,
        })?;
        check_imports(&code).map_err(load_error)?;
        let mut linker = host.linker.clone();
        wasi::define_stubs(&mut linker, &code).map_err(|error| load_error(error.to_string()))?;
        let granted = metadata
            .iter()
            .flat_map(|metadata| metadata.context_aware_resources.iter().cloned())
            .collect();
        let inner = Inner {
            name: module(),
            metadata,
            code,
            linker,
            options: Arc::clone(&host.options),
        };
        Ok(Self {
            inner: Arc::new(inner),
            granted: Arc::new(granted),
        })
    }

    /// The name of the module in error messages.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The module's metadata; `None` if it is not annotated. Such a module runs here, as in `kwctl run`.
    pub fn metadata(&self) -> Option<&Metadata> {
        self.inner.metadata.as_ref()
    }

    /// Returns the module with cluster access restricted to `policy`, the `contextAwareResources` of the
    /// policy that runs it.
    ///
    /// By default, a module can look up all kinds that its metadata lists. Kinds that the metadata does not
    /// list are never granted. A module without metadata is granted what the policy lists.
    #[must_use]
    pub fn with_context_aware_resources(
        &self,
        policy: impl IntoIterator<Item = ContextAwareResource>,
    ) -> Self {
        let listed = |kind: &ContextAwareResource| {
            self.metadata()
                .is_none_or(|metadata| metadata.context_aware_resources.contains(kind))
        };
        Self {
            inner: Arc::clone(&self.inner),
            granted: Arc::new(policy.into_iter().filter(listed).collect()),
        }
    }

    /// Validates `request`, the `request` of an `AdmissionReview`, with `settings`.
    ///
    /// The module receives both byte for byte.
    ///
    /// # Errors
    /// Returns an error if the module traps, runs out of fuel, or fails.
    pub fn validate(
        &self,
        settings: &RawValue,
        request: &RawValue,
        cluster: &Snapshot,
    ) -> Result<Response, Error> {
        const OPERATION: &str = "validate";
        let payload = simulate::builtin::payload(settings, request);
        let (response, activity) = self.call(OPERATION, payload.as_bytes(), cluster)?;
        let response: RawResponse = self.parse(OPERATION, &response)?;
        Ok(response.into_response(request, activity))
    }

    /// Validates `settings`.
    ///
    /// # Errors
    /// Returns an error if the module traps, runs out of fuel, or fails.
    pub fn validate_settings(&self, settings: &RawValue) -> Result<SettingsResponse, Error> {
        const OPERATION: &str = "validate_settings";
        let (response, _) = self.call(OPERATION, settings.get().as_bytes(), &Snapshot::new())?;
        self.parse(OPERATION, &response)
    }

    /// Returns the version of Kubewarden's protocol that the module implements: `v1`.
    ///
    /// # Errors
    /// Returns an error if the module traps, runs out of fuel, or fails.
    pub fn protocol_version(&self) -> Result<String, Error> {
        const OPERATION: &str = "protocol_version";
        let (response, _) = self.call(OPERATION, &[], &Snapshot::new())?;
        self.parse(OPERATION, &response)
    }

    /// Calls the module and returns its response as bytes, for comparisons byte for byte.
    ///
    /// # Errors
    /// Returns an error if the module traps, runs out of fuel, or fails.
    pub fn call(
        &self,
        operation: &'static str,
        payload: &[u8],
        cluster: &Snapshot,
    ) -> Result<(Vec<u8>, Activity), Error> {
        let calls = HostCalls::new(cluster.clone(), Arc::clone(&self.granted));
        let Inner {
            code,
            linker,
            options,
            ..
        } = &*self.inner;
        instance::call(linker, code, options, operation, payload.to_vec(), calls)
            .map_err(|failure| self.error(operation, failure))
    }

    fn error(&self, operation: &'static str, failure: Failure) -> Error {
        let module = self.inner.name.clone();
        let Options {
            fuel_limit,
            memory_limit,
        } = *self.inner.options;
        match failure {
            Failure::Start(cause) => Error::Start { module, cause },
            Failure::OutOfFuel => Error::OutOfFuel {
                module,
                operation,
                fuel_limit,
            },
            Failure::Trap(cause) => Error::Trap {
                module,
                operation,
                cause,
                memory_limit,
            },
            Failure::Guest(cause) => Error::Guest {
                module,
                operation,
                cause: truncate_middle(cause),
            },
        }
    }

    fn parse<'a, T: Deserialize<'a>>(
        &self,
        operation: &'static str,
        response: &'a [u8],
    ) -> Result<T, Error> {
        serde_json::from_slice(response).map_err(|cause| Error::InvalidResponse {
            module: self.inner.name.clone(),
            operation,
            cause,
        })
    }
}

impl std::fmt::Debug for Module {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Module")
            .field("name", &self.inner.name)
            .field("granted", &self.granted)
            .finish_non_exhaustive()
    }
}

/// Keeps the start and the end of a long text: the SDK puts the whole request into its messages, followed
/// by the reason.
fn truncate_middle(text: String) -> String {
    const KEPT_CHARS: usize = 300;
    if text.chars().count() <= 2 * KEPT_CHARS {
        return text;
    }
    let head: String = text.chars().take(KEPT_CHARS).collect();
    let tail: String = text
        .chars()
        .skip(text.chars().count() - KEPT_CHARS)
        .collect();
    format!("{head} … {tail}")
}

/// Checks that the module exports what waPC requires. The error is the missing export.
fn check_exports(code: &wasmi::Module) -> Result<(), &'static str> {
    match code.get_export("memory") {
        Some(ExternType::Memory(_)) => {}
        _ => return Err("a memory named `memory`"),
    }
    match code.get_export(instance::GUEST_CALL) {
        Some(ExternType::Func(function))
            if function.params() == [ValType::I32, ValType::I32]
                && function.results() == [ValType::I32] =>
        {
            Ok(())
        }
        _ => Err("the function `__guest_call`"),
    }
}

/// Checks that the module imports only functions of waPC and WASI, which are all that Kubewarden provides.
/// The error names the first other import.
fn check_imports(code: &wasmi::Module) -> Result<(), String> {
    let known = |module: &str| matches!(module, wapc::MODULE | wasi::MODULE);
    match code.imports().find(|import| !known(import.module())) {
        None => Ok(()),
        Some(import) => Err(format!(
            "it imports `{}::{}`, which Kubewarden does not provide",
            import.module(),
            import.name()
        )),
    }
}
