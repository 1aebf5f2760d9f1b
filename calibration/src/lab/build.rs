//! A wiring carried out: namespaces that stand until the [`Lab`] is dropped.

use std::fs;
use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::path::Path;

use super::command::{self, inside};
use super::error::LabError;
use super::requirements;
use super::script::{self, Act, Step};
use super::stale::Claim;
use super::wiring::Wiring;

/// Where a pod of a standing lab is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodEnd {
    /// The name of its namespace below `/run/netns`.
    pub netns: String,
    /// Its address.
    pub address: Ipv4Addr,
    /// The largest IP packet that it sends, in bytes.
    pub mtu: u32,
}

/// A standing lab; dropping it tears it down, on success, on an error and on a panic alike.
#[derive(Debug)]
pub struct Lab {
    wiring: Wiring,
    claim: Claim,
    netns: Vec<String>,
    standing: bool,
}

impl Lab {
    /// Builds `wiring` under a name that is this process's alone.
    ///
    /// # Errors
    /// If something that it needs is missing, or a step fails; nothing is left behind then.
    pub fn build(wiring: &Wiring, name: &str) -> Result<Lab, LabError> {
        requirements::check(wiring)?;
        Lab::carry_out(wiring, name, |_| {})
    }

    /// Builds with steps that a test may have changed.
    fn carry_out(
        wiring: &Wiring,
        name: &str,
        change: impl FnOnce(&mut Vec<Step>),
    ) -> Result<Lab, LabError> {
        let claim = Claim::take(name)?;
        let spaces = wiring.spaces.iter().enumerate();
        let netns: Vec<String> =
            spaces.map(|(index, space)| claim.netns(index, &space.name)).collect();
        let lab = Lab { wiring: wiring.clone(), claim, netns, standing: true };
        let mut steps = script::steps(wiring, &|space| lab.netns[space].clone());
        change(&mut steps);
        for step in &steps {
            lab.step(step)?;
        }
        Ok(lab)
    }

    fn step(&self, step: &Step) -> Result<(), LabError> {
        match step.space {
            None => act(&step.act),
            Some(space) => inside(&self.netns[space], || act(&step.act))?,
        }
    }

    /// Where a pod is.
    pub fn pod(&self, name: &str) -> Option<PodEnd> {
        let place = self.wiring.pods.get(name)?;
        let netns = self.netns[place.space].clone();
        Some(PodEnd { netns, address: place.address, mtu: place.mtu })
    }

    /// The address and port of a Service.
    pub fn service(&self, name: &str) -> Option<(Ipv4Addr, u16)> {
        self.wiring.services.get(name).copied()
    }

    /// The name below `/run/netns` of the namespace that plays a node, switch, forwarder or pod.
    pub fn netns(&self, name: &str) -> Option<&str> {
        let space = self.wiring.spaces.iter().position(|space| space.name == name)?;
        Some(&self.netns[space])
    }

    /// What was built.
    pub fn wiring(&self) -> &Wiring {
        &self.wiring
    }

    /// Tears the lab down and says if that failed, which dropping it cannot.
    ///
    /// # Errors
    /// If a namespace cannot be removed.
    pub fn down(mut self) -> Result<(), LabError> {
        self.standing = false;
        self.claim.clear()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if self.standing
            && let Err(error) = self.claim.clear()
        {
            eprintln!("a lab was not removed: {error}");
        }
    }
}

fn act(act: &Act) -> Result<(), LabError> {
    match act {
        Act::Run { command, input } => command::run(command, input).map(|_| ()),
        Act::Sysctl(settings) => settings.iter().try_for_each(|(name, value)| {
            let path = Path::new("/proc/sys/net").join(name);
            match fs::write(&path, value) {
                // No IPv6, or no bridge filter, in this kernel: nothing to switch.
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                result => result.map_err(|error| LabError::file(&path, &error)),
            }
        }),
    }
}
