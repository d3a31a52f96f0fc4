//! A file of a script, ready for the engine.

use std::path::Path;

use crate::script::fault::Fault;
use crate::script::services::read;

use super::syntax;

/// What a file says, as JavaScript with the lines and columns that it was written with.
#[derive(Debug)]
pub(in crate::script) struct Source {
    pub(in crate::script) text: String,
    /// The imports of a module, each where it stands and nothing else; `None` for a plain script.
    pub(in crate::script) imports: Option<String>,
}

impl Source {
    /// The file at `path`, which faults call `name`.
    ///
    /// # Errors
    /// A file that cannot be read, and a mistake in its syntax that shows without running it.
    pub(in crate::script) fn read(path: &Path, name: &str) -> Result<Self, Fault> {
        let text = read(path).map_err(|error| Fault::new(name, error.message()))?;
        Self::of(name, text)
    }

    /// The text of a file called `name`, which says by its ending what it is.
    pub(in crate::script) fn of(name: &str, text: String) -> Result<Self, Fault> {
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        let text = if is_typescript(ending) { syntax::strip(name, text)? } else { text };
        let imports = match ending {
            "cjs" | "cts" | "json" => None,
            _ => syntax::imports(name, &text, matches!(ending, "mjs" | "mts"))?,
        };
        Ok(Self { text, imports })
    }

    pub(in crate::script) fn is_module(&self) -> bool {
        self.imports.is_some()
    }
}

/// Whether a file of this name is a script; declarations for editors are none.
pub(in crate::script) fn is_script(name: &str) -> bool {
    let Some((stem, ending)) = name.rsplit_once('.') else { return false };
    let is_script = matches!(ending, "js" | "mjs" | "cjs");
    is_script || is_typescript(ending) && Path::new(stem).extension().is_none_or(|end| end != "d")
}

fn is_typescript(ending: &str) -> bool {
    matches!(ending, "ts" | "mts" | "cts")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_is_a_script() {
        for name in ["a.js", "a.pb.js", "a.mjs", "a.pb.ts", "d.ts", "a.hs.ts", "a.mts"] {
            assert!(is_script(name), "{name}");
        }
        for name in ["a.d.ts", "types.d.mts", "a.json", "js", "a.tsx", "a.ts.txt"] {
            assert!(!is_script(name), "{name}");
        }
    }

    #[test]
    fn types_go_and_everything_else_stays_where_it_was() {
        let text = "interface A { b: string }\nconst x: A = { b: 'ö' }; call(x!.b as string)\n";
        let stripped = Source::of("a.ts", text.to_owned()).unwrap();
        assert_eq!(stripped.text.lines().count(), 2);
        let column = |text: &str| text.lines().nth(1).unwrap().chars().position(|c| c == '(');
        assert_eq!(column(&stripped.text), column(text));
        assert!(!stripped.text.contains("interface") && !stripped.text.contains(" as "));
        assert!(!stripped.is_module());
    }

    #[test]
    fn a_mistake_is_told_with_line_and_column() {
        let fault = Source::of("a.pb.ts", "let a: number = 1\nlet b: = 2".to_owned()).unwrap_err();
        assert!(fault.to_string().starts_with("a.pb.ts:2:8: "), "{fault}");
        let fault = Source::of("a.ts", "\nenum A { B }".to_owned()).unwrap_err();
        assert!(fault.to_string().starts_with("a.ts:2:1: "), "{fault}");
        let fault = Source::of("a.js", "import x from './x'\nexport const = 2".to_owned());
        let fault = fault.unwrap_err().to_string();
        assert!(fault.starts_with("a.js:2:14: "), "{fault}");
    }

    #[test]
    fn a_module_is_told_by_what_it_says() {
        let is_module = |name: &str, text: &str| Source::of(name, text.into()).unwrap().is_module();
        assert!(is_module("a.js", "import x from './x.js'"));
        assert!(is_module("a.ts", "export const a: number = 1"));
        assert!(is_module("a.mjs", "1"));
        assert!(!is_module("a.ts", "import type { A } from './a'"));
        assert!(!is_module("a.js", "/*\nexport const a = 1\n*/ return import('./b.js')"));
        assert!(!is_module("a.js", "const a = `\nimport x from 'y'`"));
        assert!(!is_module("a.cjs", "exports.a = 1"));
    }

    #[test]
    fn imports_stay_in_their_lines() {
        let text =
            "// ö\nimport a,\n  { b } from './x.js'; go()\n\nimport './y.js'\nexport default 1";
        let imports = Source::of("a.js", text.to_owned()).unwrap().imports.unwrap();
        let lines: Vec<&str> = imports.lines().map(str::trim_end).collect();
        assert_eq!(lines, ["", "import a,", "  { b } from './x.js';", "", "import './y.js'", ""]);
    }
}
