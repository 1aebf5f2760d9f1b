//! A wiring carried out: namespaces that stand until the [`Lab`] is dropped.

use std::fs;
use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::path::Path;

use super::command::{self, inside};
use super::error::LabError;
use super::plugged::Plugged;
use super::plugin::Call;
use super::requirements;
use super::script::{self, Act, LabStep};
use super::stale::Claim;
use super::wiring::{Space, Wiring};

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
    /// The names below `/run/netns` of the wiring's spaces.
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
        let accepts = |space: &Space| space.devices.iter().any(|it| it.accepts.is_some());
        let wiring = match wiring.spaces.iter().any(accepts) && !requirements::can_redirect() {
            true => wiring.limited_in_pods(),
            false => wiring.clone(),
        };
        let claim = Claim::take(name)?;
        let spaces = wiring.spaces.iter().enumerate();
        let netns: Vec<String> =
            spaces.map(|(index, space)| claim.netns(index, &space.name)).collect();
        let lab = Lab { wiring, claim, netns, standing: true };
        // From here on an error drops the lab, and with it what has been built so far.
        for step in script::steps(&lab.wiring, &|space| lab.netns[space].clone()) {
            lab.step(&step)?;
        }
        Ok(lab)
    }

    fn step(&self, step: &LabStep) -> Result<(), LabError> {
        match (step.space, &step.act) {
            (None, Act::Run { command, input }) => command::run(command, input).map(|_| ()),
            (_, Act::Plug(index)) => self.plug(&self.wiring.plugged[*index]),
            (None, Act::Sysctl(_)) => unreachable!("the machine's own settings are left alone"),
            (Some(space), act) => inside(&self.netns[space], || carry_out(act))?,
        }
    }

    /// Has plug-ins attach a pod, and switches off what is off on both sides of it.
    fn plug(&self, plugged: &Plugged) -> Result<(), LabError> {
        let outcome = self.call(plugged).add()?;
        let outer = outcome.interfaces.iter().filter(|interface| {
            let made_here = interface.sandbox.as_ref().is_none_or(String::is_empty);
            made_here && interface.name.starts_with("veth")
        });
        let outer = outer.map(|it| (plugged.node, it.name.as_str(), plugged.node_off));
        let all = outer.chain([(plugged.pod, "eth0", plugged.pod_off)]);
        for (space, device, off) in all {
            if let Some(step) = script::offloads(space, device, off) {
                self.step(&step)?;
            }
        }
        Ok(())
    }

    fn call<'a>(&'a self, plugged: &'a Plugged) -> Call<'a> {
        let (node, pod) = (&self.netns[plugged.node], &self.netns[plugged.pod]);
        Call { plugged, node, pod, state: self.claim.folder() }
    }

    /// Asks the plug-ins that attached pods whether all is still as they left it.
    ///
    /// # Errors
    /// What one of them finds changed.
    pub fn check(&self) -> Result<(), LabError> {
        self.wiring.plugged.iter().try_for_each(|plugged| self.call(plugged).check())
    }

    /// Has plug-ins detach every pod that they attached.
    ///
    /// # Errors
    /// If one of them refuses.
    pub fn detach(&self) -> Result<(), LabError> {
        self.wiring.plugged.iter().try_for_each(|plugged| self.call(plugged).delete())
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
        self.clear()
    }

    fn clear(&self) -> Result<(), LabError> {
        // Plug-ins are told, as the specification asks; what they cannot undo goes with the
        // namespaces, and so does what was never attached because the build failed before.
        let _ = self.detach();
        self.claim.clear()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if self.standing
            && let Err(error) = self.clear()
        {
            eprintln!("a lab was not removed: {error}");
        }
    }
}

/// Does, in the namespace that this thread is in, what needs nothing else.
fn carry_out(act: &Act) -> Result<(), LabError> {
    match act {
        Act::Run { command, input } => command::run(command, input).map(|_| ()),
        Act::Plug(_) => unreachable!("plug-ins are called by the lab"),
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
