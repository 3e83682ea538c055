//! Type variables and what they stand for.
//!
//! Work is counted: types can grow exponentially with the length of an expression, so that a hostile one is refused
//! rather than followed.

use crate::cel::types::Type;

/// Steps that one expression may take.
const FUEL: usize = 3_000_000;
/// How deep types may nest, variables followed.
const DEPTH: usize = 400;
/// What a part of a type costs that is copied.
const COPY: usize = 20;

/// Bindings of type variables.
#[derive(Debug, Default)]
pub(crate) struct Substitution {
    bindings: Vec<Option<Type>>,
    /// Bindings that were replaced since an assignment began, for taking it back.
    replaced: Vec<(usize, Option<Type>)>,
    steps: usize,
    depth: usize,
}

impl Substitution {
    /// A variable that stands for nothing yet.
    pub(crate) fn fresh(&mut self) -> Type {
        Type::Param(self.instantiate(1))
    }

    /// The number of the first of some new variables.
    pub(crate) fn instantiate(&mut self, count: usize) -> u32 {
        let base = self.bindings.len();
        self.bindings.resize(base + count, None);
        u32::try_from(base).unwrap_or(u32::MAX)
    }

    /// Whether the expression took more steps than it may; what was found is worthless then.
    pub(crate) fn exhausted(&self) -> bool {
        self.steps > FUEL
    }

    /// One step deeper, or `None` if there are no more steps.
    fn walk<T>(&mut self, step: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.steps += 1;
        if self.depth >= DEPTH {
            self.steps = FUEL + 1;
        }
        if self.exhausted() {
            return None;
        }
        self.depth += 1;
        let found = step(self);
        self.depth -= 1;
        Some(found)
    }

    /// The type with variables replaced by what they stand for, and unbound ones by dyn if asked.
    pub(crate) fn resolve(&mut self, of: &Type, to_dyn: bool) -> Type {
        self.steps += COPY;
        let found = self.walk(|this| match of {
            Type::Param(number) => match this.binding(*number) {
                Some(bound) => this.resolve(&bound, to_dyn),
                None if to_dyn => Type::Dyn,
                None => of.clone(),
            },
            Type::List(item) => Type::list(this.resolve(item, to_dyn)),
            Type::Optional(value) => Type::optional(this.resolve(value, to_dyn)),
            Type::Map(entry) => Type::map(this.resolve(&entry.0, to_dyn), this.resolve(&entry.1, to_dyn)),
            Type::Meta(Some(inner)) => Type::type_of(this.resolve(inner, to_dyn)),
            other => other.clone(),
        });
        found.unwrap_or(Type::Dyn)
    }

    fn binding(&self, number: u32) -> Option<Type> {
        self.bindings.get(number as usize).cloned().flatten()
    }

    fn bind(&mut self, number: u32, to: Type) {
        if let Some(binding) = self.bindings.get_mut(number as usize) {
            self.replaced.push((number as usize, binding.replace(to)));
        }
    }

    /// Whether the types agree; binds variables if so.
    pub(crate) fn assign(&mut self, left: &Type, right: &Type) -> bool {
        self.assign_all(std::slice::from_ref(left), std::slice::from_ref(right))
    }

    /// Whether the types agree pair by pair; binds variables if all do.
    pub(crate) fn assign_all(&mut self, left: &[Type], right: &[Type]) -> bool {
        self.replaced.clear();
        let agree =
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| self.agree(left, right));
        if !agree {
            while let Some((number, binding)) = self.replaced.pop() {
                self.bindings[number] = binding;
            }
        }
        agree
    }

    fn agree(&mut self, left: &Type, right: &Type) -> bool {
        self.walk(|this| this.agree_step(left, right)).unwrap_or(false)
    }

    fn agree_step(&mut self, left: &Type, right: &Type) -> bool {
        if let Type::Param(number) = right {
            match self.stands_for(left, *number) {
                (true, _) => return true,
                (false, true) => return false,
                (false, false) => {}
            }
        }
        if let Type::Param(number) = left {
            return self.stands_for(right, *number).0;
        }
        match (left, right) {
            (Type::Dyn | Type::Any, _) | (_, Type::Dyn | Type::Any) => true,
            (Type::Null, other) | (other, Type::Null) => nullable(other),
            (Type::Meta(_), Type::Meta(_)) => true,
            (Type::List(left), Type::List(right)) | (Type::Optional(left), Type::Optional(right)) => {
                self.agree(left, right)
            }
            (Type::Map(left), Type::Map(right)) => {
                self.agree(&left.0, &right.0) && self.agree(&left.1, &right.1)
            }
            (left, right) => left == right,
        }
    }

    /// Whether the variable can stand for the type, and whether it already stood for something.
    fn stands_for(&mut self, of: &Type, number: u32) -> (bool, bool) {
        if matches!(of, Type::Param(other) if *other == number) {
            return (true, true);
        }
        let Some(bound) = self.binding(number) else {
            let free = !self.occurs(number, of);
            if free {
                self.bind(number, of.clone());
            }
            return (free, false);
        };
        if *of == bound {
            return (true, true);
        }
        if !self.agree(of, &bound) {
            return (false, true);
        }
        let general = Self::general(of.clone(), bound);
        if !self.occurs(number, &general) {
            self.bind(number, general);
        }
        (true, true)
    }

    /// Whether a variable is in a type, or in what the variables of that type stand for.
    fn occurs(&mut self, number: u32, of: &Type) -> bool {
        self.walk(|this| match of {
            Type::Param(other) if *other == number => true,
            Type::Param(other) => match this.binding(*other) {
                Some(bound) => this.occurs(number, &bound),
                None => false,
            },
            Type::List(inner) | Type::Optional(inner) | Type::Meta(Some(inner)) => this.occurs(number, inner),
            Type::Map(entry) => this.occurs(number, &entry.0) || this.occurs(number, &entry.1),
            _ => false,
        })
        .unwrap_or(true)
    }

    /// The more general of two types that agree.
    pub(crate) fn general(left: Type, right: Type) -> Type {
        if less_specific(&left, &right) { left } else { right }
    }
}

fn nullable(of: &Type) -> bool {
    matches!(
        of,
        Type::Null
            | Type::Optional(_)
            | Type::Message(_)
            | Type::Duration
            | Type::Timestamp
            | Type::Wrapper(_)
    )
}

/// Whether the first type is the second one, or has dyn or a variable where that one is more specific.
fn less_specific(left: &Type, right: &Type) -> bool {
    match (left, right) {
        (Type::Dyn | Type::Any | Type::Param(_), _) => true,
        (_, Type::Dyn | Type::Any | Type::Param(_)) => false,
        (Type::List(left), Type::List(right)) | (Type::Optional(left), Type::Optional(right)) => {
            less_specific(left, right)
        }
        (Type::Map(left), Type::Map(right)) => {
            less_specific(&left.0, &right.0) && less_specific(&left.1, &right.1)
        }
        (Type::Meta(_), Type::Meta(_)) => true,
        (left, right) => left == right,
    }
}
