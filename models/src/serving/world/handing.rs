//! Handovers: room at the far end, a connection, pieces, bytes.

use sim::Time;

use super::super::handover::Overlap;
use super::{Event, World};

/// A handover under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handing {
    from: u32,
    to: u32,
    /// When bytes began to move, and whether all have arrived.
    sent: Time,
    has_arrived: bool,
    is_posted: bool,
    is_computed: bool,
}

/// The pool that decodes, of a scene in which another one prefills.
const DECODE: u32 = 1;

impl World<'_> {
    fn rule(&self) -> &super::super::Handover {
        self.scene.handover.as_ref().expect("a pool that prefills has one")
    }

    /// Whether keys and values of a request leave before its prompt is computed.
    pub(super) fn leaves_by_layers(&self, request: u32) -> bool {
        let replica = self.known[request as usize].replica;
        let pool = self.replicas[replica as usize].pool;
        self.scene.pools[pool as usize].role == super::super::Role::Prefill
            && self.rule().overlap == Overlap::Layers
    }

    /// The first layer of a prompt is computed; unless all of it is by now, and it left whole.
    pub(super) fn leave_by_layers(&mut self, request: u32) {
        if self.stories[request as usize].prefilled == Time::MAX {
            self.wish(request);
        }
    }

    /// A prompt is computed: it leaves now, unless it does already.
    pub(super) fn computed(&mut self, request: u32) {
        match self.handings.get_mut(&request) {
            None => self.wish(request),
            Some(own) => {
                own.is_computed = true;
                // The last layer is still to go.
                if own.sent < Time::MAX && own.has_arrived {
                    let layers = u64::from(self.scene.cache.layers.max(1));
                    let now = self.agenda.now();
                    let tail = Time::from_seconds((now - own.sent).as_seconds() / layers as f64);
                    self.agenda.after(tail, Event::Posted(request));
                }
            }
        }
    }

    /// A request wants to be handed over: a replica is chosen that is to have room for it.
    pub(super) fn wish(&mut self, request: u32) {
        let to = self.choose(DECODE).or_else(|| self.pools[1].replicas.first().copied());
        let to = to.expect("there is a replica that decodes");
        let from = self.known[request as usize].replica;
        let is_computed = self.stories[request as usize].prefilled < Time::MAX;
        let (sent, has_arrived, is_posted) = (Time::MAX, false, false);
        let own = Handing { from, to, sent, has_arrived, is_posted, is_computed };
        self.handings.insert(request, own);
        self.replicas[to as usize].wished.push_back(request);
        self.grant(to);
    }

    /// Gives room to those that wish it, in order.
    pub(super) fn grant(&mut self, to: u32) {
        while let Some(request) = self.replicas[to as usize].wished.front().copied() {
            let needs = self.needs(DECODE, request);
            if !self.has_room(to, needs) {
                break;
            }
            let replica = &mut self.replicas[to as usize];
            replica.wished.pop_front();
            replica.taken += needs;
            replica.coming += 1;
            self.connect(request);
        }
    }

    /// A handover has room, and needs a connection.
    fn connect(&mut self, request: u32) {
        let own = self.handings[&request];
        let most = self.rule().connections;
        let pair = self.pairs.entry((own.from, own.to)).or_default();
        if most.is_some_and(|most| pair.0 >= most) {
            pair.1.push_back(request);
            return;
        }
        pair.0 += 1;
        self.begin_handover(request);
    }

    fn begin_handover(&mut self, request: u32) {
        let now = self.agenda.now();
        let own = self.handings[&request];
        self.stories[request as usize].granted = now;
        self.flying += 1;
        self.in_flight = self.in_flight.max(self.flying);
        let known = self.known[request as usize];
        let seed = self.senders[known.source as usize].seed.of("handover");
        let mut start = self.rule().start.draw(seed, known.number);
        if self.met.insert((own.from, own.to)) {
            start += self.rule().first;
        }
        let ready = now + Time::from_seconds(start);
        let posts = ready.max(self.replicas[own.from as usize].poster);
        let tokens = self.stories[request as usize].prompt;
        let posting = self.rule().posting(&self.scene.cache, tokens);
        let posted = posts + Time::from_seconds(posting);
        self.replicas[own.from as usize].poster = posted;
        self.agenda.at(posts, Event::Post(request));
        self.agenda.at(posted, Event::Posted(request));
    }

    /// The first pieces are posted: bytes move.
    ///
    /// # Errors
    /// If the wire cannot plan them.
    pub(super) fn post(&mut self, request: u32) -> Result<(), crate::input::InputError> {
        let now = self.agenda.now();
        let tokens = self.stories[request as usize].prompt;
        let bytes = self.rule().bytes(&self.scene.cache, tokens);
        self.stories[request as usize].handed_bytes = bytes;
        let own = self.handings.get_mut(&request).expect("it was granted");
        own.sent = now;
        let number = |replica: u32| {
            let pool = self.replicas[replica as usize].pool as usize;
            let own = self.pools[pool].replicas.iter().position(|other| *other == replica);
            own.unwrap_or(0) as u32
        };
        let ends = (number(own.from), number(own.to));
        self.wire.send(now, ends, bytes, request.into())
    }

    /// Every byte of a handover has arrived.
    pub(super) fn arrived(&mut self, request: u32) {
        self.handings.get_mut(&request).expect("it was sent").has_arrived = true;
        self.complete(request);
    }

    /// Every piece of a handover is posted.
    pub(super) fn posted(&mut self, request: u32) {
        if let Some(own) = self.handings.get_mut(&request) {
            own.is_posted = true;
            self.complete(request);
        }
    }

    fn complete(&mut self, request: u32) {
        let own = self.handings[&request];
        if !(own.has_arrived && own.is_posted && own.is_computed) {
            return;
        }
        self.handings.remove(&request);
        self.flying -= 1;
        let now = self.agenda.now();
        self.stories[request as usize].handed = now;
        let needs = self.needs(0, request);
        let from = &mut self.replicas[own.from as usize];
        from.taken -= needs.min(from.taken);
        from.leaving -= 1;
        let to = &mut self.replicas[own.to as usize];
        to.coming -= 1;
        to.queue.push_back(request);
        self.known[request as usize].replica = own.to;
        let pair = self.pairs.get_mut(&(own.from, own.to)).expect("it has a connection");
        match pair.1.pop_front() {
            Some(next) => self.begin_handover(next),
            None => pair.0 -= 1,
        }
        if !self.rule().again {
            self.known[request as usize].made = 1;
            self.first(request);
            if self.stories[request as usize].answer == 1 {
                self.replicas[own.to as usize].queue.pop_back();
                self.leave(own.to, request);
            }
        }
        self.nudge(own.to);
        self.nudge(own.from);
        self.settle(own.from);
    }
}
