//! The fields of `[request]`: how the result of the transfer was asked for.

use models::input::InputError;
use models::name::resolver::{ATTEMPTS_MAX, NDOTS_MAX, Order, Resolver, TIMEOUT_MAX_S};
use models::quantity::parse_time;
use models::transfer::Request;
use serde_spanned::Spanned;
use sim::Bytes;
use std::sync::Arc;

use models::input::Source;

use super::draft::{Draft, Field, count, one_of, size, word};
use super::problem::Problem;
use super::raw::RawRequest;
use super::scalar::Scalar;

/// What `node_cache` says where there is none.
const NONE: &str = "none";
/// The most questions a second that are taken for a rate.
const RATE_MAX: f64 = 1e9;
/// The highest chance of loss: of ten datagrams, one arrives.
const LOSS_MAX: f64 = 0.9;
/// The most addresses of an answer: what fits a message over TCP (RFC 1035, section 4.2.2).
const ADDRESSES_MAX: i64 = 4000;
/// The longest name, and the longest part of it (RFC 1035, section 2.3.4), in bytes.
const NAME_MAX: usize = 253;
const LABEL_MAX: usize = 63;

/// A request of nothing, with every default.
pub(super) fn nobody() -> Request {
    let pod = Resolver::of_pod("default", "cluster.local");
    Request {
        service: String::new(),
        name: String::new(),
        namespace: "default".into(),
        message: Bytes::kib(1),
        ndots: pod.ndots,
        order: pod.order,
        timeout_s: pod.timeout_s,
        attempts: pod.attempts,
        dns: "kube-dns".into(),
        node_cache: None,
        node_hz: 1.0,
        others_hz: 0.0,
        loss: 0.0,
        addresses: 1,
    }
}

/// The request, if it names a Service; the name that is looked up is the Service's own where no
/// other is given.
pub(super) fn finish(mut request: Request) -> Result<Request, Field> {
    if request.service.is_empty() {
        return Err(Field::RequestService);
    }
    if request.name.is_empty() {
        request.name.clone_from(&request.service);
    }
    Ok(request)
}

/// Sets one field.
pub(super) fn assign(request: &mut Request, field: Field, value: &Scalar) -> Result<(), Problem> {
    match field {
        Field::RequestService => request.service = word(value)?.to_owned(),
        Field::RequestName => request.name = domain_name(value)?,
        Field::RequestNamespace => request.namespace = label(value)?,
        Field::RequestMessage => request.message = size(value)?,
        Field::RequestNdots => request.ndots = from_zero(value, NDOTS_MAX)?,
        Field::RequestOrder => {
            let orders =
                [("parallel", Order::Parallel), ("serial", Order::Serial), ("ipv4", Order::OnlyV4)];
            request.order = one_of(value, orders)?;
        }
        Field::RequestTimeout => request.timeout_s = whole_seconds(value)?,
        Field::RequestAttempts => {
            request.attempts = count(value, i64::from(ATTEMPTS_MAX))? as u32;
        }
        Field::RequestDns => request.dns = word(value)?.to_owned(),
        Field::RequestNodeCache => {
            request.node_cache = Some(word(value)?).filter(|n| *n != NONE).map(str::to_owned);
        }
        Field::RequestNodeRate => request.node_hz = ratio(value, RATE_MAX)?,
        Field::RequestOthersRate => request.others_hz = ratio(value, RATE_MAX)?,
        Field::RequestLoss => request.loss = ratio(value, LOSS_MAX)?,
        Field::RequestAddresses => request.addresses = count(value, ADDRESSES_MAX)? as u32,
        other => unreachable!("{} is no field of a request", other.name()),
    }
    Ok(())
}

/// Puts `[request]` before the one transfer of the experiment; where workloads start transfers,
/// before each of them.
pub(super) fn put_into(
    drafts: &mut [Draft],
    raw: &RawRequest,
    over_time: bool,
    source: &Arc<Source>,
) -> Result<(), InputError> {
    if drafts.is_empty() || drafts.len() != 1 && !over_time {
        let problem = Problem::new("there are several transfers", "one [transfer]: the reply");
        return Err(problem.at("request", source, place(raw)));
    }
    for draft in drafts {
        draft.request = Some(nobody());
        for (field, value) in raw.fields() {
            if let Some(value) = value {
                let wrong = |problem: Problem| problem.at(field.name(), source, value.span());
                draft.assign(field, value.get_ref()).map_err(wrong)?;
            }
        }
    }
    Ok(())
}

/// Where a request stands: its first field.
fn place(raw: &RawRequest) -> std::ops::Range<usize> {
    let spans = raw.fields().into_iter().filter_map(|(_, value)| Some(value.as_ref()?.span()));
    spans.min_by_key(|span| span.start).unwrap_or(0..0)
}

impl RawRequest {
    /// Every field with what the file says of it.
    pub(super) fn fields(&self) -> [(Field, &Option<Spanned<Scalar>>); 14] {
        [
            (Field::RequestService, &self.service),
            (Field::RequestName, &self.name),
            (Field::RequestNamespace, &self.namespace),
            (Field::RequestMessage, &self.message),
            (Field::RequestNdots, &self.ndots),
            (Field::RequestOrder, &self.order),
            (Field::RequestTimeout, &self.timeout),
            (Field::RequestAttempts, &self.attempts),
            (Field::RequestDns, &self.dns),
            (Field::RequestNodeCache, &self.node_cache),
            (Field::RequestNodeRate, &self.node_rate),
            (Field::RequestOthersRate, &self.others_rate),
            (Field::RequestLoss, &self.loss),
            (Field::RequestAddresses, &self.addresses),
        ]
    }
}

/// A name of labels with dots between, and perhaps one behind.
fn domain_name(value: &Scalar) -> Result<String, Problem> {
    let name = word(value)?;
    let mut labels = name.strip_suffix('.').unwrap_or(name).split('.');
    match name.len() <= NAME_MAX && labels.all(is_label) {
        true => Ok(name.to_owned()),
        false => {
            let help = "letters, digits and `-` between dots, as in `infer.shop`";
            Err(Problem::new(format!("`{value}` is no name of a host"), help))
        }
    }
}

fn label(value: &Scalar) -> Result<String, Problem> {
    match word(value)? {
        name if is_label(name) => Ok(name.to_owned()),
        _ => Err(Problem::new(format!("`{value}` is no namespace"), "letters, digits and `-`")),
    }
}

fn is_label(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (1..=LABEL_MAX).contains(&text.len()) && text.chars().all(plain)
}

/// A whole number from zero to `max`.
fn from_zero(value: &Scalar, max: u32) -> Result<u32, Problem> {
    match value {
        Scalar::Integer(number) if (0..=i64::from(max)).contains(number) => Ok(*number as u32),
        _ => {
            let help = format!("an integer from 0 to {max}, without quotes");
            Err(Problem::new(format!("`{value}` is not possible"), help))
        }
    }
}

/// Whole seconds, as `resolv.conf` has them.
fn whole_seconds(value: &Scalar) -> Result<u32, Problem> {
    let Scalar::Text(text) = value else {
        let problem = format!("{} stands where a time is due", value.kind());
        return Err(Problem::new(problem, "whole seconds with their unit: \"5 s\""));
    };
    let seconds = parse_time(text)?.as_seconds();
    match seconds.fract() == 0.0 && (1.0..=f64::from(TIMEOUT_MAX_S)).contains(&seconds) {
        true => Ok(seconds as u32),
        false => {
            let help = format!("1 to {TIMEOUT_MAX_S} whole seconds");
            Err(Problem::new(format!("`{value}` is not possible"), help))
        }
    }
}

/// A number from zero to `max`.
fn ratio(value: &Scalar, max: f64) -> Result<f64, Problem> {
    let number = match value {
        Scalar::Integer(number) => Some(*number as f64),
        Scalar::Float(number) => Some(*number),
        Scalar::Text(_) | Scalar::Boolean(_) => None,
    };
    let help = || format!("a number from 0 to {max}");
    let wrong = || Problem::new(format!("`{value}` is not possible"), help());
    number.filter(|number| (0.0..=max).contains(number)).ok_or_else(wrong)
}
