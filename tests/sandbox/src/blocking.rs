//! The sandbox for callers without a runtime.
//! Owns the runtime that serves the connections.
//! Invariant: the sandbox goes before the runtime it lives on.

use std::ops::Deref;

use anyhow::{Context, Result};
use tokio::runtime::Runtime;

use crate::{Sandbox, SandboxConfig};

/// A [`Sandbox`] with a runtime of its own; it can be used, and dropped, from any thread that is in no runtime.
#[derive(Debug)]
pub struct BlockingSandbox {
    sandbox: Sandbox,
    // After `sandbox`: fields are dropped in this order.
    _runtime: Runtime,
}

impl BlockingSandbox {
    pub(crate) fn start(config: SandboxConfig) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("sandbox")
            .enable_all()
            .build()
            .context("cannot start the sandbox's runtime")?;
        let sandbox = runtime.block_on(Sandbox::start(config))?;
        Ok(Self { sandbox, _runtime: runtime })
    }
}

impl Deref for BlockingSandbox {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.sandbox
    }
}
