//! Types of a tree: names and overloads resolved, type variables unified, in the order and with the leniency of
//! cel-go, so that the same expressions pass.

use crate::cel::Fault;
use crate::cel::environment::{Declarations, Overload};
use crate::cel::syntax::{Entry, Expr, Field, Item, Kind, Macro};
use crate::cel::types::Type;
use crate::cel::unify::Substitution;
use crate::model::nearest;

/// Checks a tree and that its type is the one that the environment wants.
pub(crate) fn check(expr: &Expr, declared: &Declarations) -> Result<(), Fault> {
    let mut checker = Checker {
        declared,
        variables: Substitution::default(),
        scopes: Vec::new(),
        mixed_comparisons: false,
    };
    let found = checker.check(expr).map(|found| checker.variables.resolve(&found, true));
    if checker.variables.exhausted() {
        return Err(Fault::new(expr.at, TOO_COMPLEX));
    }
    let found = found?;
    if found != declared.result {
        return Err(Fault::new(
            expr.at,
            format!("the whole expression is {found}, write one that is {}", declared.result),
        ));
    }
    Ok(())
}

const TOO_COMPLEX: &str = "the types of this expression are too complex, write a shorter one";

struct Checker<'a> {
    declared: &'a Declarations,
    variables: Substitution,
    /// Variables of macros, the innermost last.
    scopes: Vec<(String, Type)>,
    /// Whether numbers of two types compare. cel-go forbids it, and forgets that at the first macro.
    mixed_comparisons: bool,
}

impl Checker<'_> {
    fn check(&mut self, expr: &Expr) -> Result<Type, Fault> {
        let found = self.check_kind(expr)?;
        if self.variables.exhausted() || !found.is_small() {
            return Err(Fault::new(expr.at, TOO_COMPLEX));
        }
        Ok(found)
    }

    fn check_kind(&mut self, expr: &Expr) -> Result<Type, Fault> {
        match &expr.kind {
            Kind::Literal(of) => Ok(of.clone()),
            Kind::Name(name) => self.name(name, expr.at),
            Kind::Select { operand, field, presence } => self.select(expr, operand, field, *presence),
            Kind::OptionalSelect { operand, field } => {
                let found = self.field(operand, field, true, expr.at)?;
                Ok(self.variables.resolve(&found, false))
            }
            Kind::Call { function, target, arguments } => {
                self.call(function, target.as_deref(), arguments, expr.at)
            }
            Kind::List(items) => self.list(items),
            Kind::Map(entries) => self.map(entries),
            Kind::Message { name, fields } => self.message(name, fields, expr.at),
            Kind::Macro { name: Macro::OptMap | Macro::OptFlatMap, .. } => self.optional_map(expr),
            Kind::Macro { .. } => self.fold(expr),
        }
    }

    fn name(&self, name: &str, at: usize) -> Result<Type, Fault> {
        let bare = name.trim_start_matches('.');
        let local = if bare == name { self.local(name) } else { None };
        if let Some(found) = local.or_else(|| self.declared.global(bare)) {
            return Ok(found);
        }
        let locals = self.scopes.iter().map(|(name, _)| name.as_str());
        let known: Vec<_> =
            locals.chain(self.declared.variables.iter().map(|(name, _)| name.as_str())).collect();
        Err(unknown("name", name, &known, at))
    }

    fn local(&self, name: &str) -> Option<Type> {
        self.scopes.iter().rev().find(|(known, _)| known == name).map(|(_, of)| of.clone())
    }

    fn select(&mut self, expr: &Expr, operand: &Expr, field: &str, presence: bool) -> Result<Type, Fault> {
        if let Some(qualified) = qualified(expr) {
            let first = qualified.split('.').next().unwrap_or_default();
            let global = qualified.strip_prefix('.').unwrap_or(&qualified);
            let local = !first.is_empty() && self.local(first).is_some();
            if let Some(found) = self.declared.global(global).filter(|_| !local) {
                return Ok(found);
            }
        }
        let found = self.field(operand, field, false, expr.at)?;
        Ok(if presence { Type::Bool } else { self.variables.resolve(&found, false) })
    }

    /// The type of a field of a message or of a value of a map, optional if asked or if the operand is.
    fn field(&mut self, operand: &Expr, field: &str, optional: bool, at: usize) -> Result<Type, Fault> {
        let found = self.check(operand)?;
        let found = self.variables.resolve(&found, false);
        let (target, optional) = match &found {
            Type::Optional(inner) => (inner.as_ref(), true),
            other => (other, optional),
        };
        let selected = match target {
            Type::Map(entry) => entry.1.clone(),
            Type::Message(message) => self.message_field(message, field, at)?,
            Type::Param(_) => {
                self.variables.assign(&Type::Dyn, target);
                Type::Dyn
            }
            Type::Dyn | Type::Any => Type::Dyn,
            other => return Err(Fault::new(at, format!("{other} has no fields, so no {field:?}"))),
        };
        Ok(if optional { Type::optional(selected) } else { selected })
    }

    fn message_field(&self, message: &str, field: &str, at: usize) -> Result<Type, Fault> {
        let short = message.rsplit('.').next().unwrap_or(message);
        let Some(fields) = self.declared.fields(message) else {
            return Err(Fault::new(at, format!("the fields of {short} can't be used here")));
        };
        let fields: Vec<_> = fields.collect();
        if let Some((_, of)) = fields.iter().find(|(name, _)| *name == field) {
            return Ok(Type::parse(of));
        }
        let known: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
        Err(unknown(&format!("field of {short}"), field, &known, at))
    }

    fn call(
        &mut self,
        function: &str,
        target: Option<&Expr>,
        arguments: &[Expr],
        at: usize,
    ) -> Result<Type, Fault> {
        let mut types = Vec::with_capacity(arguments.len() + 1);
        for argument in arguments {
            types.push(self.check(argument)?);
        }
        let Some(target) = target else {
            return self.resolve(function.trim_start_matches('.'), false, &types, at);
        };
        // `optional.none()` is a function with a dot in its name.
        if let Some(prefix) = qualified(target) {
            let name = format!("{}.{function}", prefix.trim_start_matches('.'));
            if !self.declared.overloads(&name).is_empty() {
                return self.resolve(&name, false, &types, at);
            }
        }
        types.insert(0, self.check(target)?);
        self.resolve(function, true, &types, at)
    }

    /// The result of a call: of the first overload that fits, or dyn where several fit with different results.
    fn resolve(
        &mut self,
        function: &str,
        member: bool,
        arguments: &[Type],
        at: usize,
    ) -> Result<Type, Fault> {
        let declared = self.declared;
        let overloads = declared.overloads(function);
        if overloads.is_empty() {
            let known: Vec<_> = declared.function_names().collect();
            return Err(unknown("function", function, &known, at));
        }
        if matches!(function, "_&&_" | "_||_") {
            for argument in arguments {
                if !self.variables.assign(argument, &Type::Bool) {
                    return Err(self.no_overload(function, member, arguments, at));
                }
            }
            return Ok(Type::Bool);
        }
        let mut result: Option<Type> = None;
        for overload in overloads {
            if overload.member != member || (overload.mixed && !self.mixed_comparisons) {
                continue;
            }
            let Some(found) = self.fit(overload, arguments) else { continue };
            result = match result {
                None => Some(found),
                Some(first) if !first.is_dyn() && first != found => Some(Type::Dyn),
                first => first,
            };
        }
        result.ok_or_else(|| self.no_overload(function, member, arguments, at))
    }

    /// The result of an overload with fresh type variables, if the arguments fit it.
    fn fit(&mut self, overload: &Overload, arguments: &[Type]) -> Option<Type> {
        let base = self.variables.instantiate(overload.parameters);
        let wanted: Vec<_> = overload.arguments.iter().map(|argument| argument.shifted(base)).collect();
        if !self.variables.assign_all(arguments, &wanted) {
            return None;
        }
        Some(self.variables.resolve(&overload.result.shifted(base), false))
    }

    fn no_overload(&mut self, function: &str, member: bool, arguments: &[Type], at: usize) -> Fault {
        let types: Vec<_> = arguments.iter().map(|of| self.variables.resolve(of, true)).collect();
        let hint = match types.as_slice() {
            [Type::Uint, Type::Int] | [Type::Int, Type::Uint] => ", write unsigned numbers with u: 1u",
            [Type::Double, Type::Int] | [Type::Int, Type::Double] => {
                ", write floating point numbers with a point: 1.0"
            }
            _ => "",
        };
        let names: Vec<_> = types.iter().map(ToString::to_string).collect();
        let operator = function.trim_matches('_').trim_start_matches('@');
        let text = match (operator, names.as_slice(), member) {
            ("?_:", ..) => {
                format!("a choice needs a bool and two values of one type, not {}", names.join(", "))
            }
            ("[" | "[?" | "[_]" | "[?_]", [of, index], _) => format!("{of} can't be indexed with {index}"),
            (_, [target, rest @ ..], true) => format!("{target} has no {function}({})", rest.join(", ")),
            (_, [left, right], _) if operator != function => {
                format!("`{operator}` can't join {left} and {right}{hint}")
            }
            (_, [only], _) if operator != function => format!("`{operator}` can't stand before {only}"),
            _ => format!("{function}() doesn't take ({})", names.join(", ")),
        };
        Fault::new(at, text)
    }

    fn list(&mut self, items: &[Item]) -> Result<Type, Fault> {
        let mut joined = None;
        for item in items {
            let found = self.check(&item.value)?;
            let found = self.element(found, item.optional, item.value.at)?;
            joined = Some(self.join(joined, found));
        }
        Ok(Type::list(joined.unwrap_or_else(|| self.variables.fresh())))
    }

    fn map(&mut self, entries: &[Entry]) -> Result<Type, Fault> {
        let mut joined = None;
        for Entry { optional, key, value } in entries {
            let key_type = self.check(key)?;
            let value_type = self.check(value)?;
            let (keys, values) = joined.unzip();
            let keys = self.join(keys, key_type);
            let value_type = self.element(value_type, *optional, value.at)?;
            joined = Some((keys, self.join(values, value_type)));
        }
        let (key, value) = joined.unwrap_or_else(|| (self.variables.fresh(), self.variables.fresh()));
        Ok(Type::map(key, value))
    }

    /// The type of an element; one after `?` has to be optional and stands for what is inside.
    fn element(&self, found: Type, optional: bool, at: usize) -> Result<Type, Fault> {
        match found {
            Type::Optional(inner) if optional => Ok(inner.as_ref().clone()),
            found if optional && !found.is_dyn() => {
                Err(Fault::new(at, format!("`?` needs an optional value, this is {found}")))
            }
            found => Ok(found),
        }
    }

    /// The type that elements of both types have: the more general one, dyn if there is none.
    fn join(&mut self, previous: Option<Type>, current: Type) -> Type {
        match previous {
            None => current,
            Some(previous) if self.variables.assign(&previous, &current) => {
                Substitution::general(previous, current)
            }
            Some(_) => Type::Dyn,
        }
    }

    fn message(&mut self, name: &str, fields: &[Field], at: usize) -> Result<Type, Fault> {
        let bare = name.trim_start_matches('.');
        let Some(result) = self.declared.named(bare) else {
            return Err(unknown("message", name, &[], at));
        };
        let Some(message) = message_name(&result) else {
            return Err(Fault::new(at, format!("{name} is no message, so it has no fields to set")));
        };
        for Field { at, optional, name, value } in fields {
            let found = self.check(value)?;
            let wanted = self.message_field(message, name, *at)?;
            let found = self.element(found, *optional, value.at)?;
            if !self.variables.assign(&wanted, &found) {
                return Err(Fault::new(*at, format!("the field {name} is {wanted}, not {found}")));
            }
        }
        Ok(result)
    }

    /// `target.all(x, …)` and the other macros that look at each element.
    fn fold(&mut self, expr: &Expr) -> Result<Type, Fault> {
        let Kind::Macro { name, target, variable, arguments } = &expr.kind else { return Ok(Type::Dyn) };
        let range = self.check(target)?;
        let start = match name {
            Macro::All | Macro::Exists => Type::Bool,
            Macro::ExistsOne => Type::Int,
            _ => Type::list(self.variables.fresh()),
        };
        let range = self.variables.resolve(&range, false);
        self.mixed_comparisons = true;
        let element = match &range {
            Type::List(item) => item.as_ref().clone(),
            Type::Map(entry) => entry.0.clone(),
            Type::Dyn | Type::Param(_) => {
                self.variables.assign(&Type::Dyn, &range);
                Type::Dyn
            }
            other => {
                return Err(Fault::new(
                    target.at,
                    format!("{other} has no elements, only lists and maps have"),
                ));
            }
        };
        self.scopes.push((variable.clone(), element));
        let step = self.fold_step(*name, arguments, &start, expr.at)?;
        self.scopes.pop();
        if !self.variables.assign(&start, &step) {
            let step = self.variables.resolve(&step, true);
            return Err(Fault::new(
                expr.at,
                format!("the elements that this makes are of two types: {step}"),
            ));
        }
        Ok(match name {
            Macro::ExistsOne => Type::Bool,
            _ => self.variables.resolve(&start, false),
        })
    }

    /// The type of the accumulator after one more element.
    fn fold_step(&mut self, name: Macro, arguments: &[Expr], start: &Type, at: usize) -> Result<Type, Fault> {
        let mut found = Vec::new();
        // The element itself is what a filter keeps, and it is looked at behind the condition.
        let order: &[usize] = match (name, arguments.len()) {
            (Macro::Filter, _) => &[1, 0],
            (_, 2) => &[1],
            _ => &[1, 2],
        };
        for index in order {
            match arguments.get(*index) {
                Some(argument) => found.push(self.check(argument)?),
                None => return Ok(Type::Dyn),
            }
        }
        match (name, found.as_slice()) {
            (Macro::All, [condition]) => self.resolve("_&&_", false, &[start.clone(), condition.clone()], at),
            (Macro::Exists, [condition]) => {
                self.resolve("_||_", false, &[start.clone(), condition.clone()], at)
            }
            (_, [condition]) if name == Macro::ExistsOne => {
                self.resolve("_?_:_", false, &[condition.clone(), start.clone(), start.clone()], at)
            }
            (_, [kept]) => self.resolve("_+_", false, &[start.clone(), Type::list(kept.clone())], at),
            (_, [condition, kept]) => {
                let more = self.resolve("_+_", false, &[start.clone(), Type::list(kept.clone())], at)?;
                self.resolve("_?_:_", false, &[condition.clone(), more, start.clone()], at)
            }
            _ => Ok(Type::Dyn),
        }
    }

    /// `target.optMap(x, …)` and `target.optFlatMap(x, …)`.
    fn optional_map(&mut self, expr: &Expr) -> Result<Type, Fault> {
        let Kind::Macro { name, target, variable, arguments } = &expr.kind else { return Ok(Type::Dyn) };
        let [declared, value] = arguments.as_slice() else { return Ok(Type::Dyn) };
        let found = self.check(target)?;
        let condition = self.resolve("hasValue", true, &[found], expr.at)?;
        // cel-go checks a copy of the target here, which has type variables of its own.
        let found = self.check(target)?;
        let inner = self.resolve("value", true, &[found], expr.at)?;
        self.mixed_comparisons = true;
        self.scopes.push((variable.clone(), inner.clone()));
        let step = self.check(declared)?;
        if !self.variables.assign(&inner, &step) {
            return Err(Fault::new(declared.at, format!("{variable} is {step}, not {inner}")));
        }
        let mut result = self.check(value)?;
        self.scopes.pop();
        result = self.variables.resolve(&result, false);
        if *name == Macro::OptMap {
            result = self.resolve("optional.of", false, &[result], expr.at)?;
        }
        let none = self.resolve("optional.none", false, &[], expr.at)?;
        self.resolve("_?_:_", false, &[condition, result, none], expr.at)
    }
}

/// The dotted name that an expression is, if it is one.
fn qualified(expr: &Expr) -> Option<String> {
    match &expr.kind {
        Kind::Name(name) => Some(name.clone()),
        Kind::Select { operand, field, presence: false } => Some(qualified(operand)? + "." + field),
        _ => None,
    }
}

/// The message that a literal of this type is made of.
fn message_name(of: &Type) -> Option<&str> {
    Some(match of {
        Type::Message(name) => name,
        Type::Any => "google.protobuf.Any",
        Type::Duration => "google.protobuf.Duration",
        Type::Timestamp => "google.protobuf.Timestamp",
        Type::Dyn => "google.protobuf.Value",
        Type::Null => "google.protobuf.NullValue",
        Type::List(_) => "google.protobuf.ListValue",
        Type::Map(entry) if entry.0 == Type::String => "google.protobuf.Struct",
        Type::Wrapper(inner) => match inner.as_ref() {
            Type::Bool => "google.protobuf.BoolValue",
            Type::Bytes => "google.protobuf.BytesValue",
            Type::Double => "google.protobuf.DoubleValue",
            Type::Int => "google.protobuf.Int64Value",
            Type::Uint => "google.protobuf.UInt64Value",
            _ => "google.protobuf.StringValue",
        },
        _ => return None,
    })
}

fn unknown(what: &str, name: &str, known: &[&str], at: usize) -> Fault {
    let hint = match nearest(name, known) {
        Some(near) => format!(", did you mean {near:?}?"),
        None if known.len() <= 20 && !known.is_empty() => format!(", known: {}", known.join(", ")),
        None => String::new(),
    };
    Fault::new(at, format!("unknown {what} {name:?}{hint}"))
}
