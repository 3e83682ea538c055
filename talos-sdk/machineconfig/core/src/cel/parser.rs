//! Tokens to a tree, by recursive descent through the grammar of CEL.
//!
//! The limits are those of cel-go, and count what it counts: entries into `expr`, `relation` and `calc` that are open
//! at one time, and the height of the tree in operators, selections, indices and member calls.

use crate::cel::Fault;
use crate::cel::lexer::{Token, TokenKind, tokens};
use crate::cel::syntax::{Entry, Expr, Field, Item, Kind, Macro};
use crate::cel::types::Type;

const MAX_CHARACTERS: usize = 100_000;
const MAX_DEPTH: usize = 250;

/// Words that name no variable and no function.
const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// Parses an expression, with the syntax of optional values if there are `optionals`.
pub(crate) fn parse(source: &str, optionals: bool) -> Result<Expr, Fault> {
    if source.len() > MAX_CHARACTERS && source.chars().count() > MAX_CHARACTERS {
        return Err(Fault::new(0, format!("the expression is longer than {MAX_CHARACTERS} characters")));
    }
    let mut parser = Parser {
        source,
        tokens: tokens(source)?,
        position: 0,
        optionals,
        expressions: 0,
        relations: 0,
        sums: 0,
    };
    let expr = parser.expr()?;
    match parser.token().kind {
        TokenKind::End => Ok(expr),
        _ => Err(parser.unexpected("an operator or the end")),
    }
}

struct Parser<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    position: usize,
    optionals: bool,
    expressions: usize,
    relations: usize,
    sums: usize,
}

impl<'a> Parser<'a> {
    fn token(&self) -> Token {
        self.ahead(0)
    }

    fn ahead(&self, count: usize) -> Token {
        let last = self.tokens.len() - 1;
        self.tokens[(self.position + count).min(last)]
    }

    fn advance(&mut self) -> Token {
        let token = self.token();
        self.position += 1;
        token
    }

    fn is(&self, symbol: &'static str) -> bool {
        self.token().kind == TokenKind::Symbol(symbol)
    }

    /// Takes the symbol if it is next.
    fn eat(&mut self, symbol: &'static str) -> bool {
        let found = self.is(symbol);
        self.position += usize::from(found);
        found
    }

    fn expect(&mut self, symbol: &'static str) -> Result<(), Fault> {
        if self.eat(symbol) { Ok(()) } else { Err(self.unexpected(&format!("`{symbol}`"))) }
    }

    fn text(&self, token: Token) -> &'a str {
        &self.source[token.start..token.end]
    }

    fn unexpected(&self, wanted: &str) -> Fault {
        let token = self.token();
        match token.kind {
            TokenKind::End => {
                Fault::new(token.start, format!("the expression ends where {wanted} should stand"))
            }
            _ => Fault::new(token.start, format!("found `{}`, write {wanted}", self.text(token))),
        }
    }

    /// One of the operators, if it is next.
    fn operator(&mut self, operators: &[&'static str]) -> Option<(&'static str, usize)> {
        let token = self.token();
        let TokenKind::Symbol(symbol) = token.kind else { return None };
        if !operators.contains(&symbol) {
            return None;
        }
        self.position += 1;
        Some((symbol, token.start))
    }

    /// `condition ? value : value`, or one value.
    fn expr(&mut self) -> Result<Expr, Fault> {
        let at = self.token().start;
        enter(&mut self.expressions, at)?;
        let mut expr = self.logical("||")?;
        if let Some((_, at)) = self.operator(&["?"]) {
            let then = self.logical("||")?;
            self.expect(":")?;
            let otherwise = self.expr()?;
            expr = tall(at, call("_?_:_", vec![expr, then, otherwise]))?;
        }
        self.expressions -= 1;
        Ok(expr)
    }

    /// A chain of `||`, or of `&&` inside one, as a balanced tree.
    fn logical(&mut self, operator: &'static str) -> Result<Expr, Fault> {
        let mut terms = Vec::new();
        let mut places = Vec::new();
        loop {
            terms.push(if operator == "||" { self.logical("&&")? } else { self.relation()? });
            match self.operator(&[operator]) {
                Some((_, at)) => places.push(at),
                None => break,
            }
        }
        let function = if operator == "||" { "_||_" } else { "_&&_" };
        let mut terms = terms.into_iter();
        match (places.as_slice(), terms.next()) {
            ([], Some(only)) => Ok(only),
            (places, Some(first)) => Ok(balanced(function, places, &mut std::iter::once(first).chain(terms))),
            (_, None) => Err(self.unexpected("a value")),
        }
    }

    fn relation(&mut self) -> Result<Expr, Fault> {
        let at = self.token().start;
        enter(&mut self.relations, at)?;
        let mut expr = self.calc(0)?;
        while let Some((symbol, at)) = self.operator(&["<", "<=", ">=", ">", "==", "!=", "in"]) {
            enter(&mut self.relations, at)?;
            let right = self.calc(0)?;
            self.relations -= 1;
            let function = if symbol == "in" { "@in".to_owned() } else { format!("_{symbol}_") };
            expr = tall(at, call(&function, vec![expr, right]))?;
        }
        self.relations -= 1;
        Ok(expr)
    }

    /// Operators that bind at least as strongly as `level`: sums from 0, products from 2, none from 3.
    fn calc(&mut self, level: usize) -> Result<Expr, Fault> {
        let at = self.token().start;
        enter(&mut self.sums, at)?;
        let mut expr = self.unary()?;
        loop {
            let operators: &[_] = if level < 2 { &["*", "/", "%", "+", "-"] } else { &["*", "/", "%"] };
            let found = if level < 3 { self.operator(operators) } else { None };
            let Some((symbol, at)) = found else { break };
            let right = self.calc(if matches!(symbol, "+" | "-") { 2 } else { 3 })?;
            expr = tall(at, call(&format!("_{symbol}_"), vec![expr, right]))?;
        }
        self.sums -= 1;
        Ok(expr)
    }

    /// A member behind `!` or `-`, the same sign any number of times; an even number cancels out.
    fn unary(&mut self) -> Result<Expr, Fault> {
        let first = self.token();
        let number = matches!(self.ahead(1).kind, TokenKind::Int | TokenKind::Double);
        let symbol = match first.kind {
            TokenKind::Symbol("!") => "!",
            TokenKind::Symbol("-") if !number => "-",
            _ => return self.member(),
        };
        let mut count = 0;
        while self.eat(symbol) {
            count += 1;
        }
        let operand = self.member()?;
        if count % 2 == 0 {
            return Ok(operand);
        }
        Ok(wide(first.start, call(if symbol == "!" { "!_" } else { "-_" }, vec![operand])))
    }

    fn member(&mut self) -> Result<Expr, Fault> {
        let mut expr = self.primary()?;
        loop {
            let at = self.token().start;
            if self.eat(".") {
                expr = self.selection(expr, at)?;
            } else if self.eat("[") {
                let optional = self.optional_mark()?;
                let index = self.expr()?;
                self.expect("]")?;
                expr = tall(at, call(if optional { "_[?_]" } else { "_[_]" }, vec![expr, index]))?;
            } else {
                return Ok(expr);
            }
        }
    }

    /// What follows the dot behind `operand`: a field, or a call of a member function.
    fn selection(&mut self, operand: Expr, at: usize) -> Result<Expr, Fault> {
        let optional = self.optional_mark()?;
        let name = self.name()?;
        let operand = Box::new(operand);
        if optional {
            return tall(at, Kind::OptionalSelect { operand, field: name });
        }
        let open = self.token().start;
        if !self.eat("(") {
            return tall(at, Kind::Select { operand, field: name, presence: false });
        }
        let arguments = self.arguments()?;
        match Macro::find(&name, arguments.len(), self.optionals) {
            Some(found) => tall(open, expand(found, &name, operand, arguments)?),
            None => tall(open, Kind::Call { function: name, target: Some(operand), arguments }),
        }
    }

    /// Whether a `?` of the optional syntax is next.
    fn optional_mark(&mut self) -> Result<bool, Fault> {
        let at = self.token().start;
        match self.eat("?") {
            true if !self.optionals => {
                Err(Fault::new(at, "there are no optional values here, leave out the `?`"))
            }
            found => Ok(found),
        }
    }

    fn name(&mut self) -> Result<String, Fault> {
        match self.token().kind {
            TokenKind::Name => {
                let token = self.advance();
                Ok(self.text(token).to_owned())
            }
            _ => Err(self.unexpected("a name")),
        }
    }

    /// Arguments behind an open parenthesis, and the closing one.
    fn arguments(&mut self) -> Result<Vec<Expr>, Fault> {
        let mut arguments = Vec::new();
        if self.eat(")") {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expr()?);
            if !self.eat(",") {
                self.expect(")")?;
                return Ok(arguments);
            }
        }
    }

    fn primary(&mut self) -> Result<Expr, Fault> {
        let token = self.token();
        match token.kind {
            TokenKind::Name => self.named(),
            TokenKind::Symbol(".") => self.named(),
            TokenKind::Symbol("(") => {
                self.position += 1;
                let expr = self.expr()?;
                self.expect(")")?;
                Ok(expr)
            }
            TokenKind::Symbol("[") => self.list(),
            TokenKind::Symbol("{") => self.map(),
            _ => self.literal(),
        }
    }

    /// A variable, a call, or a message: what begins with a name.
    fn named(&mut self) -> Result<Expr, Fault> {
        let start = self.token().start;
        let mut name = if self.eat(".") { ".".to_owned() } else { String::new() };
        let mut parts = 1;
        while self.ahead(parts).kind == TokenKind::Symbol(".")
            && self.ahead(parts + 1).kind == TokenKind::Name
        {
            parts += 2;
        }
        let message = self.ahead(parts).kind == TokenKind::Symbol("{");
        name += &self.name()?;
        if message {
            while self.eat(".") {
                name.push('.');
                name += &self.name()?;
            }
            return self.message(start, name);
        }
        if RESERVED.contains(&name.trim_start_matches('.')) {
            return Err(Fault::new(start, format!("`{name}` is a reserved word")));
        }
        if !self.eat("(") {
            return Ok(wide(start, Kind::Name(name)));
        }
        let mut arguments = self.arguments()?;
        if name == "has" && arguments.len() == 1 {
            return match arguments.pop() {
                Some(Expr { height, kind: Kind::Select { operand, field, .. }, .. }) => {
                    Ok(Expr { at: start, height, kind: Kind::Select { operand, field, presence: true } })
                }
                _ => Err(Fault::new(start, "has() takes a field, such as has(a.b)")),
            };
        }
        Ok(wide(start, call(&name, arguments)))
    }

    fn list(&mut self) -> Result<Expr, Fault> {
        let at = self.advance().start;
        let mut items = Vec::new();
        while !self.closed("]", items.is_empty())? {
            items.push(Item { optional: self.optional_mark()?, value: self.expr()? });
        }
        Ok(wide(at, Kind::List(items)))
    }

    fn map(&mut self) -> Result<Expr, Fault> {
        let at = self.advance().start;
        let mut entries = Vec::new();
        while !self.closed("}", entries.is_empty())? {
            let optional = self.optional_mark()?;
            let key = self.expr()?;
            self.expect(":")?;
            entries.push(Entry { optional, key, value: self.expr()? });
        }
        Ok(wide(at, Kind::Map(entries)))
    }

    fn message(&mut self, at: usize, name: String) -> Result<Expr, Fault> {
        self.position += 1;
        let mut fields = Vec::new();
        while !self.closed("}", fields.is_empty())? {
            let at = self.token().start;
            let optional = self.optional_mark()?;
            let name = self.name()?;
            self.expect(":")?;
            fields.push(Field { at, optional, name, value: self.expr()? });
        }
        Ok(wide(at, Kind::Message { name, fields }))
    }

    /// Whether the end of a list comes next, after the comma that has to be between elements and may be at the end.
    fn closed(&mut self, end: &'static str, first: bool) -> Result<bool, Fault> {
        if self.eat(end) {
            return Ok(true);
        }
        if first {
            return if self.eat(",") { self.expect(end).map(|()| true) } else { Ok(false) };
        }
        match self.eat(",") {
            true => Ok(self.eat(end)),
            false => Err(self.unexpected(&format!("`,` or `{end}`"))),
        }
    }

    fn literal(&mut self) -> Result<Expr, Fault> {
        let start = self.token().start;
        let sign = if self.is("-") { "-" } else { "" };
        self.position += sign.len();
        let token = self.token();
        let text = self.text(token);
        let kind = match token.kind {
            TokenKind::Int if integer(&format!("{sign}{text}")) => Type::Int,
            TokenKind::Uint if sign.is_empty() && unsigned(&text[..text.len() - 1]) => Type::Uint,
            TokenKind::Double if text.parse().is_ok_and(f64::is_finite) => Type::Double,
            TokenKind::Int | TokenKind::Uint | TokenKind::Double => {
                return Err(Fault::new(start, format!("the number {sign}{text} is out of range")));
            }
            TokenKind::String if sign.is_empty() => Type::String,
            TokenKind::Bytes if sign.is_empty() => Type::Bytes,
            TokenKind::True | TokenKind::False if sign.is_empty() => Type::Bool,
            TokenKind::Null if sign.is_empty() => Type::Null,
            _ => return Err(self.unexpected("a value")),
        };
        self.position += 1;
        Ok(wide(start, Kind::Literal(kind)))
    }
}

/// Counts an entry into a rule.
fn enter(depth: &mut usize, at: usize) -> Result<(), Fault> {
    *depth += 1;
    if *depth > MAX_DEPTH {
        return Err(Fault::new(at, format!("nested more than {MAX_DEPTH} deep")));
    }
    Ok(())
}

fn call(function: &str, arguments: Vec<Expr>) -> Kind {
    Kind::Call { function: function.to_owned(), target: None, arguments }
}

/// A node as high as what is below it.
fn wide(at: usize, kind: Kind) -> Expr {
    let height = match &kind {
        Kind::Literal(_) | Kind::Name(_) => 0,
        Kind::Select { operand, .. } | Kind::OptionalSelect { operand, .. } => operand.height,
        Kind::Call { target, arguments, .. } => {
            let below = arguments.iter().chain(target.as_deref());
            below.map(|expr| expr.height).max().unwrap_or(0)
        }
        Kind::Macro { target, arguments, .. } => {
            arguments.iter().map(|expr| expr.height).max().unwrap_or(0).max(target.height)
        }
        Kind::List(items) => items.iter().map(|item| item.value.height).max().unwrap_or(0),
        Kind::Map(entries) => {
            entries.iter().map(|entry| entry.key.height.max(entry.value.height)).max().unwrap_or(0)
        }
        Kind::Message { fields, .. } => fields.iter().map(|field| field.value.height).max().unwrap_or(0),
    };
    Expr { at, height, kind }
}

/// A node one higher than what is below it.
fn tall(at: usize, kind: Kind) -> Result<Expr, Fault> {
    let mut expr = wide(at, kind);
    enter(&mut expr.height, at)?;
    Ok(expr)
}

/// A tree of `places.len()` operators over one more terms, of logarithmic height.
fn balanced(function: &str, places: &[usize], terms: &mut dyn Iterator<Item = Expr>) -> Expr {
    let middle = places.len() / 2;
    let mut side = |places: &[usize]| match places {
        [] => terms.next(),
        _ => Some(balanced(function, places, terms)),
    };
    let arguments = [side(&places[..middle]), side(&places[middle + 1..])].into_iter().flatten().collect();
    wide(places[middle], call(function, arguments))
}

/// The macro with the name its first argument declares.
fn expand(found: Macro, name: &str, target: Box<Expr>, arguments: Vec<Expr>) -> Result<Kind, Fault> {
    let (at, variable) = match arguments.first() {
        Some(Expr { at, kind: Kind::Name(variable), .. }) => (*at, variable.clone()),
        other => {
            let at = other.map_or(target.at, |expr| expr.at);
            return Err(Fault::new(at, format!("the first argument of {name}() is the name of a variable")));
        }
    };
    if !found.allows(&variable) {
        return Err(Fault::new(at, format!("a variable can't be called {variable}")));
    }
    Ok(Kind::Macro { name: found, target, variable, arguments })
}

fn integer(text: &str) -> bool {
    match text.split_once("0x") {
        Some((sign @ ("" | "-"), digits)) => i64::from_str_radix(&format!("{sign}{digits}"), 16).is_ok(),
        _ => text.parse::<i64>().is_ok(),
    }
}

fn unsigned(text: &str) -> bool {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).is_ok(),
        None => text.parse::<u64>().is_ok(),
    }
}
