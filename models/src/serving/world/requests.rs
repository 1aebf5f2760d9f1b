//! Requests on their way to a pool, and answers on their way to users.

use sim::{Dist, Time};

use super::super::hop::Way;
use super::super::pool::Balance;
use super::super::scene::When;
use super::super::story::Story;
use super::{Event, Known, World};

impl World<'_> {
    /// A source sends a request, and those that do not wait for an answer prepare the next.
    pub(super) fn send(&mut self, at: u32) {
        let source = &self.scene.sources[at as usize];
        let now = self.agenda.now();
        let sender = &mut self.senders[at as usize];
        if sender.sent >= source.count || now >= source.span.1 {
            return;
        }
        let number = u64::from(sender.sent);
        sender.sent += 1;
        let seed = sender.seed;
        let (prompt, cached, answer) = source.asked.tokens(seed, number);
        let request = self.stories.len() as u32;
        self.stories.push(Story::of(now, (prompt.max(1), cached, answer)));
        self.known.push(Known {
            source: at,
            number,
            replica: 0,
            computed: 0,
            made: 0,
            made_at: Time::MAX,
            done_at: None,
            behind: None,
        });
        let gap = match source.when {
            When::Users(_) => None,
            When::Every(every) => Some(every),
            When::Poisson(rate) => {
                let gaps = Dist::Exponential { mean: 1.0 / rate };
                Some(Time::from_seconds(gaps.sample(&mut seed.of("gap").draw(number))))
            }
        };
        if let Some(gap) = gap {
            self.agenda.after(gap, Event::Send(at));
        }
        self.hop(request, 0);
    }

    /// When a request has passed a hop that it comes to now.
    fn pass(&mut self, request: u32, hop: usize) -> Time {
        let own = &self.scene.hops[hop];
        let known = self.known[request as usize];
        let seed = self.senders[known.source as usize].seed;
        let drawn = own.time.draw(seed.of(&own.name), known.number);
        let body = self.scene.sources[known.source as usize].asked.body;
        let needs = Time::from_seconds(drawn + own.byte * body);
        let past = self.stations[hop].pass(self.agenda.now(), needs);
        let Some(every) = own.every else { return past };
        let sent = self.stories[request as usize].sent;
        let ticks = (past - sent).as_ps().div_ceil(every.as_ps());
        sent + Time::from_ps(ticks * every.as_ps())
    }

    /// A request is past all hops before this one, on the way of the first of them that is left.
    pub(super) fn hop(&mut self, request: u32, from: u32) {
        let answered = self.known[request as usize].made > 0;
        let way = if answered { Way::Answer } else { Way::Request };
        let hops = self.scene.hops.iter().enumerate().skip(from as usize);
        let next = hops.filter(|(_, hop)| hop.way == way).map(|(at, _)| at).next();
        match next {
            Some(hop) => {
                let past = self.pass(request, hop);
                self.agenda.at(past, Event::Hop(request, hop as u32 + 1));
            }
            None if answered => self.delivered(request),
            None => {
                self.stories[request as usize].arrived = self.agenda.now();
                self.place(0, request);
            }
        }
    }

    /// Gives a request to a replica of a pool, or lets it wait for one.
    pub(super) fn place(&mut self, pool: u32, request: u32) {
        let chosen = match self.scene.pools[pool as usize].balance {
            Balance::Shared => None,
            Balance::Least | Balance::RoundRobin => self.choose(pool),
        };
        match chosen {
            Some(replica) => {
                self.known[request as usize].replica = replica;
                self.replicas[replica as usize].queue.push_back(request);
                self.note(pool);
                self.nudge(replica);
            }
            None => {
                self.pools[pool as usize].queue.push_back(request);
                self.note(pool);
                self.wake(pool);
                let replicas = self.pools[pool as usize].replicas.clone();
                replicas.into_iter().for_each(|replica| self.nudge(replica));
            }
        }
    }

    /// The replica of a pool that takes the next request, of those that are ready.
    pub(super) fn choose(&mut self, pool: u32) -> Option<u32> {
        let own = &mut self.pools[pool as usize];
        let ready = |at: &&u32| self.replicas[**at as usize].takes();
        match self.scene.pools[pool as usize].balance {
            Balance::RoundRobin => {
                let ready: Vec<u32> = own.replicas.iter().filter(ready).copied().collect();
                own.turn += 1;
                (!ready.is_empty()).then(|| ready[(own.turn - 1) % ready.len()])
            }
            Balance::Least | Balance::Shared => {
                let load = |at: &&u32| self.replicas[**at as usize].load();
                own.replicas.iter().filter(ready).min_by_key(load).copied()
            }
        }
    }

    /// The first token of a request is made.
    pub(super) fn first(&mut self, request: u32) {
        let known = &mut self.known[request as usize];
        (known.made, known.made_at) = (known.made.max(1), self.agenda.now());
        self.hop(request, 0);
    }

    /// Its user has the first token.
    fn delivered(&mut self, request: u32) {
        let now = self.agenda.now();
        self.stories[request as usize].first = now;
        let known = &mut self.known[request as usize];
        let behind = now - known.made_at;
        known.behind = Some(behind);
        if let Some(done) = known.done_at {
            self.agenda.at((done + behind).max(now), Event::Ended(request));
        }
    }

    /// The last token of a request is made: its user has it as much later as the first.
    pub(super) fn made_all(&mut self, request: u32) {
        let now = self.agenda.now();
        let known = &mut self.known[request as usize];
        known.done_at = Some(now);
        if let Some(behind) = known.behind {
            self.agenda.at(now + behind, Event::Ended(request));
        }
    }

    /// A user has the whole answer, and sends the next request if it waited for that.
    pub(super) fn ended(&mut self, request: u32) {
        let at = self.known[request as usize].source;
        self.stories[request as usize].ended = self.agenda.now();
        self.senders[at as usize].answered += 1;
        if let When::Users(_) = self.scene.sources[at as usize].when {
            self.send(at);
        }
    }
}
