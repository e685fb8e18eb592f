//! Filling required roles: one actor, one vote, one role.

use std::collections::BTreeMap;

use super::actor::Actor;
use super::charter::RequiredSigners;
use super::id::Role;

/// The roles that stay unfilled when each person fills at most one, with how many people each lacks.
///
/// A person who holds two required roles fills one of them, whichever lets more roles be filled: a maximum matching
/// between the places to fill and the people (augmenting paths; rosters are small). Counting signatures role by role
/// would let one person fill two places.
pub fn missing(required: &[RequiredSigners], people: &[&Actor]) -> BTreeMap<Role, u32> {
    let places: Vec<&Role> =
        required.iter().flat_map(|r| std::iter::repeat_n(&r.role, (r.count as usize).min(people.len() + 1))).collect();
    let mut place_of: Vec<Option<usize>> = vec![None; people.len()];
    for place in 0..places.len() {
        let mut tried = vec![false; people.len()];
        seat(place, &places, people, &mut place_of, &mut tried);
    }
    let mut lacking = BTreeMap::new();
    for (place, role) in places.iter().enumerate() {
        if !place_of.contains(&Some(place)) {
            *lacking.entry((*role).clone()).or_insert(0) += 1;
        }
    }
    lacking
}

/// Seats somebody at `place`, moving others to other places they can fill.
fn seat(
    place: usize,
    places: &[&Role],
    people: &[&Actor],
    place_of: &mut Vec<Option<usize>>,
    tried: &mut Vec<bool>,
) -> bool {
    for person in 0..people.len() {
        if tried[person] || !people[person].has_role(places[place].as_str()) {
            continue;
        }
        tried[person] = true;
        let free = match place_of[person] {
            None => true,
            Some(taken) => seat(taken, places, people, place_of, tried),
        };
        if free {
            place_of[person] = Some(place);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::actor::ActorKind;
    use crate::model::id::ActorId;

    fn person(id: &str, roles: &[&str]) -> Actor {
        Actor {
            id: ActorId::new(id).unwrap(),
            kind: ActorKind::Human,
            operator: None,
            roles: roles.iter().map(|r| Role::new(*r).unwrap()).collect(),
            keys: vec![],
            recipients: vec![],
        }
    }

    fn need(role: &str, count: u32) -> RequiredSigners {
        RequiredSigners { role: Role::new(role).unwrap(), count }
    }

    #[test]
    fn one_person_fills_one_role() {
        let both = person("both", &["a", "b"]);
        assert_eq!(missing(&[need("a", 1), need("b", 1)], &[&both]).len(), 1);
    }

    #[test]
    fn the_assignment_is_found_whatever_the_order() {
        let both = person("both", &["a", "b"]);
        let only_a = person("only-a", &["a"]);
        assert!(missing(&[need("a", 1), need("b", 1)], &[&both, &only_a]).is_empty());
        assert!(missing(&[need("b", 1), need("a", 1)], &[&only_a, &both]).is_empty());
    }

    #[test]
    fn a_count_needs_that_many_people() {
        let one = person("one", &["a"]);
        assert_eq!(missing(&[need("a", 2)], &[&one])[&Role::new("a").unwrap()], 1);
    }
}
