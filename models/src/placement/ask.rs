//! What a pod asks for, as its manifest says it.

/// GPU models by number: a set of those of a fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Models(u64);

impl Models {
    /// How many models a fleet may have.
    pub const COUNT_MAX: usize = 64;
    /// Every model.
    pub const ANY: Models = Models(u64::MAX);
    /// No model.
    pub const NONE: Models = Models(0);

    /// The set with one more model.
    pub fn with(self, model: u8) -> Models {
        Models(self.0 | 1 << model)
    }

    /// Whether a model is in the set.
    pub fn has(self, model: u8) -> bool {
        self.0 >> model & 1 == 1
    }
}

/// What a pod asks of GPUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GpuAsk {
    /// None.
    None,
    /// A part of one GPU \[thousandths\]; 1 to 999.
    Share(u16),
    /// So many GPUs that nobody else uses; at least one.
    Whole(u16),
}

/// The requests of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ask {
    /// CPU [thousandths of a core].
    pub cpu: u32,
    /// Memory \[MiB\].
    pub memory: u32,
    /// GPUs.
    pub gpu: GpuAsk,
    /// The GPU models it may run on.
    pub models: Models,
}

impl Ask {
    /// GPU [thousandths of one].
    pub fn gpu_milli(&self) -> u64 {
        match self.gpu {
            GpuAsk::None => 0,
            GpuAsk::Share(milli) => milli.into(),
            GpuAsk::Whole(count) => 1000 * u64::from(count),
        }
    }

    /// Pods of one class ask for as many GPUs: 0 is a share of one, n is n whole ones; pods without
    /// GPU have none.
    pub(super) fn class(&self) -> Option<u16> {
        match self.gpu {
            GpuAsk::None => None,
            GpuAsk::Share(_) => Some(0),
            GpuAsk::Whole(count) => Some(count),
        }
    }
}
