//! What is free on every node, and who changed when.

use smallvec::SmallVec;

use super::ask::{Ask, GpuAsk};
use super::fleet::{Fleet, Node};
use super::scheduler::Slot;

/// What is free in a cluster.
#[derive(Clone, Debug)]
pub struct State<'a> {
    fleet: &'a Fleet,
    cpu: Vec<u32>,
    memory: Vec<u32>,
    /// What is left of each GPU, node after node \[thousandths\].
    gpus: Vec<u16>,
    /// Where the GPUs of a node begin, and where those of the last one end.
    begin: Vec<u32>,
    /// The sum of what is left of a node's GPUs \[thousandths\], and how many of them nobody uses.
    sums: Vec<(u32, u16)>,
    /// How many pods of each class are on a node.
    holds: Vec<Holds>,
    /// Nodes in the order in which they changed.
    changes: Vec<u32>,
    /// The last change of each node, as a place behind it in `changes`.
    changed: Vec<usize>,
    allocated: u64,
}

/// Classes of pods with how many of each there are; none that has no pod.
type Holds = SmallVec<[(u16, u32); 6]>;

/// What is free on one node.
#[derive(Clone, Copy, Debug)]
pub struct Free<'a> {
    /// The node and its capacities.
    pub node: &'a Node,
    /// CPU [thousandths of a core].
    pub cpu: u32,
    /// Memory \[MiB\].
    pub memory: u32,
    /// What is left of each GPU \[thousandths\].
    pub gpus: &'a [u16],
    sums: (u32, u16),
    holds: &'a [(u16, u32)],
}

impl Free<'_> {
    /// GPU [thousandths of one].
    #[inline]
    pub fn gpu_milli(&self) -> u64 {
        self.sums.0.into()
    }

    /// How many GPUs nobody uses.
    #[inline]
    pub fn whole_gpus(&self) -> u16 {
        self.sums.1
    }

    /// Classes of pods that are here (see [`Ask::class`]).
    pub(super) fn classes(&self) -> impl ExactSizeIterator<Item = u16> {
        self.holds.iter().map(|(class, _)| *class)
    }

    /// Whether a pod fits.
    #[inline]
    pub fn fits(&self, ask: &Ask) -> bool {
        if ask.cpu > self.cpu || ask.memory > self.memory {
            return false;
        }
        let allowed = || ask.models.has(self.node.model);
        match ask.gpu {
            GpuAsk::None => true,
            GpuAsk::Share(milli) => allowed() && self.gpus.iter().any(|&left| left >= milli),
            GpuAsk::Whole(count) => self.whole_gpus() >= count && allowed(),
        }
    }

    /// How many pods of the kind fit beside each other.
    pub fn copies(&self, ask: &Ask) -> u32 {
        let times = |left: u32, each: u32| left.checked_div(each).unwrap_or(u32::MAX);
        let gpu = match ask.gpu {
            GpuAsk::None => u32::MAX,
            GpuAsk::Share(milli) => self.gpus.iter().map(|&left| u32::from(left / milli)).sum(),
            GpuAsk::Whole(count) => times(self.whole_gpus().into(), count.into()),
        };
        let model = ask.gpu == GpuAsk::None || ask.models.has(self.node.model);
        let most = times(self.cpu, ask.cpu).min(times(self.memory, ask.memory)).min(gpu);
        if model { most } else { 0 }
    }

    /// The GPUs that a pod takes which fits: those that `share` gives to a sharing pod, and the
    /// first that nobody uses to others.
    pub(super) fn gpus_for(&self, ask: &Ask, share: impl FnOnce(u16) -> u16) -> SmallVec<[u16; 8]> {
        match ask.gpu {
            GpuAsk::None => SmallVec::new(),
            GpuAsk::Share(milli) => SmallVec::from_slice(&[share(milli)]),
            GpuAsk::Whole(count) => {
                let whole = (0u16..).zip(self.gpus).filter(|(_, left)| **left == 1000);
                whole.map(|(gpu, _)| gpu).take(count.into()).collect()
            }
        }
    }
}

/// The GPU with the least left that suffices; the first of several.
pub(super) fn tightest(gpus: &[u16], milli: u16) -> u16 {
    let enough = (0u16..).zip(gpus).filter(|(_, left)| **left >= milli);
    enough.min_by_key(|(_, left)| **left).expect("a pod fits").0
}

impl<'a> State<'a> {
    /// Everything is free.
    pub fn new(fleet: &'a Fleet) -> State<'a> {
        let nodes = fleet.nodes();
        let mut begin = vec![0];
        begin.extend(nodes.iter().scan(0, |end, node| {
            *end += u32::from(node.gpus);
            Some(*end)
        }));
        State {
            fleet,
            cpu: nodes.iter().map(|node| node.cpu).collect(),
            memory: nodes.iter().map(|node| node.memory).collect(),
            gpus: vec![1000; *begin.last().expect("there is one") as usize],
            begin,
            sums: nodes.iter().map(|node| (1000 * u32::from(node.gpus), node.gpus)).collect(),
            holds: vec![SmallVec::new(); nodes.len()],
            changes: Vec::new(),
            changed: vec![0; nodes.len()],
            allocated: 0,
        }
    }

    /// The nodes.
    pub fn fleet(&self) -> &'a Fleet {
        self.fleet
    }

    /// GPU that pods have [thousandths of one].
    pub fn allocated(&self) -> u64 {
        self.allocated
    }

    /// What is free on a node.
    #[inline]
    pub fn free(&self, node: usize) -> Free<'_> {
        Free {
            node: &self.fleet.nodes()[node],
            cpu: self.cpu[node],
            memory: self.memory[node],
            gpus: &self.gpus[self.gpus_of(node)],
            sums: self.sums[node],
            holds: &self.holds[node],
        }
    }

    /// Puts a pod where it fits.
    ///
    /// # Panics
    /// If it does not fit there.
    pub fn place(&mut self, ask: &Ask, slot: &Slot) {
        let node = slot.node as usize;
        let short = "the pod does not fit";
        self.cpu[node] = self.cpu[node].checked_sub(ask.cpu).expect(short);
        self.memory[node] = self.memory[node].checked_sub(ask.memory).expect(short);
        let (begin, milli) = (self.begin[node], each(ask));
        for &gpu in &slot.gpus {
            let left = &mut self.gpus[begin as usize + usize::from(gpu)];
            *left = left.checked_sub(milli).expect(short);
        }
        if let Some(class) = ask.class() {
            match self.holds[node].iter_mut().find(|(known, _)| *known == class) {
                Some((_, count)) => *count += 1,
                None => self.holds[node].push((class, 1)),
            }
        }
        self.allocated += ask.gpu_milli();
        self.note(node);
    }

    /// Takes a pod away from where it was put.
    ///
    /// # Panics
    /// If it was not put there.
    pub fn release(&mut self, ask: &Ask, slot: &Slot) {
        let node = slot.node as usize;
        self.cpu[node] += ask.cpu;
        self.memory[node] += ask.memory;
        let (begin, milli) = (self.begin[node], each(ask));
        for &gpu in &slot.gpus {
            let left = &mut self.gpus[begin as usize + usize::from(gpu)];
            *left += milli;
            assert!(*left <= 1000, "more of a GPU is given back than there is");
        }
        if let Some(class) = ask.class() {
            let holds = &mut self.holds[node];
            let at = holds.iter().position(|(known, _)| *known == class);
            let at = at.expect("a pod that leaves was there");
            holds[at].1 -= 1;
            if holds[at].1 == 0 {
                holds.swap_remove(at);
            }
        }
        self.allocated -= ask.gpu_milli();
        self.note(node);
    }

    /// How often a node has changed so far.
    pub(super) fn changes(&self) -> usize {
        self.changes.len()
    }

    /// The nodes that changed since [`State::changes`] was `since`, each once.
    pub(super) fn changed_since(&self, since: usize) -> impl Iterator<Item = usize> {
        let changes = (since + 1..).zip(&self.changes[since..]);
        let nodes = changes.map(|(at, &node)| (at, node as usize));
        nodes.filter(|&(at, node)| self.changed[node] == at).map(|(_, node)| node)
    }

    /// Notes that a node has changed.
    fn note(&mut self, node: usize) {
        let gpus = &self.gpus[self.gpus_of(node)];
        let left = gpus.iter().map(|&left| u32::from(left)).sum();
        let whole = gpus.iter().map(|&left| u16::from(left == 1000)).sum();
        self.sums[node] = (left, whole);
        self.changes.push(node as u32);
        self.changed[node] = self.changes.len();
    }

    fn gpus_of(&self, node: usize) -> std::ops::Range<usize> {
        self.begin[node] as usize..self.begin[node + 1] as usize
    }
}

/// What a pod takes of each GPU that it gets \[thousandths\].
fn each(ask: &Ask) -> u16 {
    match ask.gpu {
        GpuAsk::Share(milli) => milli,
        GpuAsk::None | GpuAsk::Whole(_) => 1000,
    }
}
