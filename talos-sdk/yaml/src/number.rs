//! Numbers as Go writes them.

/// A 64-bit float as Go writes it.
pub(crate) fn go_f64(value: f64) -> String {
    let shortest = format!("{value:e}");
    let nearest = format!("{value:.*e}", fraction_digits(&shortest));
    let keeps = nearest.parse() == Ok(value);
    go_float(value, if keeps { &nearest } else { &shortest })
}

/// A 32-bit float as Go writes it.
pub(crate) fn go_f32(value: f32) -> String {
    let shortest = format!("{value:e}");
    let nearest = format!("{value:.*e}", fraction_digits(&shortest));
    let keeps = nearest.parse() == Ok(value);
    go_float(f64::from(value), if keeps { &nearest } else { &shortest })
}

/// Digits behind the point of a number in `{:e}` form. Two numbers of this length can be equally near; Go takes
/// the even one, as formatting with a precision does, while the shortest form of Rust takes the larger one.
fn fraction_digits(shortest: &str) -> usize {
    let mantissa = shortest.split('e').next().unwrap_or_default();
    mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len())
}

/// A float in Go's shortest `%g` form, with YAML's names for infinity and not-a-number, from its `{:e}` form.
fn go_float(value: f64, digits: &str) -> String {
    if value.is_nan() {
        return ".nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.into();
    }
    let (mantissa, exponent) = digits.split_once('e').unwrap_or((digits, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    // With the shortest digits Go turns to an exponent as if six had been asked for.
    if !(-4..6).contains(&exponent) {
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        let exponent_sign = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{first}{dot}{rest}e{exponent_sign}{:02}", exponent.abs());
    }
    let mut out = String::from(sign);
    if exponent < 0 {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', (-exponent - 1) as usize));
        out.push_str(&digits);
    } else {
        let whole = exponent as usize + 1;
        if digits.len() <= whole {
            out.push_str(&digits);
            out.extend(std::iter::repeat_n('0', whole - digits.len()));
        } else {
            out.push_str(&digits[..whole]);
            out.push('.');
            out.push_str(&digits[whole..]);
        }
    }
    out
}
