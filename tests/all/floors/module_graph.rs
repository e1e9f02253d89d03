//! Which file of the crate names items of which other file, read with `syn`, and the circles among them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use syn::visit::Visit;
use syn::{Attribute, Item, ItemMod, ItemUse, Macro, UseTree};

/// The segments of a path, such as `["crate", "domain", "oauth"]`.
type Segments = Vec<String>;

/// A module: what its own code imports and names.
#[derive(Default)]
struct Module {
    file: String,
    imports: HashMap<String, Segments>,
    paths: Vec<Segments>,
}

/// The edges between files: for each pair, a path in the first that leads to the second.
type Edges = BTreeMap<String, BTreeMap<String, String>>;

/// Files that import each other, with one example for each edge.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Circle {
    pub(crate) files: Vec<String>,
    pub(crate) edges: Vec<String>,
}

/// The circles among `files`, each a path in the crate and its text. A module that its own descendants name is no
/// circle. What a glob import brings in is not followed.
pub(crate) fn circles(files: &[(String, String)]) -> Vec<Circle> {
    let edges = edges(&modules(files));
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        edges.keys().map(|file| (file, reachable(file, &edges))).collect();
    let mut circles = Vec::new();
    let mut seen = BTreeSet::new();
    for (file, from_here) in &reached {
        let is_mutual = |other: &&String| {
            from_here.contains(other) && reached.get(other).is_some_and(|back| back.contains(file))
        };
        let members: Vec<&String> = reached.keys().copied().filter(is_mutual).collect();
        if !members.is_empty() && members.iter().all(|member| seen.insert(*member)) {
            circles.push(circle(&members, &edges));
        }
    }
    circles
}

fn circle(members: &[&String], edges: &Edges) -> Circle {
    let mut examples = Vec::new();
    for from in members {
        for (to, path) in &edges[*from] {
            if members.contains(&to) {
                examples.push(format!("{from} -> {to}: {path}"));
            }
        }
    }
    Circle { files: members.iter().map(ToString::to_string).collect(), edges: examples }
}

fn reachable<'a>(start: &'a String, edges: &'a Edges) -> BTreeSet<&'a String> {
    let mut found = BTreeSet::new();
    let mut open = vec![start];
    while let Some(file) = open.pop() {
        for next in edges.get(file).into_iter().flat_map(BTreeMap::keys) {
            if found.insert(next) {
                open.push(next);
            }
        }
    }
    found
}

/// The crate's modules by path, without those for tests.
fn modules(files: &[(String, String)]) -> HashMap<Segments, Module> {
    let mut found = HashMap::new();
    let mut test_modules = Vec::new();
    for (file, text) in files {
        let Some(path) = module_path(file) else { continue };
        let syntax = syn::parse_file(text).unwrap_or_else(|error| panic!("{file}: {error}"));
        let mut reader = Reader { file, path, modules: &mut found, test_modules: &mut test_modules };
        reader.enter();
        reader.visit_file(&syntax);
    }
    found.retain(|path, module| {
        !module.file.ends_with("tests.rs") && !test_modules.iter().any(|test| path.starts_with(test))
    });
    found
}

/// `src/a/mod.rs` and `src/a.rs` are `crate::a`; `None` for `main.rs`, which is a crate of its own.
fn module_path(file: &str) -> Option<Segments> {
    let path = Path::new(file).strip_prefix("src").ok()?.with_extension("");
    let mut segments = vec!["crate".to_owned()];
    segments.extend(path.iter().map(|part| part.to_string_lossy().into_owned()));
    match segments.last().map(String::as_str) {
        Some("main") if segments.len() == 2 => return None,
        Some("mod" | "lib") => drop(segments.pop()),
        _ => {}
    }
    Some(segments)
}

struct Reader<'a> {
    file: &'a str,
    path: Segments,
    modules: &'a mut HashMap<Segments, Module>,
    test_modules: &'a mut Vec<Segments>,
}

impl Reader<'_> {
    fn enter(&mut self) {
        let file = self.file.to_owned();
        self.modules.entry(self.path.clone()).or_default().file = file;
    }

    fn module(&mut self) -> &mut Module {
        self.modules.get_mut(&self.path).unwrap()
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Fn(function) if is_test(&function.attrs) => {}
            Item::Impl(block) if is_test(&block.attrs) => {}
            Item::Use(import) if is_test(&import.attrs) => {}
            _ => syn::visit::visit_item(self, item),
        }
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        self.path.push(module.ident.to_string());
        if is_test(&module.attrs) {
            self.test_modules.push(self.path.clone());
        } else if module.content.is_some() {
            self.enter();
            syn::visit::visit_item_mod(self, module);
        }
        self.path.pop();
    }

    fn visit_item_use(&mut self, import: &'ast ItemUse) {
        let is_re_export = !matches!(import.vis, syn::Visibility::Inherited);
        for (name, path) in imports(&import.tree, &[]) {
            // A re-export uses nothing itself: a path to the item leads to the file that defines it.
            if !is_re_export {
                self.module().paths.push(path.clone());
            }
            if let Some(name) = name {
                self.module().imports.insert(name, path);
            }
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.module().paths.push(segments);
        syn::visit::visit_path(self, path);
    }

    /// A macro's arguments are tokens only: every `a::b` among them counts as a path.
    fn visit_macro(&mut self, call: &'ast Macro) {
        let tokens = call.tokens.to_string().replace(" :: ", "::").replace(":: ", "::").replace(" ::", "::");
        let words = tokens.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
        let paths = words
            .filter(|word| word.contains("::"))
            .map(|word| word.split("::").map(str::to_owned).collect());
        self.module().paths.extend(paths);
    }
}

/// Each path of a `use` with the name that it gets; a glob has none.
fn imports(tree: &UseTree, prefix: &[String]) -> Vec<(Option<String>, Segments)> {
    // In `a::{self}` the name is `a`'s; in `self::a` it is a segment.
    let with = |name: &syn::Ident| {
        let is_prefix = name == "self" && !prefix.is_empty();
        if is_prefix { prefix.to_vec() } else { [prefix, &[name.to_string()]].concat() }
    };
    match tree {
        UseTree::Path(path) => imports(&path.tree, &with(&path.ident)),
        UseTree::Group(group) => group.items.iter().flat_map(|tree| imports(tree, prefix)).collect(),
        UseTree::Name(name) => {
            let path = with(&name.ident);
            vec![(path.last().cloned(), path)]
        }
        UseTree::Rename(rename) => vec![(Some(rename.rename.to_string()), with(&rename.ident))],
        UseTree::Glob(_) => vec![(None, prefix.to_vec())],
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    let is_cfg_test = |attribute: &Attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|name| name == "test")
    };
    attributes.iter().any(is_cfg_test)
}

fn edges(modules: &HashMap<Segments, Module>) -> Edges {
    let mut edges = Edges::new();
    for (path, module) in modules {
        for named in &module.paths {
            let Some(target) = resolve(modules, path, named, 0) else { continue };
            if !is_own_ancestor(&module.file, &target.file) && module.file != target.file {
                let example = edges.entry(module.file.clone()).or_default();
                example.entry(target.file.clone()).or_insert_with(|| named.join("::"));
            }
        }
    }
    edges
}

/// The module that defines what `named` means in the module at `from`.
fn resolve<'a>(
    modules: &'a HashMap<Segments, Module>,
    from: &[String],
    named: &[String],
    depth: u8,
) -> Option<&'a Module> {
    let (first, rest) = named.split_first()?;
    if depth > 16 {
        return None;
    }
    let parent = || from.split_last().map(|(_, parent)| parent);
    let base = match first.as_str() {
        "crate" => vec!["crate".to_owned()],
        "self" => from.to_vec(),
        "super" if rest.first().is_some_and(|next| next == "super") => {
            return resolve(modules, parent()?, rest, depth + 1);
        }
        "super" => parent()?.to_vec(),
        _ => {
            let child = [from, std::slice::from_ref(first)].concat();
            if modules.contains_key(&child) {
                child
            } else {
                let import =
                    modules.get(from)?.imports.get(first).filter(|import| import.as_slice() != named)?;
                return resolve(modules, from, &[import, rest].concat(), depth + 1);
            }
        }
    };
    definition(modules, base, rest, depth)
}

/// Follows `rest` down from the module at `base`, through what the last module on the way imports.
fn definition<'a>(
    modules: &'a HashMap<Segments, Module>,
    mut base: Segments,
    rest: &[String],
    depth: u8,
) -> Option<&'a Module> {
    let mut rest = rest;
    while let Some((next, after)) = rest.split_first() {
        base.push(next.clone());
        if !modules.contains_key(&base) {
            base.pop();
            break;
        }
        rest = after;
    }
    let module = modules.get(&base)?;
    match rest.first().and_then(|name| module.imports.get(name)) {
        Some(import) => resolve(modules, &base, &[import, &rest[1..]].concat(), depth + 1),
        None => Some(module),
    }
}

/// Whether `other` is the file of a module that contains the module of `file`.
fn is_own_ancestor(file: &str, other: &str) -> bool {
    match (module_path(file), module_path(other)) {
        (Some(inner), Some(outer)) => inner.starts_with(&outer),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(texts: &[(&str, &str)]) -> Vec<(String, String)> {
        texts.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn a_circle_through_a_re_export_is_found() {
        let found = circles(&files(&[
            ("src/lib.rs", "pub mod a; pub mod b; pub mod c;"),
            ("src/a/mod.rs", "mod item; pub use item::Item;"),
            ("src/a/item.rs", "use crate::b; pub struct Item; fn f() { b::g(); }"),
            ("src/b.rs", "pub fn g() { println!(\"{}\", crate::c::h()); }"),
            ("src/c.rs", "use crate::{a::{Item as It}}; pub fn h() -> u8 { drop(It); 1 }"),
        ]));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].files, ["src/a/item.rs", "src/b.rs", "src/c.rs"]);
        assert!(found[0].edges.contains(&"src/b.rs -> src/c.rs: crate::c::h".to_owned()), "{found:?}");
    }

    #[test]
    fn tests_comments_and_own_ancestors_are_no_circle() {
        let found = circles(&files(&[
            ("src/lib.rs", "pub mod a; pub mod b;"),
            ("src/a/mod.rs", "mod child; pub struct A; fn f() { child::g(); }"),
            ("src/a/child.rs", "use super::A; pub fn g() -> A { A }"),
            ("src/b.rs", "// crate::a::A\n use crate::a::A; pub struct B(A);"),
            ("src/a/tests.rs", "use crate::b::B;"),
        ]));
        assert_eq!(found, []);
        let found = circles(&files(&[
            ("src/a.rs", "use crate::b::B; pub struct A(B);"),
            ("src/b.rs", "pub struct B; #[cfg(test)] mod tests { use crate::a::A; }"),
        ]));
        assert_eq!(found, []);
    }
}
