//! Sharing one GPU between pods: alone, in turns, side by side, or cut in pieces.
//!
//! | way | what a pod has | what it loses |
//! | --- | --- | --- |
//! | exclusive | the GPU | nothing |
//! | time slicing | the GPU, in [`Turns`] | its neighbours' turns, and a switch each |
//! | MPS | some SMs, all of the memory system | what its neighbours move through memory |
//! | MIG | an instance: SMs, L2, memory and copy engines of its own | the rest of the GPU |
//!
//! [`Sharing`] is how a GPU is set up, [`plugin`] what a pod gets that asks for some of it, and
//! [`mig`] has the published instances. Copy engines and the PCIe link are shared in every way but
//! MIG, whose instances have engines of their own and share the link.

pub mod mig;
pub mod plugin;

use sim::{Bytes, Rate, Time};

use mig::MigProfile;

use super::Gpu;

/// What of a GPU a pod may use, each 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// SMs.
    pub sms: f64,
    /// L2 cache and its bandwidth.
    pub l2: f64,
    /// Bandwidth of device memory.
    pub bandwidth: f64,
    /// Device memory.
    pub memory: f64,
}

impl Part {
    /// All of it.
    pub const WHOLE: Part = Part { sms: 1.0, l2: 1.0, bandwidth: 1.0, memory: 1.0 };
}

/// How pods take turns on a GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turns {
    /// The longest turn while another pod has work; above zero.
    pub quantum: Time,
    /// From one pod's work to the next one's.
    pub switch: Time,
}

impl Turns {
    /// When the work of client `which` is done if all clients' `works` are there at once and each
    /// has its turns in the order of the list: what [`sim::RoundRobin`] does, in closed form.
    ///
    /// # Panics
    /// If there is no client `which`.
    pub fn elapsed(&self, works: &[Time], which: usize) -> Time {
        let quantum = self.quantum.as_ps().max(1);
        let turns = |work: &Time| work.as_ps().div_ceil(quantum);
        let own = turns(&works[which]);
        if own == 0 {
            return Time::ZERO;
        }
        let (before, after) = (&works[..which], &works[which + 1..]);
        // Those before it have a turn before each of its own, those behind it before each but one.
        let others = before.iter().map(|work| (work, own));
        let others = others.chain(after.iter().map(|work| (work, own - 1)));
        let (mut served, mut sum) = (own, u128::from(works[which].as_ps()));
        for (work, most) in others {
            served += turns(work).min(most);
            sum += u128::from(work.as_ps()).min(u128::from(most) * u128::from(quantum));
        }
        // A turn begins with a switch, but for the very first and those that follow on its own.
        let last = |clients: &[Time]| clients.iter().map(turns).max().unwrap_or(0);
        let alone = own.saturating_sub(last(before).max(last(after) + 1).max(1));
        let switches = u128::from(served - 1 - alone) * u128::from(self.switch.as_ps());
        Time::from_ps(u64::try_from(sum + switches).unwrap_or(u64::MAX))
    }
}

/// How a GPU is set up to be shared.
#[derive(Clone, Debug, PartialEq)]
pub enum Sharing {
    /// One pod has it.
    Exclusive,
    /// Pods take turns.
    TimeSlicing {
        /// Pods that may hold it.
        replicas: u32,
        /// How they take turns.
        turns: Turns,
    },
    /// Processes run side by side (Multi-Process Service).
    Mps {
        /// Pods that may hold it.
        replicas: u32,
    },
    /// Instances, each a GPU of its own.
    Mig(Vec<MigProfile>),
}

/// What a pod holds of a GPU.
#[derive(Clone, Debug, PartialEq)]
pub enum Share {
    /// All of it.
    Whole,
    /// All of it, in turns.
    Turn,
    /// A client of MPS.
    Client {
        /// `CUDA_MPS_ACTIVE_THREAD_PERCENTAGE`: of the SMs, above 0 to 100.
        thread_percentage: f64,
        /// The part of device memory that it may allocate, above 0 to 1
        /// (`CUDA_MPS_PINNED_DEVICE_MEM_LIMIT`).
        memory: f64,
    },
    /// An instance.
    Instance(MigProfile),
}

impl Share {
    /// What it is of a GPU with `sms` SMs.
    pub fn part(&self, sms: u32) -> Part {
        match self {
            Share::Whole | Share::Turn => Part::WHOLE,
            Share::Client { thread_percentage, memory } => {
                Part { sms: thread_percentage / 100.0, memory: *memory, ..Part::WHOLE }
            }
            Share::Instance(profile) => profile.part(sms),
        }
    }
}

impl Gpu {
    /// The GPU as a pod sees it that holds `share` of it and whose neighbours rest.
    pub fn shared(&self, share: &Share) -> Gpu {
        let part = share.part(self.sms);
        let sms = ((f64::from(self.sms) * part.sms).floor() as u32).max(1);
        let peak = f64::from(sms) / f64::from(self.sms);
        let mut copy = self.copy;
        if let Share::Instance(profile) = share {
            copy.engines = profile.copy_engines;
        }
        Gpu {
            sms,
            memory: Bytes::new((self.memory.as_f64() * part.memory) as u64),
            hbm_bandwidth: Rate::bytes_per_s(self.hbm_bandwidth.as_bytes_per_s() * part.bandwidth),
            fp32_flop_per_s: self.fp32_flop_per_s * peak,
            fp64_flop_per_s: self.fp64_flop_per_s * peak,
            machine: self.machine.as_ref().map(|machine| machine.part(&part)),
            copy,
            ..*self
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sim::RoundRobin;

    use super::*;

    const TURNS: Turns = Turns { quantum: Time::from_ms(2), switch: Time::from_us(170) };

    /// Two turns of 2 ms each for three pods, and a switch before each turn but the first.
    #[test]
    fn turns_by_hand() {
        let works = [Time::from_ms(4); 3];
        let elapsed = |which| TURNS.elapsed(&works, which);
        assert_eq!(elapsed(0), Time::from_us(4 * 2_000 + 3 * 170));
        assert_eq!(elapsed(2), Time::from_us(6 * 2_000 + 5 * 170));
        assert_eq!(TURNS.elapsed(&works[..1], 0), Time::from_ms(4));
    }

    proptest! {
        #[test]
        fn the_closed_form_is_what_the_server_does(
            works in proptest::collection::vec(1u64..60, 1..6),
            quantum in 1u64..20,
            switch in 0u64..9,
        ) {
            let us = Time::from_us;
            let works: Vec<Time> = works.into_iter().map(us).collect();
            let turns = Turns { quantum: us(quantum), switch: us(switch) };
            let mut server = RoundRobin::new(turns.quantum, turns.switch);
            for (client, work) in works.iter().enumerate() {
                server.submit(Time::ZERO, client as u32, *work, client);
            }
            let mut done = Vec::new();
            while server.next() < Time::MAX {
                let now = server.next();
                server.advance(now, &mut done);
                for client in done.drain(..) {
                    prop_assert_eq!(turns.elapsed(&works, client), now, "client {}", client);
                }
            }
        }
    }
}
