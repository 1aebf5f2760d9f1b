//! A transfer whose fields can be set one by one: from its table, by a sweep, or by an argument.

use std::ops::Range;

use models::gpu::execute::Level;
use models::gpu::kernel::{Kernel, Precision};
use models::gpu::launches::Launches;
use models::pattern::{Pattern, Shape};
use models::quantity::parse_bytes;
use models::transfer::{Connection, HostMemory, Mode, Transfer, Transport};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value, json};
use sim::{Bytes, Rate, Time};

use super::field::{Field, Fields, Is, List, Rows, Written, amount, bytes, fields, name, number};
use super::field::{bandwidth, size, size_or, span, text, text_or, whole, words};
use super::group::GroupFields;
use super::pattern::PatternFields;
use super::problem::Problem;
use super::request::RequestFields;
use super::scalar::Scalar;

/// The most parallel connections of one transfer, and the most buffers of one side.
const COUNT_MAX: i64 = 1024;
/// The most work of one kernel \[flop\]: a day at an exaflop a second.
const FLOP_MAX: f64 = 1e23;
/// The most threads of one kernel: a grid of 2^31 − 1 blocks.
const THREADS_MAX: i64 = ((1 << 31) - 1) * BLOCK_MAX;
/// The most kernels that run one after another.
const KERNELS_MAX: i64 = 1_000_000;
/// The most threads of a block.
const BLOCK_MAX: i64 = 1024;

fields! {
    /// A result that travels from one place to another.
    TransferFields: Transfer "";

    /// Its name, needed only where there are several.
    name: Option<String> = name(Is::Name);
    /// Where the result lies: a GPU (device memory) or a pod (its host memory); `@first` and
    /// `@last` are the first and the last GPU of a topology that a pod holds.
    from: Option<String> = text(Is::Word);
    /// Where it is wanted: a GPU, a pod, or a Service.
    to: Option<String> = text(Is::Word);
    /// The Service by whose address the receiving pod is reached; `direct` (default): none.
    via: Option<String> = text_or(&["direct"]), "direct";
    /// The size of the result over all streams: `"1 MiB"`.
    message: Option<Bytes> = size();
    /// Bytes per system call; with UDP, the payload of a datagram. Default: one call for all, and
    /// datagrams as large as TCP segments.
    write: Option<Bytes> = size();
    /// A reply that the receiver sends once it has the message: `"1 B"`. Completion is then a round
    /// trip. `none` (default): none.
    reply: Option<Bytes> = size_or(&["none"]), "none";
    /// `tcp` (default) or `udp`.
    transport: Transport = words(&["tcp", "udp"]), "tcp";
    /// Parallel connections, 1 to 1024. Default 1.
    streams: u32 = whole(1, COUNT_MAX), "1";
    /// `serial` (default): stages one after another; `overlapped`: chunk by chunk at once;
    /// `rdma`: likewise, and NICs read and write the pods' host memory, past their sockets;
    /// `gpudirect`: the NIC reads and writes device memory.
    mode: ModeName = words(&["serial", "overlapped", "rdma", "gpudirect"]), "serial";
    /// The size of a chunk where the mode is `overlapped` or `rdma`. Default `"1 MiB"`.
    chunk: Bytes = size().of_chunks(), "1 MiB";
    /// Buffers a side where the mode is `overlapped` or `rdma`, 1 to 1024. Default 2.
    buffers: u32 = whole(1, COUNT_MAX).of_chunks(), "2";
    /// The host buffer of device copies: `pinned` (default), `pageable`, `untouched` (pageable and
    /// never written), or `mapped` (pinned, and a kernel loads from it and stores to it in the
    /// place of the copy engine).
    host_memory: HostMemory = words(&["pinned", "pageable", "untouched", "mapped"]), "pinned";
    /// `warm` (default): open, its window grown; `new`: to be opened, from slow start.
    connection: Connection = words(&["warm", "new"]), "warm";
}

fields! {
    /// What few transfers say.
    RareFields: Rare "";

    /// The rate at which the application offers datagrams, as `iperf3 -u -b`: `"300 Mbit/s"`, over
    /// all streams together. Default: as fast as its socket takes them.
    offered: Option<Rate> = bandwidth();
    /// What encoding and decoding move at each end, where the message is marshalled (gRPC,
    /// protobuf, JSON): `"1 GB/s"`. Default: it is sent as it lies in memory.
    marshalled: Option<Rate> = bandwidth();
}

fields! {
    /// The kernel that makes the result of a transfer.
    KernelFields: Kernel "";

    /// Bytes that the kernel which makes the result reads from device memory: `"1 GiB"`. Where no
    /// field of the kernel is given, the result is there when the transfer begins.
    kernel_read: Bytes = bytes(), "0 B";
    /// Bytes that the kernel writes. Default `"0 B"`.
    kernel_written: Bytes = bytes(), "0 B";
    /// Floating-point operations of the kernel; a fused multiply-add counts two. Default 0.
    kernel_flop: f64 = number(FLOP_MAX), "0";
    /// The precision of these operations: `single` (default) or `double`.
    kernel_precision: Precision = words(&["single", "double"]), "single";
    /// Threads of the kernel. Where they are given the grid runs block by block on the GPU's
    /// execution model; else the kernel takes what memory and arithmetic take at their peaks.
    kernel_threads: Option<u64> = whole(1, THREADS_MAX);
    /// Threads of a block, 1 to 1024. Default 256.
    kernel_block: u32 = whole(1, BLOCK_MAX), "256";
    /// How the kernel is launched where `mode` is `overlapped`: `once` (default), so that all of
    /// the result is there before any of it is copied, `per-chunk`, or as a `graph` of one kernel
    /// per chunk.
    kernel_launch: Launches = words(&["once", "per-chunk", "graph"]).of_chunks(), "once";
    /// How many such kernels run one after another, 1 to 1000000: each of them reads, writes and
    /// computes what is said here. Where `kernel_launch` is `graph`, they are one graph. Default 1.
    kernel_count: u32 = whole(1, KERNELS_MAX), "1";
    /// What the host's own code takes from one launch to the next, at least. Default `"0 s"`.
    kernel_host_time: Time = span(), "0 s";
    /// How finely the kernel's grid is run: `kernel` (one equation), `cohort` (default: blocks
    /// that start together) or `warp` (every warp; at most 4194304 of them).
    kernel_level: Level = words(&["kernel", "cohort", "warp"]), "cohort";
}

/// The names of modes in files and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ModeName {
    Serial,
    Overlapped,
    Rdma,
    GpuDirect,
}

/// A transfer that may still lack fields; all others hold their defaults.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    pub(crate) name: String,
    fields: TransferFields,
    rare: RareFields,
    pattern: PatternFields,
    kernel: KernelFields,
    group: GroupFields,
    /// How the result was asked for, if it was.
    pub(crate) request: Option<RequestFields>,
}

/// A table `[transfer]`.
#[derive(Debug)]
pub(crate) struct TransferTable;

impl Rows for TransferTable {
    const ABOUT: &'static str = TransferFields::DOC;
    const LISTS: &'static [&'static [Field]] = &[
        TransferFields::FIELDS,
        RareFields::FIELDS,
        PatternFields::FIELDS,
        GroupFields::FIELDS,
        KernelFields::FIELDS,
    ];
}

impl Field {
    /// Every field that a sweep may vary of a transfer, its kernel and the request for it.
    pub(crate) fn of_transfers() -> impl Iterator<Item = &'static Field> + Clone {
        let lists = [
            TransferFields::FIELDS,
            RareFields::FIELDS,
            PatternFields::FIELDS,
            GroupFields::FIELDS,
            KernelFields::FIELDS,
            RequestFields::FIELDS,
        ];
        lists.into_iter().flatten().filter(|field| field.is_swept())
    }

    /// The one of that name.
    pub(crate) fn named(name: &str) -> Option<&'static Field> {
        Field::of_transfers().find(|field| field.name == name)
    }
}

impl Draft {
    /// A transfer with every default and no ends.
    pub(crate) fn new(name: String) -> Draft {
        Draft { name, ..Draft::default() }
    }

    /// Sets one field.
    ///
    /// # Errors
    /// If the value is of the wrong type, has a wrong unit, or is out of range.
    pub(crate) fn assign(
        &mut self,
        field: &Field,
        value: &Scalar,
        span: &Range<usize>,
    ) -> Result<(), Problem> {
        match field.list {
            List::Rare => self.rare.set(field, value, span),
            List::Kernel => self.kernel.set(field, value, span),
            List::Pattern => self.pattern.set(field, value, span),
            List::Group => self.group.set(field, value, span),
            List::Request => self.request.get_or_insert_default().set(field, value, span),
            _ => self.fields.set(field, value, span),
        }
    }

    /// Its fields that something was written of.
    pub(crate) fn written(&self) -> impl Iterator<Item = (&'static Field, &Written)> {
        let own = self.fields.written().chain(self.rare.written());
        let own = own.chain(self.pattern.written()).chain(self.group.written());
        let own = own.chain(self.kernel.written());
        own.chain(self.request.iter().flat_map(Fields::written))
    }

    /// Whether it is a collective.
    pub(crate) fn is_group(&self) -> bool {
        self.group.is_some()
    }

    /// The pattern of traffic that it is, if it is one.
    pub(super) fn pattern(&self) -> Option<Pattern> {
        self.pattern.finish()
    }

    /// Whether it is a pattern of traffic.
    pub(crate) fn is_pattern(&self) -> bool {
        self.pattern.pattern.value.is_some()
    }

    /// Whether chunks take turns on the stages.
    pub(crate) fn is_overlapped(&self) -> bool {
        matches!(self.fields.mode.value, ModeName::Overlapped | ModeName::Rdma)
    }

    /// Whether there is more than one launch: by chunks, or of several kernels in a row.
    pub(crate) fn has_launches(&self) -> bool {
        self.is_overlapped() || self.kernel.kernel_count.value > 1
    }

    /// Whether a field of chunks has an effect.
    pub(crate) fn uses(&self, field: &Field) -> bool {
        match field.name {
            "kernel_launch" => self.has_launches(),
            _ => !field.within.of_chunks || self.is_overlapped(),
        }
    }

    /// The kernel, once one of its fields is set; without chunks there is nothing to launch it by.
    fn kernel(&self) -> Option<Kernel> {
        let fields = &self.kernel;
        fields.written().next()?;
        Some(Kernel {
            read: fields.kernel_read.value,
            written: fields.kernel_written.value,
            flop: fields.kernel_flop.value,
            precision: fields.kernel_precision.value,
            threads: fields.kernel_threads.value.unwrap_or(Kernel::IDLE.threads),
            block: fields.kernel_block.value,
            launches: fields.kernel_launch.value,
            count: fields.kernel_count.value,
            host_time: fields.kernel_host_time.value,
            level: fields.kernel_level.value,
            accesses: None,
        })
    }

    /// The transfer, if nothing is missing; else the name of the field that is.
    pub(crate) fn finish(&self) -> Result<Transfer, &'static str> {
        let fields = &self.fields;
        if let Some(group) = self.group.finish(fields.message.value) {
            return group;
        }
        // Without chunks and with one kernel alone there is nothing to launch by.
        let launches = |kernel: Kernel| match self.has_launches() {
            true => kernel,
            false => Kernel { launches: Launches::Once, ..kernel },
        };
        let pattern = self.pattern();
        let shape = pattern.as_ref().map(|pattern| pattern.shape);
        // The members of a pattern are its ends; an incast has a receiver.
        let end = |given: &Option<String>, is_idle: bool, name| match (given, is_idle) {
            (_, true) => Ok(String::new()),
            (given, false) => given.clone().ok_or(name),
        };
        Ok(Transfer {
            from: end(&fields.from.value, shape.is_some(), "from")?,
            to: end(&fields.to.value, shape.is_some_and(|shape| shape != Shape::Incast), "to")?,
            via: fields.via.value.clone(),
            kernel: self.kernel().map(launches),
            request: self.request.as_ref().map(RequestFields::finish).transpose()?,
            message: fields.message.value.ok_or("message")?,
            write: fields.write.value,
            reply: fields.reply.value,
            transport: fields.transport.value,
            offered: self.rare.offered.value,
            marshalled: self.rare.marshalled.value,
            streams: fields.streams.value,
            mode: match fields.mode.value {
                ModeName::Serial => Mode::Serial,
                ModeName::GpuDirect => Mode::GpuDirect,
                ModeName::Overlapped => {
                    Mode::Overlapped { chunk: fields.chunk.value, buffers: fields.buffers.value }
                }
                ModeName::Rdma => {
                    Mode::Rdma { chunk: fields.chunk.value, buffers: fields.buffers.value }
                }
            },
            host_memory: fields.host_memory.value,
            connection: fields.connection.value,
            group: None,
            pattern: pattern.map(Box::new),
        })
    }

    /// Its cells in the columns that every table of results has: empty where a field does not
    /// apply, or says that there is none.
    pub(crate) fn cells(&self) -> Vec<String> {
        let own = self.fields.said().filter(|(field, _)| field.column().is_some());
        let cell = |(field, said): (&Field, Option<Scalar>)| match said {
            _ if !self.uses(field) => String::new(),
            _ if self.is_group() && field.name != "message" => String::new(),
            Some(value) if field.is.is_amount() => {
                amount(&value).map_or(String::new(), |bytes| bytes.get().to_string())
            }
            Some(value) if !says_none(field, &value) => value.to_string(),
            _ => String::new(),
        };
        own.map(cell).collect()
    }
}

/// Whether a value is the word that says that there is none.
fn says_none(field: &Field, value: &Scalar) -> bool {
    matches!(field.within.words, [none] if *value == Scalar::Text((*none).into()))
}

/// As the manifest tells it: every field under its name, then kernel and request as they are run.
impl Serialize for Draft {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut told = Map::new();
        told.insert("name".into(), self.name.clone().into());
        for (field, said) in self.fields.said().filter(|(field, _)| field.is_swept()) {
            let value = match said {
                Some(value) if field.is.is_amount() => amount(&value).ok().map(exact).into(),
                Some(value) if !says_none(field, &value) => json!(value),
                _ => Value::Null,
            };
            told.insert(field.name.into(), value);
        }
        told.insert("kernel".into(), json!(self.kernel()));
        if self.is_group() {
            told.insert("group".into(), json!(self.finish().ok().and_then(|all| all.group)));
        }
        if let Some(pattern) = self.pattern() {
            told.insert("pattern".into(), json!(pattern));
        }
        told.insert("request".into(), json!(self.request.as_ref().map(RequestFields::run)));
        told.serialize(out)
    }
}

/// An amount as text that reads back to the same amount.
pub(crate) fn exact(bytes: Bytes) -> String {
    let text = bytes.to_string();
    if parse_bytes(&text) == Ok(bytes) { text } else { format!("{} B", bytes.get()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_judged_by_their_field() {
        let text = |t: &str| Scalar::Text(t.into());
        let cases = [
            ("message", text("0 B"), "is zero"),
            ("message", Scalar::Integer(4096), "an integer stands where a size is due"),
            ("streams", Scalar::Integer(-1), "`-1` is not possible"),
            ("streams", text("eight"), "`eight` is not possible"),
            ("mode", text("overlaped"), "`overlaped` is not possible"),
            ("from", text(" "), "` ` is not a name"),
        ];
        for (name, value, problem) in cases {
            let field = Field::named(name).expect("a field");
            let error = Draft::default().assign(field, &value, &(0..0)).unwrap_err();
            assert_eq!(error.problem, problem, "{name} = {value}");
        }
    }

    #[test]
    fn a_kernel_of_which_nothing_is_said_is_idle() {
        let mut draft = Draft::default();
        assert_eq!(draft.kernel(), None);
        let flop = Field::named("kernel_flop").expect("a field");
        draft.assign(flop, &Scalar::Integer(0), &(0..0)).expect("possible");
        assert_eq!(draft.kernel(), Some(Kernel::IDLE));
    }

    #[test]
    fn amounts_print_as_what_reads_back() {
        assert_eq!(exact(Bytes::mib(1)), "1 MiB");
        assert_eq!(exact(Bytes::new(1_234_567)), "1234567 B");
    }
}
