//! What the syntax of a file says, and TypeScript without its types.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use swc_common::errors::{DiagnosticBuilder, Emitter, Handler};
use swc_common::sync::Lrc;
use swc_common::{BytePos, FileName, SourceMap, Span, Spanned as _};
use swc_ecma_ast::{ModuleDecl, ModuleItem, Program};
use swc_ecma_parser::{EsSyntax, Parser, StringInput, Syntax};
use swc_ts_fast_strip::{Mode, Options, operate};

use crate::script::fault::Fault;

/// TypeScript as JavaScript: where types were, there are blanks, so that lines and columns stay.
///
/// # Errors
/// A mistake in the syntax, and what is more than types (`enum`, `namespace` with values, properties
/// in the parameters of a constructor).
pub(super) fn strip(name: &str, text: String) -> Result<String, Fault> {
    let map: Lrc<SourceMap> = Lrc::default();
    let told = Arc::new(Mutex::new(None));
    let listener =
        Listener { map: Lrc::clone(&map), name: name.to_owned(), told: Arc::clone(&told) };
    let handler = Handler::with_emitter(false, false, Box::new(listener));
    let options =
        Options { mode: Mode::StripOnly, filename: Some(name.to_owned()), ..Options::default() };
    let stripped = operate(&map, &handler, text, options);
    stripped.map(|output| output.code).map_err(|error| {
        let told = told.lock().unwrap_or_else(PoisonError::into_inner).take();
        told.unwrap_or_else(|| Fault::new(name, error.message))
    })
}

/// The imports of a module, each in its place and all else blank; `None` for a plain script.
/// A file that does not say what it is, is one if it imports or exports something.
///
/// # Errors
/// A mistake in the syntax of a module. Those of scripts are left to the engine.
pub(super) fn imports(name: &str, text: &str, is_module: bool) -> Result<Option<String>, Fault> {
    // Nearly all files are told apart by this alone.
    if !is_module && !text.contains("import") && !text.contains("export") {
        return Ok(None);
    }
    let map = SourceMap::default();
    let file = map.new_source_file(Lrc::new(FileName::Real(PathBuf::from(name))), text.to_owned());
    let syntax = Syntax::Es(EsSyntax {
        import_attributes: true,
        allow_return_outside_function: true,
        explicit_resource_management: true,
        ..EsSyntax::default()
    });
    let mut parser = Parser::new(syntax, StringInput::from(&*file), None);
    let parsed =
        if is_module { parser.parse_module().map(Program::Module) } else { parser.parse_program() };
    let error = match parsed {
        Ok(Program::Module(module)) => match parser.take_errors().into_iter().next() {
            None => {
                let imports = module.body.iter().filter_map(|item| match item {
                    ModuleItem::ModuleDecl(ModuleDecl::Import(import)) => Some(import.span),
                    _ => None,
                });
                return Ok(Some(only(text, imports, file.start_pos)));
            }
            Some(error) => error,
        },
        Ok(Program::Script(_)) => return Ok(None),
        Err(error) => error,
    };
    Err(fault_at(&map, name, error.span(), &error.kind().msg()))
}

/// The text with blanks for everything outside of the spans. Lines stay as they are.
fn only(text: &str, spans: impl Iterator<Item = Span>, start: BytePos) -> String {
    let mut left = String::with_capacity(text.len());
    let mut at = 0;
    let blank = |left: &mut String, text: &str| {
        left.extend(text.chars().map(|c| if matches!(c, '\n' | '\r') { c } else { ' ' }));
    };
    for span in spans {
        let (from, to) = ((span.lo - start).0 as usize, (span.hi - start).0 as usize);
        blank(&mut left, &text[at..from]);
        left.push_str(&text[from..to]);
        at = to;
    }
    blank(&mut left, &text[at..]);
    left
}

fn fault_at(map: &SourceMap, name: &str, span: Span, message: &str) -> Fault {
    let at = map.lookup_char_pos(span.lo);
    Fault::new(format!("{name}:{}:{}", at.line, at.col.0 + 1), format!("SyntaxError: {message}"))
}

/// Keeps the first thing that is said.
struct Listener {
    map: Lrc<SourceMap>,
    name: String,
    told: Arc<Mutex<Option<Fault>>>,
}

impl Emitter for Listener {
    fn emit(&mut self, diagnostic: &mut DiagnosticBuilder<'_>) {
        let span = diagnostic.span.primary_span().unwrap_or_default();
        let fault = fault_at(&self.map, &self.name, span, &diagnostic.message());
        self.told.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(fault);
    }
}
