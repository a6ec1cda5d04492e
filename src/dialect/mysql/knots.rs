//! Pieces of one table that wait for each other: sharing statements can tie such knots.

use std::collections::BTreeSet;

use super::piece::Piece;
use crate::model::Object;

/// Whether there is an order for all pieces.
pub(super) fn has_order(pieces: &[Piece]) -> bool {
    knot(pieces).is_empty()
}

/// The pieces with those that wait for each other joined into one statement, in which the server finds the order.
pub(super) fn untied(mut pieces: Vec<Piece>) -> Vec<Piece> {
    let knot = knot(&pieces);
    let mut tied = Vec::new();
    for place in knot.into_iter().rev() {
        tied.push(pieces.remove(place));
    }
    let joined = tied.into_iter().rev().reduce(|mut one, other| {
        one.absorb(other);
        one
    });
    pieces.extend(joined);
    pieces
}

/// The places of the pieces that are left when those that wait for nobody, and those that nobody waits for, are
/// taken away until nothing changes.
fn knot(pieces: &[Piece]) -> BTreeSet<usize> {
    let edges: Vec<(usize, usize)> = (0..pieces.len())
        .flat_map(|one| (0..pieces.len()).map(move |other| (one, other)))
        .filter(|(one, other)| one != other && comes_before(&pieces[*one], &pieces[*other]))
        .collect();
    let mut left: BTreeSet<usize> = (0..pieces.len()).collect();
    loop {
        let inner = |(one, other): &&(usize, usize)| left.contains(one) && left.contains(other);
        let starts: BTreeSet<usize> = edges.iter().filter(inner).map(|edge| edge.0).collect();
        let ends: BTreeSet<usize> = edges.iter().filter(inner).map(|edge| edge.1).collect();
        let kept: BTreeSet<usize> = starts.intersection(&ends).copied().collect();
        if kept == left {
            return left;
        }
        left = kept;
    }
}

/// Whether one has to run before the other: the rules by which a plan is ordered.
fn comes_before(one: &Piece, other: &Piece) -> bool {
    let meet = |a: &[Object], b: &[Object]| a.iter().any(|object| b.contains(object));
    let frees = one.frees.iter().filter(|object| !one.needs.contains(object));
    meet(&one.makes, &other.needs)
        || meet(&one.drops, &other.makes)
        || frees.into_iter().any(|o| other.drops.contains(o))
}
