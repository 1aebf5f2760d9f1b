//! What a lab needs of the machine, asked before anything is built.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::command::{self, find, inside};
use super::error::LabError;
use super::offloads::Switch;
use super::plugged::Plugged;
use super::plugin;
use super::stale::Claim;
use super::wiring::{DeviceKind, RuleSet, Wiring};

/// A way to find out whether the kernel can do something: commands in a namespace made for it.
struct Probe {
    what: &'static str,
    module: &'static str,
    command: &'static [&'static str],
    input: &'static str,
}

const VETH: Probe = Probe {
    what: "veth pairs",
    module: "module veth",
    command: &["ip", "link", "add", "probe", "type", "veth", "peer", "name", "other"],
    input: "",
};
const BRIDGE: Probe = Probe {
    what: "bridges",
    module: "module bridge",
    command: &["ip", "link", "add", "probe", "type", "bridge"],
    input: "",
};
const VXLAN: Probe = Probe {
    what: "VXLAN devices",
    module: "module vxlan",
    command: &["ip", "link", "add", "probe", "type", "vxlan", "id", "1", "dstport", "8472"],
    input: "",
};
const MACVLAN: Probe = Probe {
    what: "macvlan devices",
    module: "module macvlan",
    command: &["ip", "-batch", "-"],
    input: "link add below type veth peer name other\n\
            link add link below name probe type macvlan mode bridge\n",
};
const IFB: Probe = Probe {
    what: "ifb devices, which limit what a pod sends",
    module: "module ifb",
    command: &["ip", "link", "add", "probe", "type", "ifb"],
    input: "",
};
const REDIRECT: Probe = Probe {
    what: "redirection of what comes in, which limits what a pod sends",
    module: "modules sch_ingress, cls_u32 and act_mirred",
    command: &["tc", "-batch", "-"],
    input: "qdisc add dev lo ingress\n\
            filter add dev lo parent ffff: protocol all u32 match u32 0 0 \
            action mirred egress redirect dev lo\n",
};
const TOKEN_BUCKET: Probe = Probe {
    what: "token buckets, which limit rates",
    module: "module sch_tbf",
    command: &[
        "tc", "qdisc", "add", "dev", "lo", "root", "tbf", "rate", "1gbit", "burst", "100000",
        "latency", "25ms",
    ],
    input: "",
};
const IPTABLES: Probe = Probe {
    what: "address translation for iptables",
    module: "modules iptable_nat and nf_nat, or nft_compat",
    command: &["iptables-restore", "--noflush"],
    input: "*nat\n-A POSTROUTING -s 10.0.0.1 -j MASQUERADE\nCOMMIT\n",
};
const NFTABLES: Probe = Probe {
    what: "nftables",
    module: "module nf_tables",
    command: &["nft", "-f", "-"],
    input: "table ip probe {\nchain first { type nat hook prerouting priority 0; }\n}\n",
};
const IPVS: Probe = Probe {
    what: "IPVS",
    module: "module ip_vs",
    command: &["ipvsadm", "--list", "--numeric"],
    input: "",
};

/// What every lab needs: Linux, root, `ip`, `bridge`, `tc`, veth pairs and bridges.
///
/// # Errors
/// What is missing first, in one sentence.
pub fn requirements() -> Result<(), LabError> {
    if !cfg!(target_os = "linux") {
        return Err(LabError::NotLinux);
    }
    if !nix::unistd::geteuid().is_root() {
        return Err(LabError::NotRoot);
    }
    for program in ["ip", "bridge", "tc"] {
        find(program)?;
    }
    can(&VETH)?;
    can(&BRIDGE)
}

/// What this wiring needs.
pub fn check(wiring: &Wiring) -> Result<(), LabError> {
    requirements()?;
    plugin::requirements(&wiring.plugged)?;
    for plugged in &wiring.plugged {
        plugins_can(plugged)?;
    }
    for space in &wiring.spaces {
        for device in &space.devices {
            switches(device.off)?;
            match device.kind {
                DeviceKind::Vxlan { .. } => can(&VXLAN)?,
                DeviceKind::Macvlan { .. } => can(&MACVLAN)?,
                _ => {}
            }
            if device.accepts.is_some() || device.sends.is_some() {
                can(&TOKEN_BUCKET)?;
            }
        }
        if space.filter_tables > 0 {
            can(&NFTABLES)?;
        }
        for rules in &space.rules {
            takes(rules)?;
        }
    }
    Ok(())
}

/// What a rule set needs.
pub(crate) fn takes(rules: &RuleSet) -> Result<(), LabError> {
    match rules {
        RuleSet::Iptables(_) => can(&IPTABLES),
        RuleSet::Nftables(_) => can(&NFTABLES),
        RuleSet::Ipvs(_) => can(&IPVS),
    }
}

/// What the plug-ins that attach a pod need in turn, and the switches of offloads after them.
fn plugins_can(plugged: &Plugged) -> Result<(), LabError> {
    switches(plugged.node_off)?;
    switches(plugged.pod_off)?;
    for plugin in &plugged.chain {
        if plugin["type"] == "bandwidth" {
            can(&IFB)?;
            can(&REDIRECT)?;
            can(&TOKEN_BUCKET)?;
        }
        if plugin["runtimeConfig"]["portMappings"].is_array() {
            find("iptables")?;
            can(&IPTABLES)?;
        }
    }
    Ok(())
}

/// Offloads are switched off by `ethtool`.
fn switches(off: Switch) -> Result<(), LabError> {
    match off.names().next() {
        Some(_) => find("ethtool").map(|_| ()),
        None => Ok(()),
    }
}

/// Whether what a pod sends can be limited on the node's side of its link.
pub(super) fn can_redirect() -> bool {
    can(&IFB).and_then(|()| can(&REDIRECT)).is_ok()
}

/// Tries it out, once in the life of this process.
fn can(probe: &Probe) -> Result<(), LabError> {
    static KNOWN: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());
    find(probe.command[0])?;
    // A panic elsewhere leaves the set as good as it was.
    let mut known = KNOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if known.contains(probe.what) {
        return Ok(());
    }
    let scratch = Scratch::make()?;
    let command: Vec<String> = probe.command.iter().map(|part| (*part).to_owned()).collect();
    let tried = inside(&scratch.netns, || command::run(&command, probe.input))?;
    if tried.is_err() {
        let (what, module) = (probe.what.to_owned(), probe.module.to_owned());
        return Err(LabError::Kernel { what, module });
    }
    known.insert(probe.what);
    Ok(())
}

/// A namespace to try things in.
struct Scratch {
    claim: Claim,
    netns: String,
}

impl Scratch {
    fn make() -> Result<Scratch, LabError> {
        let claim = Claim::take("probe")?;
        let netns = claim.netns(0, "scratch");
        let scratch = Scratch { claim, netns };
        let add = ["ip", "netns", "add", &scratch.netns].map(str::to_owned);
        command::run(&add, "")?;
        Ok(scratch)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = self.claim.clear() {
            eprintln!("a probe was not removed: {error}");
        }
    }
}
