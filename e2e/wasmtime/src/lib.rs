//! Runs modules in wasmtime through waPC, as Kubewarden's policy server does. `crates/host` answers the host
//! calls.

use std::sync::{Arc, Mutex, PoisonError};

use e2e::{Case, Error, workspace};
use host::{HostCalls, Snapshot};
use serde_json::value::RawValue;
use wapc::WapcHost;
use wasmtime::Engine;
use wasmtime_provider::{WasmtimeEngineProviderBuilder, WasmtimeEngineProviderPre};

/// A compiled module.
pub struct Module {
    provider: WasmtimeEngineProviderPre,
    metadata: Option<kubewarden::Metadata>,
}

impl Module {
    /// Compiles a module.
    ///
    /// # Errors
    /// Returns an error if it is not a waPC module.
    pub fn compile(engine: &Engine, wasm: &[u8]) -> Result<Self, Error> {
        let code = wasmtime::Module::new(engine, wasm).map_err(|error| format!("{error:#}"))?;
        let provider = WasmtimeEngineProviderBuilder::new()
            .engine(engine.clone())
            .module(code)
            .build_pre()
            .map_err(|error| format!("{error:#}"))?;
        let metadata = kubewarden::read(wasm)?;
        Ok(Self { provider, metadata })
    }

    /// Compiles a module that `cargo xtask build` built.
    ///
    /// # Errors
    /// Returns an error if the module is not built or not valid.
    pub fn built(engine: &Engine, policy: &str) -> Result<Self, Error> {
        Self::compile(engine, &workspace::built_module(policy)?.1)
    }

    /// Calls an operation in a new instance, and returns the bytes of the response.
    ///
    /// # Errors
    /// Returns an error if the module returns no response.
    pub fn call(
        &self,
        operation: &str,
        payload: &[u8],
        cluster: &Snapshot,
    ) -> Result<Vec<u8>, Error> {
        let granted = self.metadata.iter();
        let granted = granted.flat_map(|it| it.context_aware_resources.iter().cloned());
        let calls = Mutex::new(HostCalls::new(cluster.clone(), Arc::new(granted.collect())));
        let callback = move |_, binding: &str, namespace: &str, operation: &str, payload: &[u8]| {
            let mut calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
            let result = calls.handle(binding, namespace, operation, payload);
            result.map_err(Into::into)
        };
        let provider = self.provider.rehydrate(None);
        let provider = provider.map_err(|error| format!("{error:#}"))?;
        let host = WapcHost::new(Box::new(provider), Some(Box::new(callback)))?;
        Ok(host.call(operation, payload)?)
    }

    /// Returns the bytes that the module returns for a case.
    ///
    /// # Errors
    /// Returns an error if the module returns no response, or the cluster of the case is invalid.
    pub fn response(&self, case: &Case) -> Result<Vec<u8>, Error> {
        let (operation, payload) = case.call();
        let cluster = case.snapshot()?;
        self.call(operation.name(), payload.as_bytes(), &cluster)
    }

    /// Returns the bytes that the module returns for a request.
    ///
    /// # Errors
    /// Returns an error if the module returns no response.
    pub fn validate(
        &self,
        settings: &RawValue,
        request: &RawValue,
        cluster: &Snapshot,
    ) -> Result<Vec<u8>, Error> {
        let payload = e2e::payload(settings, request);
        self.call("validate", payload.as_bytes(), cluster)
    }
}
