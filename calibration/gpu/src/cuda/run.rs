//! Doing work once, by the timer it asks for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cudarc::driver::sys::{self, CUevent_flags, CUgraphInstantiate_flags, CUstreamCaptureMode};
use cudarc::driver::{
    CudaContext, CudaEvent, CudaFunction, CudaGraph, CudaStream, LaunchConfig, PushKernelArg,
};

use super::super::GpuError;
use super::super::work::{Launch, ProbeStep, ProbeWork, Timer};
use super::{State, residency};

/// How long anything may take: a hundred times the longest that is asked for.
const DEADLINE: Duration = Duration::from_secs(20);

/// A step with its stream, its kernel and its addresses looked up: nothing but the call is left.
enum Ready {
    Launch(Call),
    Graph(CudaGraph),
    Copy {
        stream: Arc<CudaStream>,
        from: u64,
        to: u64,
        bytes: usize,
    },
    /// In whichever stream: it has come to its end when the call returns.
    BlockingCopy {
        context: Arc<CudaContext>,
        from: u64,
        to: u64,
        bytes: usize,
    },
    Record {
        stream: Arc<CudaStream>,
        event: Arc<CudaEvent>,
    },
    Wait {
        stream: Arc<CudaStream>,
        event: Arc<CudaEvent>,
    },
}

/// The events that lanes record and wait for, by number.
type Marks = BTreeMap<u32, Arc<CudaEvent>>;

/// A kernel with its arguments.
struct Call {
    stream: Arc<CudaStream>,
    kernel: CudaFunction,
    launch: Launch,
    shared: u32,
    memory: u64,
    out: u64,
}

impl State {
    /// Loads and allocates everything that `work` needs.
    pub(super) fn ready(&mut self, work: &ProbeWork) -> Result<(), GpuError> {
        self.memory.ready(work)?;
        if let Some(before) = &work.before {
            let stream = self.stream(0, 0)?;
            self.call(0, stream, *before)?;
        }
        self.prepare_all(work).map(drop)
    }

    pub(super) fn time(&mut self, work: &ProbeWork) -> Result<f64, GpuError> {
        self.memory.ready(work)?;
        if let Some(before) = &work.before {
            let stream = self.stream(0, 0)?;
            self.call(0, Arc::clone(&stream), *before)?.go()?;
            wait(&[ended(&stream)?], "the kernel that prepares memory")?;
        }
        let (streams, steps) = self.prepare_all(work)?;
        self.memory.clear()?;
        match work.timer {
            Timer::Host => {
                // What has ended when its call returns needs no event to tell.
                let streams = if work.blocks() { &[][..] } else { &streams[..] };
                let ends = events(streams)?;
                let begin = Instant::now();
                go_all(&steps)?;
                record(&ends, streams)?;
                wait(&ends, "kernels and copies")?;
                Ok(begin.elapsed().as_secs_f64())
            }
            Timer::LastLane => {
                let ends = events(&streams)?;
                let begin = Instant::now();
                go_all(&steps)?;
                record(&ends, &streams)?;
                wait(&ends[ends.len().saturating_sub(1)..], "the last lane")?;
                let seconds = begin.elapsed().as_secs_f64();
                wait(&ends, "kernels and copies beside the last lane")?;
                Ok(seconds)
            }
            Timer::Events => {
                let begins = events(&streams)?;
                let ends = events(&streams)?;
                record(&begins, &streams)?;
                go_all(&steps)?;
                record(&ends, &streams)?;
                wait(&ends, "kernels and copies")?;
                let spans: Result<Vec<f32>, _> =
                    begins.iter().zip(&ends).map(|(begin, end)| begin.elapsed_ms(end)).collect();
                Ok(f64::from(spans?.into_iter().fold(0.0, f32::max)) / 1e3)
            }
            Timer::Cycles | Timer::Count => {
                go_all(&steps)?;
                let ends = events(&streams)?;
                record(&ends, &streams)?;
                wait(&ends, "a kernel that counts")?;
                Ok(self.memory.word()? as f64)
            }
            Timer::FirstStore => {
                let begin = Instant::now();
                go_all(&steps)?;
                while self.memory.word()? == 0 {
                    expired(begin, "the first store of a kernel")?;
                    std::hint::spin_loop();
                }
                let seconds = begin.elapsed().as_secs_f64();
                let ends = events(&streams)?;
                record(&ends, &streams)?;
                wait(&ends, "a kernel that has stored")?;
                Ok(seconds)
            }
        }
    }

    /// The streams of the lanes, and all steps in the order in which they are issued.
    fn prepare_all(
        &mut self,
        work: &ProbeWork,
    ) -> Result<(Vec<Arc<CudaStream>>, Vec<Ready>), GpuError> {
        let mut lanes = Vec::with_capacity(work.lanes.len());
        for (at, lane) in work.lanes.iter().enumerate() {
            let context = self.context(lane.own_context.then_some(at))?;
            lanes.push((context, self.stream(context, at)?));
        }
        let mut marks = Marks::new();
        let mut steps = Vec::new();
        for (lane, at) in work.order() {
            let ((context, stream), step) = (&lanes[lane], &work.lanes[lane].steps[at]);
            steps.push(self.prepare(*context, stream, step, &mut marks)?);
        }
        Ok((lanes.into_iter().map(|(_, stream)| stream).collect(), steps))
    }

    fn call(
        &mut self,
        context: usize,
        stream: Arc<CudaStream>,
        launch: Launch,
    ) -> Result<Call, GpuError> {
        let kernel = self.kernel(context, launch.kernel)?;
        let shared = residency::padding(&self.contexts[context], &kernel, &launch)?;
        let memory = self.memory.address(launch.memory, 0, launch.bytes)?;
        Ok(Call { stream, kernel, launch, shared, memory, out: self.memory.out()? })
    }

    fn prepare(
        &mut self,
        context: usize,
        stream: &Arc<CudaStream>,
        step: &ProbeStep,
        marks: &mut Marks,
    ) -> Result<Ready, GpuError> {
        let stream = Arc::clone(stream);
        Ok(match *step {
            ProbeStep::Launch(launch) => Ready::Launch(self.call(context, stream, launch)?),
            ProbeStep::Graph { launch, nodes } => {
                Ready::Graph(captured(&self.call(context, stream, launch)?, nodes)?)
            }
            ProbeStep::BlockingCopy { from, to, bytes } => Ready::BlockingCopy {
                context: Arc::clone(&self.contexts[context]),
                from: self.memory.address(from, 0, bytes)?,
                to: self.memory.address(to, usize::from(from == to), bytes)?,
                bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
            },
            ProbeStep::Record(number) => {
                Ready::Record { event: mark(marks, number, &stream)?, stream }
            }
            ProbeStep::Wait(number) => Ready::Wait { event: mark(marks, number, &stream)?, stream },
            ProbeStep::Copy { from, to, bytes } => Ready::Copy {
                stream,
                from: self.memory.address(from, 0, bytes)?,
                to: self.memory.address(to, usize::from(from == to), bytes)?,
                bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
            },
        })
    }
}

/// The event of a number, which is made when it is first named.
fn mark(
    marks: &mut Marks,
    number: u32,
    stream: &Arc<CudaStream>,
) -> Result<Arc<CudaEvent>, GpuError> {
    if let Some(event) = marks.get(&number) {
        return Ok(Arc::clone(event));
    }
    let untimed = Some(CUevent_flags::CU_EVENT_DISABLE_TIMING);
    let event = Arc::new(stream.context().new_event(untimed)?);
    marks.insert(number, Arc::clone(&event));
    Ok(event)
}

impl Call {
    #[allow(unsafe_code)]
    fn go(&self) -> Result<(), GpuError> {
        let launch = &self.launch;
        let shape = LaunchConfig {
            grid_dim: (launch.blocks, 1, 1),
            block_dim: (launch.threads, 1, 1),
            shared_mem_bytes: self.shared,
        };
        let words = launch.bytes / 4;
        let mut call = self.stream.launch_builder(&self.kernel);
        call.arg(&self.memory).arg(&self.out).arg(&words).arg(&launch.steps).arg(&launch.stride);
        // SAFETY: every kernel takes these five, and touches `words` 4-byte words at `memory`,
        // which has them, and two 8-byte words at `out`.
        unsafe { call.launch(shape)? };
        Ok(())
    }
}

/// A graph of so many equal calls, each after the one before, on the device and ready to go.
fn captured(call: &Call, nodes: u32) -> Result<CudaGraph, GpuError> {
    let mode = CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
    call.stream.begin_capture(mode)?;
    let called = (0..nodes).try_for_each(|_| call.go());
    // A capture that has begun has to end, whatever came of it.
    let graph = call.stream.end_capture(CUgraphInstantiate_flags(0));
    called?;
    let graph = graph?.ok_or(GpuError::NoGraph)?;
    graph.upload()?;
    wait(&[ended(&call.stream)?], "a graph on its way to the device")?;
    Ok(graph)
}

impl Ready {
    #[allow(unsafe_code)]
    fn go(&self) -> Result<(), GpuError> {
        match self {
            Ready::Launch(call) => call.go()?,
            Ready::Graph(graph) => graph.launch()?,
            Ready::Copy { stream, from, to, bytes } => {
                stream.context().bind_to_thread()?;
                // SAFETY: both areas have `bytes` bytes and live until after the wait; the driver
                // tells from the addresses where they are.
                unsafe { sys::cuMemcpyAsync(*to, *from, *bytes, stream.cu_stream()).result()? };
            }
            Ready::BlockingCopy { context, from, to, bytes } => {
                context.bind_to_thread()?;
                // SAFETY: as above; nothing is under way when the call returns.
                unsafe { sys::cuMemcpy(*to, *from, *bytes).result()? };
            }
            Ready::Record { stream, event } => event.record(stream)?,
            Ready::Wait { stream, event } => stream.wait(event)?,
        }
        Ok(())
    }
}

fn go_all(steps: &[Ready]) -> Result<(), GpuError> {
    steps.iter().try_for_each(Ready::go)
}

fn events(streams: &[Arc<CudaStream>]) -> Result<Vec<CudaEvent>, GpuError> {
    let event = |stream: &Arc<CudaStream>| {
        Ok(stream.context().new_event(Some(CUevent_flags::CU_EVENT_DEFAULT))?)
    };
    streams.iter().map(event).collect()
}

fn record(events: &[CudaEvent], streams: &[Arc<CudaStream>]) -> Result<(), GpuError> {
    let mut pairs = events.iter().zip(streams);
    Ok(pairs.try_for_each(|(event, stream)| event.record(stream))?)
}

/// An event at the end of what is in a stream now.
fn ended(stream: &Arc<CudaStream>) -> Result<CudaEvent, GpuError> {
    Ok(stream.record_event(Some(CUevent_flags::CU_EVENT_DEFAULT))?)
}

/// Polls until all events have happened.
fn wait(events: &[CudaEvent], what: &'static str) -> Result<(), GpuError> {
    let begin = Instant::now();
    for event in events {
        event.context().bind_to_thread()?;
        while !event.try_is_complete()? {
            expired(begin, what)?;
            std::hint::spin_loop();
        }
    }
    Ok(())
}

fn expired(begin: Instant, what: &'static str) -> Result<(), GpuError> {
    match begin.elapsed() > DEADLINE {
        true => Err(GpuError::TimeOut { seconds: DEADLINE.as_secs(), what }),
        false => Ok(()),
    }
}
