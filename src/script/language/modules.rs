//! Where imports lead, and what is there.

use std::fs;
use std::path::{Component, Path, PathBuf};

use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::Declared;
use rquickjs::{Ctx, Exception, Module};
use serde_json::{Value as Json, json};

use crate::script::fault::Fault;
use crate::script::services::read;

use super::source::Source;

/// What a name may leave out.
const ENDINGS: &[&str] =
    &["", ".js", ".ts", ".mjs", ".mts", ".cjs", ".cts", ".json", "/index.js", "/index.ts"];

/// The files of one folder as modules. Their names are `./` and the path below the folder, so that
/// none is taken for a file of hooks at work, whose names are without.
#[derive(Debug, Clone)]
pub(in crate::script) struct Modules {
    folder: PathBuf,
}

impl Modules {
    pub(in crate::script) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    pub(in crate::script) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The text of a file by its name, as [`locate`](Self::locate) gives it or below the folder.
    pub(in crate::script) fn source(&self, name: &str) -> Result<Source, Fault> {
        Source::read(&self.folder.join(name), name)
    }

    /// The name of the module that `wanted` means in the file `base`: a path relative to it, or any
    /// other path from the folder on.
    ///
    /// # Errors
    /// When there is none, or it is outside of the folder.
    pub(in crate::script) fn locate(&self, base: &str, wanted: &str) -> Result<String, String> {
        if wanted.contains("://") || wanted.starts_with("node:") || wanted.starts_with("npm:") {
            return Err(format!("{wanted} is no file of the folder of the scripts"));
        }
        let path = if wanted.starts_with("./") || wanted.starts_with("../") {
            let base = Path::new(base).parent().unwrap_or(Path::new(""));
            self.folder.join(base).join(wanted)
        } else {
            self.folder.join(wanted)
        };
        let path = plain(&path);
        let missing = || format!("there is no module {wanted}");
        // TypeScript lets people write the name that the file would have once compiled.
        let compiled = path.to_str().and_then(|text| text.strip_suffix("js"));
        let compiled = compiled.map(|text| PathBuf::from(format!("{text}ts")));
        let named =
            ENDINGS.iter().map(|ending| PathBuf::from(format!("{}{ending}", path.display())));
        let found = named.chain(compiled).find(|path| path.is_file()).ok_or_else(missing)?;
        let found = fs::canonicalize(found).map_err(|_| missing())?;
        // The folder may be a link itself.
        let folder = fs::canonicalize(&self.folder).map_err(|_| missing())?;
        let inner = found
            .strip_prefix(&folder)
            .map_err(|_| format!("the module {wanted} is outside of the folder of the scripts"))?;
        let inner = inner.to_str().ok_or_else(missing)?;
        Ok(format!("./{}", inner.replace('\\', "/")))
    }
}

/// A path without `.` and `..`, as it reads; links are looked at later.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut path, part| {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                path.pop();
            }
            other => path.push(other),
        }
        path
    })
}

/// What `require` gets to know: the name of a module, what it is, and its text unless the engine
/// loads it by itself.
pub(in crate::script) fn found_json(
    modules: &Modules,
    base: &str,
    wanted: &str,
) -> Result<Json, String> {
    let name = modules.locate(base, wanted)?;
    let path = modules.folder.join(&name);
    if Path::new(&name).extension().is_some_and(|ending| ending == "json") {
        let text = read(&path).map_err(|error| error.message().to_owned())?;
        return Ok(json!({ "name": name, "kind": "json", "source": text }));
    }
    let source = modules.source(&name).map_err(|fault| fault.to_string())?;
    Ok(if source.is_module() {
        json!({ "name": name, "kind": "module" })
    } else {
        json!({ "name": name, "kind": "script", "source": source.text })
    })
}

impl Resolver for Modules {
    fn resolve<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> rquickjs::Result<String> {
        self.locate(base, name).map_err(|what| {
            let importer = base.strip_prefix("./").unwrap_or(base);
            Exception::throw_reference(ctx, &format!("{what} (imported by {importer})"))
        })
    }
}

impl Loader for Modules {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> rquickjs::Result<Module<'js, Declared>> {
        let failed = |what: String| Exception::throw_syntax(ctx, &what);
        let text = if Path::new(name).extension().is_some_and(|ending| ending == "json") {
            let text = read(&self.folder.join(name)).map_err(|e| failed(e.message().to_owned()))?;
            let json: Json =
                serde_json::from_str(&text).map_err(|error| failed(format!("{name}: {error}")))?;
            format!("export default {json}")
        } else {
            let source = self.source(name).map_err(|fault| failed(fault.to_string()))?;
            if source.is_module() { source.text } else { bridge(name, &source.text) }
        };
        Module::declare(ctx.clone(), name, text)
    }
}

/// A module that has what a CommonJS file exports: all of it as the default, and by name what the
/// file can be seen to export.
fn bridge(name: &str, text: &str) -> String {
    let mut module = format!("const all = require({}); export default all;", json!(name));
    for name in exported_names(text) {
        module.push_str(&format!("const _{name} = all?.{name}; export {{ _{name} as {name} }};"));
    }
    module
}

/// The names in `exports.name =` and in `module.exports = { name, … }`.
fn exported_names(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$');
    let mut add = |name: &str| {
        let is_name = name.starts_with(|c: char| is_letter(c) && !c.is_ascii_digit());
        if is_name && name != "default" && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    };
    for (at, _) in text.match_indices("exports") {
        let rest = &text[at + "exports".len()..];
        if let Some(rest) = rest.strip_prefix('.') {
            let end = rest.find(|c: char| !is_letter(c)).unwrap_or(rest.len());
            let value = rest[end..].trim_start();
            if value.starts_with('=') && !value.starts_with("==") {
                add(&rest[..end]);
            }
            continue;
        }
        let Some(list) = rest.trim_start().strip_prefix('=') else { continue };
        let Some(list) = list.trim_start().strip_prefix('{') else { continue };
        let (mut depth, mut is_start) = (0_u32, true);
        for (at, c) in list.char_indices() {
            if is_start && depth == 0 && is_letter(c) {
                let rest = &list[at..];
                let end = rest.find(|c: char| !is_letter(c)).unwrap_or(rest.len());
                add(&rest[..end]);
                is_start = false;
            }
            match c {
                '{' | '(' | '[' => depth += 1,
                '}' if depth == 0 => break,
                '}' | ')' | ']' => depth = depth.saturating_sub(1),
                ',' if depth == 0 => is_start = true,
                _ => {}
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_nowhere_but_into_the_folder() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("hooks");
        fs::create_dir_all(folder.join("lib/deep")).unwrap();
        for name in ["secret.js", "hooks/a.js", "hooks/lib/b.ts", "hooks/lib/deep/index.js"] {
            fs::write(outer.path().join(name), "").unwrap();
        }
        let modules = Modules::new(&folder);
        let found = |base: &str, wanted: &str| modules.locate(base, wanted);
        assert_eq!(found("a.pb.js", "./lib/b").unwrap(), "./lib/b.ts");
        assert_eq!(found("a.pb.js", "./lib/b.js").unwrap(), "./lib/b.ts");
        assert_eq!(found("./lib/b.ts", "../a.js").unwrap(), "./a.js");
        assert_eq!(found("./lib/b.ts", "./deep").unwrap(), "./lib/deep/index.js");
        assert_eq!(found("./lib/b.ts", "a").unwrap(), "./a.js");
        assert_eq!(found("", "./a.js").unwrap(), "./a.js");
        let whole = folder.join("a.js");
        assert_eq!(found("./lib/b.ts", whole.to_str().unwrap()).unwrap(), "./a.js");
        assert!(found("a.pb.js", "../secret.js").unwrap_err().contains("outside"));
        assert!(found("a.pb.js", "/etc/passwd").unwrap_err().contains("outside"));
        assert!(found("a.pb.js", "https://example.com/a.js").is_err());
        assert!(found("a.pb.js", "node:fs").is_err());
        assert!(found("a.pb.js", "./none.js").unwrap_err().contains("there is no module"));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(outer.path().join("secret.js"), folder.join("x.js"))
                .unwrap();
            assert!(found("a.pb.js", "./x.js").unwrap_err().contains("outside"));
        }
    }

    #[test]
    fn names_of_common_js_are_seen() {
        let names = |text: &str| exported_names(text).join(" ");
        assert_eq!(names("module.exports = { a, b: { c: 1 }, d(x, y) {} }"), "a b d");
        assert_eq!(names("exports.a = 1; module.exports.b = 2; if (exports.c == 1) {}"), "a b");
        assert_eq!(names("module.exports = function () {}"), "");
    }
}
