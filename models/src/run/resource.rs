//! What plans share: links, pools and servers.

use sim::{InOrder, RoundRobin, Time};

use super::batch::{Batches, Serves};
use super::runs::Ticket;
use crate::cluster::Cluster;

/// What plans share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resources {
    /// Capacities of links.
    pub(crate) links: Vec<f64>,
    /// Slots of pools.
    pub(crate) pools: Vec<u32>,
    /// Servers.
    pub(crate) servers: Vec<Discipline>,
}

/// How a server serves.
#[derive(Clone, Debug)]
pub(crate) enum Discipline {
    /// Its clients take turns: quantum and switch.
    Turns(Time, Time),
    /// Earlier jobs first, each as wide as its client.
    InOrder(Vec<f64>),
    /// Many together.
    Batches(Box<Serves>),
}

impl Resources {
    /// Those of a cluster.
    pub(crate) fn of(cluster: &Cluster) -> Resources {
        let turns = cluster.turns.iter();
        Resources {
            links: cluster.links.iter().map(|link| link.capacity).collect(),
            pools: cluster.pools.iter().map(|pool| pool.slots).collect(),
            servers: turns.map(|turns| Discipline::Turns(turns.quantum, turns.switch)).collect(),
        }
    }
}

/// A server of a world.
pub(super) enum Server {
    Turns(RoundRobin<Ticket>),
    InOrder(InOrder<Ticket>, Vec<f64>),
    Batches(Box<Batches>),
}

impl Server {
    pub(super) fn new(discipline: &Discipline) -> Server {
        match discipline {
            Discipline::Turns(quantum, switch) => Server::Turns(RoundRobin::new(*quantum, *switch)),
            Discipline::InOrder(widths) => Server::InOrder(InOrder::new(), widths.clone()),
            Discipline::Batches(serves) => Server::Batches(Box::new(Batches::new(serves))),
        }
    }

    /// When something in it is done next.
    pub(super) fn next(&self) -> Time {
        match self {
            Server::Turns(server) => server.next(),
            Server::InOrder(server, _) => server.next(),
            Server::Batches(server) => server.next(),
        }
    }
}
