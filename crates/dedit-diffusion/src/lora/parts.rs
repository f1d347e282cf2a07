//! The tensors of one module, and the kind of change that they are.

use std::collections::BTreeMap;

use super::names::Role;

/// The tensors of one module, by their names in the file.
pub(super) type Parts = BTreeMap<Role, String>;

/// The kinds of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// LoRA: a product of two matrices.
    LowRank,
    /// `LoHa` (Nam et al. 2022, arXiv 2108.06098): an elementwise product.
    Hadamard,
    /// `LoKr` (Edalati et al. 2022, arXiv 2212.10650): a Kronecker product.
    Kronecker,
}

/// The tensors that a kind needs: one of each list.
const NEEDED: [(Kind, &[&[Role]]); 3] = [
    (Kind::LowRank, &[&[Role::Down], &[Role::Up]]),
    (Kind::Hadamard, &[&[Role::HadaW1A], &[Role::HadaW1B], &[Role::HadaW2A], &[Role::HadaW2B]]),
    (
        Kind::Kronecker,
        &[&[Role::LokrW1, Role::LokrW1A], &[Role::LokrW1, Role::LokrW1B], &[Role::LokrW2, Role::LokrW2A], &[Role::LokrW2, Role::LokrW2B]],
    ),
];

/// The kind of a module's tensors.
///
/// # Errors
/// What is missing beside the tensor, or a second tensor that belongs to another kind: the name, and what is wrong with it.
pub(super) fn kind(parts: &Parts) -> Result<Kind, String> {
    let others = [Role::Alpha, Role::DoraScale, Role::Magnitude];
    let Some((first, name)) = parts.iter().find(|(role, _)| !others.contains(role)) else {
        let name = parts.values().next().map_or("", String::as_str);
        return Err(format!("the tensor \"{name}\" has no \"down and up\" beside it"));
    };
    let of = |role: &Role| NEEDED.iter().find(|(_, needed)| needed.concat().contains(role));
    let Some((kind, needed)) = of(first) else { return Err(format!("the tensor \"{name}\" is of no known kind")) };
    if let Some(other) = parts.iter().find(|(role, _)| !others.contains(role) && of(role).is_some_and(|(other, _)| other != kind)) {
        return Err(format!("the tensors \"{name}\" and \"{}\" are for the same module and of different kinds", other.1));
    }
    if parts.contains_key(&Role::DoraScale) && parts.contains_key(&Role::Magnitude) {
        return Err(format!("the module of the tensor \"{name}\" has two sets of magnitudes"));
    }
    let missing = needed.iter().find(|choices| !choices.iter().any(|role| parts.contains_key(role)));
    if let Some(missing) = missing.and_then(|choices| choices.last()) {
        return Err(format!("the tensor \"{name}\" has no \"{}\" beside it", title(*missing)));
    }
    let twice = [(Role::LokrW1, Role::LokrW1A), (Role::LokrW2, Role::LokrW2A)];
    if twice.iter().any(|(whole, factor)| parts.contains_key(whole) && parts.contains_key(factor)) {
        return Err(format!("the module of the tensor \"{name}\" has a matrix both whole and as a product"));
    }
    Ok(*kind)
}

/// How files call a tensor.
pub(super) fn title(role: Role) -> &'static str {
    match role {
        Role::Down => "down",
        Role::Up => "up",
        Role::HadaW1A => "hada_w1_a",
        Role::HadaW1B => "hada_w1_b",
        Role::HadaW2A => "hada_w2_a",
        Role::HadaW2B => "hada_w2_b",
        Role::LokrW1 => "lokr_w1",
        Role::LokrW1A => "lokr_w1_a",
        Role::LokrW1B => "lokr_w1_b",
        Role::LokrW2 => "lokr_w2",
        Role::LokrW2A => "lokr_w2_a",
        Role::LokrW2B => "lokr_w2_b",
        Role::DoraScale => "dora_scale",
        Role::Magnitude => "lora_magnitude_vector",
        Role::Alpha => "alpha",
    }
}
