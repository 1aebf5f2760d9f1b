//! The two ways that a load can take: between namespaces of this machine, or to a peer.

use std::net::SocketAddrV4;
use std::sync::atomic::AtomicBool;

use crate::traffic::peer::Peer;
use crate::traffic::{
    self, Bulk, BulkSample, End, MessageSample, Messages, Produce, Produced, ProducedSample,
    RoundTripSample, RoundTrips, TrafficError,
};

/// Where a load goes.
pub(super) enum Way<'a> {
    /// From one end to another, in one process.
    Here {
        /// The sender's end.
        from: End,
        /// The receiver's end.
        to: End,
        /// The address of the Service in front of the receiver.
        target: Option<SocketAddrV4>,
    },
    /// To the other machine of a session.
    There(&'a mut Peer),
}

impl Way<'_> {
    /// The Service's address, if there is one on the way.
    pub(super) fn target(&self) -> Option<SocketAddrV4> {
        match self {
            Way::Here { target, .. } => *target,
            Way::There(_) => None,
        }
    }

    pub(super) fn bulk(
        &mut self,
        load: &Bulk,
        stop: &AtomicBool,
    ) -> Result<BulkSample, TrafficError> {
        match self {
            Way::Here { from, to, .. } => traffic::bulk(from, to, load, stop),
            Way::There(peer) => peer.bulk(load, stop),
        }
    }

    pub(super) fn messages(
        &mut self,
        load: &Messages,
        stop: &AtomicBool,
    ) -> Result<MessageSample, TrafficError> {
        match self {
            Way::Here { from, to, .. } => traffic::messages(from, to, load, stop),
            Way::There(peer) => peer.messages(load, stop),
        }
    }

    pub(super) fn round_trips(
        &mut self,
        load: &RoundTrips,
        stop: &AtomicBool,
    ) -> Result<RoundTripSample, TrafficError> {
        match self {
            Way::Here { from, to, .. } => traffic::round_trips(from, to, load, stop),
            Way::There(peer) => peer.round_trips(load, stop),
        }
    }

    pub(super) fn produced<P: Produce>(
        &mut self,
        load: &Produced,
        producer: &mut P,
        stop: &AtomicBool,
    ) -> Result<ProducedSample, TrafficError> {
        match self {
            Way::Here { from, to, .. } => traffic::produced(from, to, load, producer, stop),
            Way::There(peer) => peer.produced(load, producer, stop),
        }
    }
}
