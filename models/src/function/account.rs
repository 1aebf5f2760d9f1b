//! What GPUs were occupied with.

use sim::Time;

/// How long the GPUs of a scene were in each state [GPU × s].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Occupied {
    /// Calls were in work.
    pub working: f64,
    /// None was, and an instance was starting.
    pub starting: f64,
    /// Instances were there that nobody called.
    pub idle: f64,
    /// Nothing was there.
    pub empty: f64,
}

impl Occupied {
    /// All of them together.
    pub fn total(&self) -> f64 {
        self.working + self.starting + self.idle + self.empty
    }
}

/// What an instance did for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The GPU.
    pub gpu: u32,
    /// The function.
    pub function: u32,
    /// A number of the instance's own.
    pub instance: u32,
    /// What it did: `image` to `gpu` of its start, then `load`, `work`, `result` of calls.
    pub what: &'static str,
    /// From when.
    pub from: Time,
    /// Until when.
    pub until: Time,
}

/// The state of a GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Working,
    Starting,
    Idle,
    Empty,
}

/// What GPUs are occupied with, and were until now.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Sums over time.
    pub occupied: Occupied,
    /// What instances did, if it was asked for.
    pub pieces: Vec<Piece>,
    watched: bool,
    /// By GPU: its state, and since when.
    states: Vec<(State, Time)>,
}

impl Account {
    pub(super) fn new(gpus: usize, watched: bool) -> Account {
        let states = vec![(State::Empty, Time::ZERO); gpus];
        Account { watched, states, ..Account::default() }
    }

    /// Notes the state of a GPU from `now` on.
    pub(super) fn set(&mut self, gpu: u32, state: State, now: Time) {
        let (before, since) = self.states[gpu as usize];
        let span = (now - since).as_seconds();
        let sum = match before {
            State::Working => &mut self.occupied.working,
            State::Starting => &mut self.occupied.starting,
            State::Idle => &mut self.occupied.idle,
            State::Empty => &mut self.occupied.empty,
        };
        *sum += span;
        self.states[gpu as usize] = (state, now);
    }

    /// Adds what is not noted yet.
    pub(super) fn close(&mut self, now: Time) {
        for gpu in 0..self.states.len() {
            self.set(gpu as u32, self.states[gpu].0, now);
        }
    }

    pub(super) fn piece(&mut self, piece: impl FnOnce() -> Piece) {
        if self.watched {
            let piece = piece();
            if piece.until > piece.from {
                self.pieces.push(piece);
            }
        }
    }
}
