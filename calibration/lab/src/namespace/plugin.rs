//! Calls of container network plug-ins, as the CNI specification 1.0.0 has them: a command and its
//! parameters in environment variables, a configuration on standard input, a result or an error as
//! JSON on standard output.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use super::command;
use super::error::LabError;
use super::plugged::{Plugged, VERSION};

/// Where distributions put the plug-ins; Debian's package and the CNI project's own archive.
const FOLDERS: [&str; 2] = ["/usr/lib/cni", "/opt/cni/bin"];
/// The interface that a pod gets.
const INTERFACE: &str = "eth0";

/// What a plug-in did (specification, section 5, "Success").
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Outcome {
    /// The interfaces that there are now.
    #[serde(default)]
    pub(super) interfaces: Vec<Interface>,
    /// The addresses that the pod has.
    #[serde(default)]
    pub(super) ips: Vec<Ip>,
}

/// An interface that a plug-in made.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Interface {
    /// Its name.
    pub(super) name: String,
    /// The namespace that it is in; none, if that is the node's.
    #[serde(default)]
    pub(super) sandbox: Option<String>,
}

/// An address that a plug-in gave.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Ip {
    /// The address and the length of its network's prefix: `10.0.0.2/24`.
    pub(super) address: String,
    /// The gateway.
    #[serde(default)]
    pub(super) gateway: Option<Ipv4Addr>,
}

/// Why a plug-in refused (specification, section 5, "Error").
#[derive(Debug, Deserialize)]
struct Refusal {
    code: u32,
    msg: String,
    #[serde(default)]
    details: String,
}

/// What a plug-in knows of the specification.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Versions {
    supported_versions: Vec<String>,
}

/// A pod's attachment in a standing lab.
#[derive(Clone, Debug)]
pub(super) struct Call<'a> {
    pub(super) plugged: &'a Plugged,
    /// The names below `/run/netns` of the node's namespace and the pod's.
    pub(super) node: &'a str,
    pub(super) pod: &'a str,
    /// The folder in which `host-local` keeps what is taken.
    pub(super) state: PathBuf,
}

impl Call<'_> {
    /// Attaches the pod: each plug-in gets the result of the one before it.
    pub(super) fn add(&self) -> Result<Outcome, LabError> {
        let mut result = Value::Null;
        for plugin in &self.plugged.chain {
            let answer = self.call("ADD", plugin, &result)?;
            result = serde_json::from_str(&answer).map_err(|error| unreadable(plugin, &error))?;
        }
        let outcome = Outcome::deserialize(&result);
        let outcome = outcome.map_err(|error| unreadable(&self.plugged.chain[0], &error))?;
        std::fs::create_dir_all(&self.state).map_err(|e| LabError::file(&self.state, &e))?;
        let path = self.result_file();
        std::fs::write(&path, result.to_string()).map_err(|e| LabError::file(&path, &e))?;
        let wanted = self.plugged.address;
        let given = |ip: &Ip| ip.address.split('/').next() == Some(&wanted.to_string());
        match outcome.ips.iter().any(given) {
            true => Ok(outcome),
            false => Err(LabError::Plugin {
                name: "host-local".into(),
                problem: format!("{} did not get the address {wanted}", self.pod),
            }),
        }
    }

    /// Asks every plug-in whether all is still as it left it.
    pub(super) fn check(&self) -> Result<(), LabError> {
        let result = self.last_result();
        self.plugged
            .chain
            .iter()
            .try_for_each(|plugin| self.call("CHECK", plugin, &result).map(|_| ()))
    }

    /// Detaches the pod, the last plug-in first.
    pub(super) fn delete(&self) -> Result<(), LabError> {
        let result = self.last_result();
        let mut chain = self.plugged.chain.iter().rev();
        chain.try_for_each(|plugin| self.call("DEL", plugin, &result).map(|_| ()))
    }

    fn result_file(&self) -> PathBuf {
        self.state.join(format!("result-{}.json", self.pod))
    }

    /// The result of the last plug-in when the pod was attached.
    fn last_result(&self) -> Value {
        let text = std::fs::read_to_string(self.result_file()).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    fn call(&self, verb: &str, plugin: &Value, previous: &Value) -> Result<String, LabError> {
        let mut configuration = plugin.clone();
        if let Some(ipam) = configuration.get_mut("ipam") {
            ipam["dataDir"] = self.state.display().to_string().into();
        }
        if !previous.is_null() {
            configuration["prevResult"] = previous.clone();
        }
        let netns = command::netns_file(self.pod).display().to_string();
        let parameters = [
            ("CNI_COMMAND", verb.to_owned()),
            ("CNI_CONTAINERID", self.pod.to_owned()),
            ("CNI_NETNS", netns),
            ("CNI_IFNAME", INTERFACE.to_owned()),
            ("CNI_ARGS", format!("IgnoreUnknown=1;IP={}", self.plugged.address)),
            ("CNI_PATH", path()),
        ];
        let name = type_of(plugin);
        let program = find(name)?.display().to_string();
        let command = ["ip", "netns", "exec", self.node, &program].map(str::to_owned);
        let output = command::output(&command, &parameters, &configuration.to_string())?;
        match output.success {
            true => Ok(output.out),
            false => Err(refusal(name, &output)),
        }
    }
}

/// Whether every plug-in that these pods need is there and knows the specification.
pub(super) fn requirements(all: &[Plugged]) -> Result<(), LabError> {
    let mut asked: Vec<&str> = Vec::new();
    for plugin in all.iter().flat_map(|plugged| &plugged.chain) {
        let names = [Some(type_of(plugin)), plugin["ipam"]["type"].as_str()];
        for name in names.into_iter().flatten() {
            if asked.contains(&name) {
                continue;
            }
            asked.push(name);
            let program = find(name)?.display().to_string();
            let parameters = [("CNI_COMMAND", "VERSION".to_owned()), ("CNI_PATH", path())];
            let question = format!("{{\"cniVersion\":\"{VERSION}\"}}");
            let output = command::output(&[program], &parameters, &question)?;
            let known = serde_json::from_str::<Versions>(&output.out);
            if !known.is_ok_and(|known| known.supported_versions.iter().any(|v| v == VERSION)) {
                let problem = format!("it does not know version {VERSION} of the specification");
                return Err(LabError::Plugin { name: name.to_owned(), problem });
            }
        }
    }
    Ok(())
}

fn type_of(plugin: &Value) -> &str {
    plugin["type"].as_str().unwrap_or_default()
}

fn unreadable(plugin: &Value, error: &serde_json::Error) -> LabError {
    LabError::Plugin { name: type_of(plugin).to_owned(), problem: format!("its answer: {error}") }
}

fn refusal(name: &str, output: &command::Output) -> LabError {
    let problem = match serde_json::from_str::<Refusal>(&output.out) {
        Ok(Refusal { code, msg, details }) if details.is_empty() => format!("{msg} (code {code})"),
        Ok(Refusal { code, msg, details }) => format!("{msg}: {details} (code {code})"),
        Err(_) => output.complaint.trim().to_owned(),
    };
    LabError::Plugin { name: name.to_owned(), problem }
}

/// The user's folders, then those of the distributions, as plug-ins get them.
fn path() -> String {
    let own = std::env::var("CNI_PATH").ok().filter(|own| !own.is_empty());
    own.into_iter().chain(FOLDERS.map(str::to_owned)).collect::<Vec<_>>().join(":")
}

fn find(name: &str) -> Result<PathBuf, LabError> {
    let path = path();
    let files = std::env::split_paths(&path).map(|folder| folder.join(name));
    let mut there = files.filter(|file| file.is_file());
    there.next().ok_or_else(|| LabError::NoPlugin { name: name.to_owned(), path: path.clone() })
}
