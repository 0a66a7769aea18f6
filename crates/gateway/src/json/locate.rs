//! From a place in a JSON text to the field that stands there.

/// Where the scan is inside an array or object.
enum Level {
    /// The key whose value is being read.
    Object(String),
    /// The index of the item being read.
    Array(usize),
}

/// The path (`content.text`, `items[2].id`) of the value that ends at or contains the place, as serde
/// reports it: lines and columns count from 1, a column counts bytes. Empty at the top. With `inside`, what
/// ends at the place is left by its last entry: that is where serde stands when it refuses a value it has read.
/// The text must be valid JSON.
pub(super) fn path_at(text: &str, line: usize, column: usize, inside: bool) -> String {
    let end = offset(text, line, column);
    let mut levels: Vec<Level> = Vec::new();
    let mut bytes = text.bytes().enumerate();
    let mut last_string = 0..0;
    while let Some((at, byte)) = bytes.next() {
        if at >= end {
            break;
        }
        match byte {
            b'"' => {
                let mut escaped = false;
                let close = bytes.find(|(_, b)| {
                    let ends = *b == b'"' && !escaped;
                    escaped = *b == b'\\' && !escaped;
                    ends
                });
                last_string = at + 1..close.map_or(text.len(), |(close, _)| close);
            }
            b':' => {
                if let (Some(Level::Object(key)), Some(name)) = (levels.last_mut(), text.get(last_string.clone())) {
                    *key = name.to_owned();
                }
            }
            b',' => match levels.last_mut() {
                Some(Level::Array(index)) => *index += 1,
                Some(Level::Object(key)) => key.clear(),
                None => {}
            },
            b'{' => levels.push(Level::Object(String::new())),
            b'[' => levels.push(Level::Array(0)),
            // What closes right at the place is the value that is meant: its own level no longer counts.
            b'}' | b']' if inside && at + 1 == end => {}
            b'}' | b']' => drop(levels.pop()),
            _ => {}
        }
    }
    // A value that has only just opened is not yet inside itself.
    if let Some(b'{' | b'[') = end.checked_sub(1).and_then(|at| text.as_bytes().get(at)) {
        levels.pop();
    }
    write(&levels)
}

fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (before + column).min(text.len())
}

fn write(levels: &[Level]) -> String {
    let mut path = String::new();
    for level in levels {
        match level {
            Level::Object(key) if key.is_empty() => {}
            Level::Object(key) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
            }
            Level::Array(index) => path.push_str(&format!("[{index}]")),
        }
    }
    path
}
