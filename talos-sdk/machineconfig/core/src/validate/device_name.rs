//! Names of volumes, which become labels of partitions and names of devices.

use crate::validate::Findings;

/// Checks that a name is not empty, has at most `longest` bytes, and consists of letters, digits and `marks`.
pub(crate) fn check_device_name(name: &str, longest: usize, marks: &str, found: &mut Findings) {
    if name.is_empty() {
        found.missing("name", "a name of letters, digits and -");
    } else if name.len() > longest {
        found.error("name", format!("the name is {} bytes long: write at most {longest}", name.len()));
    }
    if let Some(c) = name.chars().find(|c| !c.is_ascii_alphanumeric() && !marks.contains(*c)) {
        let marks: Vec<String> = marks.chars().map(String::from).collect();
        found.error(
            "name",
            format!("{c:?} can't stand in the name: write letters, digits and {}", marks.join(", ")),
        );
    }
}
