//! A transfer whose fields can be set one by one, by name: from its table, by a sweep, or by an
//! argument. One list of fields, [`Field::ALL`], serves all three, and the columns of results.

use models::gpu::kernel::{Kernel, Launches};
use models::input::suggest;
use models::quantity::parse_bytes;
use models::transfer::{Connection, HostMemory, Mode, Request, Transfer, Transport};
use serde::Serialize;
use sim::Bytes;

use super::problem::Problem;
use super::scalar::Scalar;
use super::{kernel, request};

/// The most parallel connections of one transfer, and the most buffers of one side.
const COUNT_MAX: i64 = 1024;
/// What `via` says where there is no Service on the way.
const DIRECT: &str = "direct";

/// A field of a transfer, under the name it has in an experiment file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
    From,
    To,
    Via,
    Message,
    Write,
    Reply,
    Transport,
    Streams,
    Mode,
    Chunk,
    Buffers,
    HostMemory,
    Connection,
    KernelRead,
    KernelWritten,
    KernelFlop,
    KernelPrecision,
    KernelThreads,
    KernelBlock,
    KernelLaunch,
    KernelLevel,
    RequestService,
    RequestName,
    RequestNamespace,
    RequestMessage,
    RequestNdots,
    RequestOrder,
    RequestTimeout,
    RequestAttempts,
    RequestDns,
    RequestNodeCache,
    RequestNodeRate,
    RequestOthersRate,
    RequestLoss,
    RequestAddresses,
}

impl Field {
    /// Every field with its name in files.
    pub(crate) const ALL: [(Field, &'static str); 35] = [
        (Field::From, "from"),
        (Field::To, "to"),
        (Field::Via, "via"),
        (Field::Message, "message"),
        (Field::Write, "write"),
        (Field::Reply, "reply"),
        (Field::Transport, "transport"),
        (Field::Streams, "streams"),
        (Field::Mode, "mode"),
        (Field::Chunk, "chunk"),
        (Field::Buffers, "buffers"),
        (Field::HostMemory, "host_memory"),
        (Field::Connection, "connection"),
        (Field::KernelRead, "kernel_read"),
        (Field::KernelWritten, "kernel_written"),
        (Field::KernelFlop, "kernel_flop"),
        (Field::KernelPrecision, "kernel_precision"),
        (Field::KernelThreads, "kernel_threads"),
        (Field::KernelBlock, "kernel_block"),
        (Field::KernelLaunch, "kernel_launch"),
        (Field::KernelLevel, "kernel_level"),
        (Field::RequestService, "request.service"),
        (Field::RequestName, "request.name"),
        (Field::RequestNamespace, "request.namespace"),
        (Field::RequestMessage, "request.message"),
        (Field::RequestNdots, "request.ndots"),
        (Field::RequestOrder, "request.order"),
        (Field::RequestTimeout, "request.timeout"),
        (Field::RequestAttempts, "request.attempts"),
        (Field::RequestDns, "request.dns"),
        (Field::RequestNodeCache, "request.node_cache"),
        (Field::RequestNodeRate, "request.node_rate"),
        (Field::RequestOthersRate, "request.others_rate"),
        (Field::RequestLoss, "request.loss"),
        (Field::RequestAddresses, "request.addresses"),
    ];

    /// The field of that name.
    pub(crate) fn named(name: &str) -> Option<Field> {
        Field::ALL.iter().find(|(_, known)| *known == name).map(|(field, _)| *field)
    }

    /// Whether it is one of `[request]`, whose names have that in front.
    pub(crate) fn is_of_request(self) -> bool {
        self >= Field::RequestService
    }

    /// Whether it is about the kernel that makes the result.
    pub(crate) fn is_of_kernel(self) -> bool {
        (Field::KernelRead..=Field::KernelLevel).contains(&self)
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        Field::ALL[self as usize].1
    }
}

/// The names of modes in files and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ModeName {
    Serial,
    Overlapped,
    GpuDirect,
}

/// A transfer that may still lack fields; all others hold their defaults.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    /// The Service through which the receiver is addressed; none: directly.
    pub(crate) via: Option<String>,
    #[serde(serialize_with = "as_text")]
    pub(crate) message: Option<Bytes>,
    /// Bytes per system call, or of a datagram.
    #[serde(serialize_with = "as_text")]
    pub(crate) write: Option<Bytes>,
    /// What the receiver sends back.
    #[serde(serialize_with = "as_text")]
    pub(crate) reply: Option<Bytes>,
    pub(crate) transport: Transport,
    pub(crate) streams: u32,
    pub(crate) mode: ModeName,
    #[serde(serialize_with = "as_text")]
    pub(crate) chunk: Option<Bytes>,
    pub(crate) buffers: u32,
    pub(crate) host_memory: HostMemory,
    pub(crate) connection: Connection,
    /// The kernel that makes the result, once one of its fields is set.
    pub(crate) kernel: Option<Kernel>,
    /// How the result was asked for, once one of its fields is set.
    pub(crate) request: Option<Request>,
}

fn as_text<S: serde::Serializer>(bytes: &Option<Bytes>, out: S) -> Result<S::Ok, S::Error> {
    bytes.map(exact).serialize(out)
}

/// An amount as text that reads back to the same amount.
pub(crate) fn exact(bytes: Bytes) -> String {
    let text = bytes.to_string();
    if parse_bytes(&text) == Ok(bytes) { text } else { format!("{} B", bytes.get()) }
}

impl Draft {
    /// A transfer with every default and no ends.
    pub(crate) fn new(name: impl Into<String>) -> Draft {
        Draft {
            name: name.into(),
            from: None,
            to: None,
            via: None,
            message: None,
            write: None,
            reply: None,
            transport: Transport::Tcp,
            streams: 1,
            mode: ModeName::Serial,
            chunk: Some(Bytes::mib(1)),
            buffers: 2,
            host_memory: HostMemory::Pinned,
            connection: Connection::Warm,
            kernel: None,
            request: None,
        }
    }

    /// Sets one field.
    ///
    /// # Errors
    /// If the value is of the wrong type, has a wrong unit, or is out of range.
    pub(crate) fn assign(&mut self, field: Field, value: &Scalar) -> Result<(), Problem> {
        match field {
            Field::From => self.from = Some(word(value)?.to_owned()),
            Field::To => self.to = Some(word(value)?.to_owned()),
            Field::Via => {
                self.via = Some(word(value)?).filter(|via| *via != DIRECT).map(str::to_owned);
            }
            Field::Message => self.message = Some(size(value)?),
            Field::Write => self.write = Some(size(value)?),
            Field::Reply => self.reply = Some(size(value)?),
            Field::Chunk => self.chunk = Some(size(value)?),
            Field::Streams => self.streams = count(value, COUNT_MAX)? as u32,
            Field::Buffers => self.buffers = count(value, COUNT_MAX)? as u32,
            Field::Transport => {
                self.transport = one_of(value, [("tcp", Transport::Tcp), ("udp", Transport::Udp)])?;
            }
            Field::Mode => self.mode = mode(value)?,
            Field::HostMemory => {
                let kinds = [
                    ("pinned", HostMemory::Pinned),
                    ("pageable", HostMemory::Pageable),
                    ("untouched", HostMemory::Untouched),
                ];
                self.host_memory = one_of(value, kinds)?;
            }
            Field::Connection => {
                let states = [("warm", Connection::Warm), ("new", Connection::New)];
                self.connection = one_of(value, states)?;
            }
            of_kernel if of_kernel.is_of_kernel() => {
                kernel::assign(self.kernel.get_or_insert(Kernel::IDLE), of_kernel, value)?;
            }
            of_request => {
                let request = self.request.get_or_insert_with(request::nobody);
                request::assign(request, of_request, value)?;
            }
        }
        Ok(())
    }

    /// The kernel; without chunks there is nothing to launch it by.
    fn launched(&self) -> Option<Kernel> {
        let launches = |kernel: &Kernel| match self.mode {
            ModeName::Overlapped => kernel.launches,
            ModeName::Serial | ModeName::GpuDirect => Launches::Once,
        };
        self.kernel.as_ref().map(|kernel| Kernel { launches: launches(kernel), ..*kernel })
    }

    /// The transfer, if nothing is missing; else the field that is.
    pub(crate) fn finish(&self) -> Result<Transfer, Field> {
        Ok(Transfer {
            from: self.from.clone().ok_or(Field::From)?,
            to: self.to.clone().ok_or(Field::To)?,
            via: self.via.clone(),
            kernel: self.launched(),
            request: self.request.clone().map(request::finish).transpose()?,
            message: self.message.ok_or(Field::Message)?,
            write: self.write,
            reply: self.reply,
            transport: self.transport,
            streams: self.streams,
            mode: match self.mode {
                ModeName::Serial => Mode::Serial,
                ModeName::GpuDirect => Mode::GpuDirect,
                ModeName::Overlapped => Mode::Overlapped {
                    chunk: self.chunk.ok_or(Field::Chunk)?,
                    buffers: self.buffers,
                },
            },
            host_memory: self.host_memory,
            connection: self.connection,
        })
    }
}

fn mode(value: &Scalar) -> Result<ModeName, Problem> {
    let modes = [
        ("serial", ModeName::Serial),
        ("overlapped", ModeName::Overlapped),
        ("gpudirect", ModeName::GpuDirect),
    ];
    one_of(value, modes)
}

/// A word that is one of a closed set.
pub(crate) fn one_of<T: Copy, const N: usize>(
    value: &Scalar,
    known: [(&'static str, T); N],
) -> Result<T, Problem> {
    let names = known.map(|(name, _)| name);
    let found = match value {
        Scalar::Text(text) => known.iter().find(|(name, _)| name == text).map(|(_, it)| *it),
        _ => None,
    };
    found.ok_or_else(|| {
        Problem::new(format!("`{value}` is not possible"), suggest(&value.to_string(), names))
    })
}

/// A name of something: text that is not empty.
pub(crate) fn word(value: &Scalar) -> Result<&str, Problem> {
    match value {
        Scalar::Text(text) if !text.trim().is_empty() => Ok(text),
        _ => Err(Problem::new(format!("`{value}` is not a name"), "a name in quotes")),
    }
}

/// A whole number from one to `max`.
pub(crate) fn count(value: &Scalar, max: i64) -> Result<i64, Problem> {
    match value {
        Scalar::Integer(number) if (1..=max).contains(number) => Ok(*number),
        _ => {
            let help = format!("an integer from 1 to {max}, without quotes");
            Err(Problem::new(format!("`{value}` is not possible"), help))
        }
    }
}

/// An amount of data above zero.
pub(super) fn size(value: &Scalar) -> Result<Bytes, Problem> {
    match amount(value)? {
        Bytes::ZERO => Err(Problem::new("is zero", "at least \"1 B\"")),
        bytes => Ok(bytes),
    }
}

/// An amount of data.
pub(crate) fn amount(value: &Scalar) -> Result<Bytes, Problem> {
    let Scalar::Text(text) = value else {
        let problem = format!("{} stands where a size is due", value.kind());
        return Err(Problem::new(problem, format!("text with a unit: \"{value} B\" or \"4 KiB\"")));
    };
    Ok(parse_bytes(text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_fields_is_in_the_order_of_the_enum() {
        for (at, (field, name)) in Field::ALL.into_iter().enumerate() {
            assert_eq!(field as usize, at);
            assert_eq!(Field::named(name), Some(field));
        }
    }

    #[test]
    fn values_are_judged_by_their_field() {
        let text = |t: &str| Scalar::Text(t.into());
        let cases = [
            (Field::Message, text("0 B"), "is zero"),
            (Field::Message, Scalar::Integer(4096), "an integer stands where a size is due"),
            (Field::Streams, Scalar::Integer(-1), "`-1` is not possible"),
            (Field::Streams, text("eight"), "`eight` is not possible"),
            (Field::Mode, text("overlaped"), "`overlaped` is not possible"),
            (Field::From, text(" "), "` ` is not a name"),
        ];
        for (field, value, problem) in cases {
            let error = Draft::new("t").assign(field, &value).unwrap_err();
            assert_eq!(error.problem, problem, "{field:?} = {value}");
        }
    }

    #[test]
    fn amounts_print_as_what_reads_back() {
        assert_eq!(exact(Bytes::mib(1)), "1 MiB");
        assert_eq!(exact(Bytes::new(1_234_567)), "1234567 B");
    }
}
