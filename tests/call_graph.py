"""Which functions of the package a Lambda handler can come to: from the source and its types alone, nothing is run.

The package is typed throughout (`mypy --strict`), so a parameter's annotation tells whose method a call means. A
Protocol stands for the classes that say that they implement it, or else for those that have all its members. A
container counts as what it holds. What a lambda or an inner function names counts as called: a little too much is
found rather than too little.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

from template import ROOT

LAYER = ROOT / "layers" / "certification"
Definition = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(eq=False, kw_only=True)
class Module:
    name: str
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    classes: dict[str, Class] = field(default_factory=dict)


@dataclass(eq=False, kw_only=True)
class Class:
    module: Module
    node: ast.ClassDef
    methods: dict[str, Function] = field(default_factory=dict)

    @property
    def is_protocol(self) -> bool:
        return any("Protocol" in ast.unparse(base) for base in self.node.bases)


@dataclass(eq=False, kw_only=True)
class Function:
    module: Module
    node: Definition
    owner: Class | None = None

    @property
    def name(self) -> str:
        """`services.awards.HandAwards.award`."""
        own = f"{self.owner.node.name}.{self.node.name}" if self.owner else self.node.name
        return f"{self.module.name.removeprefix('certification.')}.{own}"


class Call(NamedTuple):
    """Who calls whom."""

    caller: Function
    callee: Function


class CallGraph:
    def __init__(self, files: Iterable[tuple[str, Path]]) -> None:
        self._modules = {name: _read(name, path) for name, path in files}
        self._all = [each for module in self._modules.values() for each in module.classes.values()]

    def module(self, name: str) -> Module:
        return self._modules[name]

    def modules(self, package: str) -> list[Module]:
        return [module for name, module in self._modules.items() if name.startswith(package + ".")]

    def calls_from(self, roots: Iterable[Function]) -> list[Call]:
        """Every call that can follow from these, each pair once."""
        waiting, seen, calls = list(roots), set(roots), []
        while waiting:
            caller = waiting.pop()
            for callee in self._called_by(caller):
                calls.append(Call(caller, callee))
                if callee not in seen:
                    seen.add(callee)
                    waiting.append(callee)
        return calls

    @cache  # noqa: B019 one graph for the whole test run
    def _called_by(self, function: Function) -> tuple[Function, ...]:
        scope = _Scope(self, function)
        found: dict[Function, None] = {}
        for node in ast.walk(function.node):
            if isinstance(node, ast.Attribute):
                found |= dict.fromkeys(self._attribute(scope, node))
            elif isinstance(node, ast.Name):
                found |= dict.fromkeys(self._name(function.module, node.id))
        return tuple(found)

    def _attribute(self, scope: _Scope, node: ast.Attribute) -> Iterator[Function]:
        module = scope.module_of(node.value)
        if module is not None:
            yield from self._name(module, node.attr)
            return
        for owner in self.concrete(scope.type_of(node.value)):
            method = self.method(owner, node.attr)
            if method is not None:
                yield method

    def _name(self, module: Module, name: str) -> Iterator[Function]:
        """A function, or what making an instance runs; an instance that can be called is taken to be called."""
        found = self.find(module, name)
        if isinstance(found, Function):
            yield found
        elif isinstance(found, Class):
            special = (self.method(found, each) for each in ("__init__", "__post_init__", "__call__"))
            yield from filter(None, special)

    def find(self, module: Module, name: str) -> Function | Class | None:
        if name in module.functions:
            return module.functions[name]
        if name in module.classes:
            return module.classes[name]
        source, original = module.imports.get(name, ("", ""))
        if source == module.name:  # a package that names a module of its own
            return None
        return self.find(self._modules[source], original) if source in self._modules and original else None

    def imported_module(self, module: Module, name: str) -> Module | None:
        source, original = module.imports.get(name, ("", ""))
        return self._modules.get(f"{source}.{original}" if original else source)

    def bases(self, of: Class) -> list[Class]:
        found = (self.find(of.module, base.id) for base in of.node.bases if isinstance(base, ast.Name))
        return [base for base in found if isinstance(base, Class)]

    def method(self, of: Class, name: str) -> Function | None:
        if name in of.methods:
            return of.methods[name]
        return next((found for base in self.bases(of) if (found := self.method(base, name))), None)

    @cache  # noqa: B019 one graph for the whole test run
    def concrete(self, of: Class | None) -> list[Class]:
        """The classes that may stand where this one is named."""
        if of is None:
            return []
        if not of.is_protocol:
            return [of, *(each for each in self._all if of in self.bases(each))]
        stated = f"the port `{of.node.name}`"
        able = [
            each for each in self._all if not each.is_protocol and self._members(of) <= self._members(each)
        ]
        return [each for each in able if stated in (ast.get_docstring(each.node) or "")] or able

    @cache  # noqa: B019 one graph for the whole test run
    def _members(self, of: Class) -> frozenset[str]:
        stated = [each for each in of.node.body if isinstance(each, ast.Assign | ast.AnnAssign)]
        fields = {
            node.id
            for statement in stated
            for target in (statement.targets if isinstance(statement, ast.Assign) else [statement.target])
            for node in ast.walk(target)
            if isinstance(node, ast.Name)
        }
        inherited = frozenset[str]().union(*(self._members(base) for base in self.bases(of)))
        return inherited | of.methods.keys() | fields

    @cache  # noqa: B019 one graph for the whole test run
    def attribute_type(self, owner: Class, name: str) -> Class | None:
        """What `owner.name` is: a property's or a method's answer, a field, or what `__init__` keeps there."""
        method = self.method(owner, name)
        if method is not None:
            return self.annotated(method.module, method.node.returns)
        for statement in owner.node.body:
            if isinstance(statement, ast.AnnAssign) and ast.unparse(statement.target) == name:
                return self.annotated(owner.module, statement.annotation)
        start = self.method(owner, "__init__")
        if start is None:
            return None
        scope = _Scope(self, start)
        for node in ast.walk(start.node):
            targets = node.targets if isinstance(node, ast.Assign) else ()
            if any(ast.unparse(target) == f"self.{name}" for target in targets):
                return scope.type_of(node.value) if isinstance(node, ast.Assign) else None
        return None

    def annotated(self, module: Module, annotation: ast.expr | None) -> Class | None:
        """The class of ours that an annotation names, alone, optional or in a container; the last, where several."""
        if annotation is None or ast.unparse(annotation).startswith("Callable"):
            return None
        names = [node.id for node in ast.walk(annotation) if isinstance(node, ast.Name)]
        found = [each for name in names if isinstance(each := self.find(module, name), Class)]
        return found[-1] if found else None


class _Scope:
    """The types of a function's names."""

    def __init__(self, graph: CallGraph, function: Function) -> None:
        self._graph = graph
        self._module = function.module
        self._types: dict[str, Class] = {}
        if function.owner is not None:
            self._types["self"] = self._types["cls"] = function.owner
        for node in ast.walk(function.node):
            if isinstance(node, ast.arg):
                self._note(node.arg, graph.annotated(self._module, node.annotation))
        for _ in range(3):  # a name may be told from one that is told further down
            for node in ast.walk(function.node):
                self._assigned(node)

    def _assigned(self, node: ast.AST) -> None:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self._note(name, self.type_of(value))
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                self._note(name, self._graph.annotated(self._module, annotation))
            case ast.NamedExpr(target=ast.Name(id=name), value=value):
                self._note(name, self.type_of(value))
            case (
                ast.For(target=ast.Name(id=name), iter=value)
                | ast.comprehension(target=ast.Name(id=name), iter=value)
            ):
                self._note(name, self.type_of(value))

    def _note(self, name: str, known: Class | None) -> None:
        if known is not None:
            self._types.setdefault(name, known)

    def module_of(self, node: ast.expr) -> Module | None:
        if isinstance(node, ast.Name) and node.id not in self._types:
            return self._graph.imported_module(self._module, node.id)
        return None

    def type_of(self, node: ast.expr) -> Class | None:
        match node:
            case ast.Name(id=name):
                return self._types.get(name)
            case ast.Attribute(value=value, attr=attr):
                owners = self._graph.concrete(self.type_of(value))
                found = (self._graph.attribute_type(owner, attr) for owner in owners)
                return next(filter(None, found), None)
            case ast.Call(func=ast.Name(id=name)) if name not in self._types:
                called = self._graph.find(self._module, name)
                if isinstance(called, Function):
                    return self._graph.annotated(called.module, called.node.returns)
                return called
            case ast.Call(func=called):
                return self.type_of(called)
            case ast.Subscript(value=value) | ast.Await(value=value):
                return self.type_of(value)
            case _:
                return None


def _read(name: str, path: Path) -> Module:
    tree = ast.parse(path.read_text())
    module = Module(name=name, imports=dict(_imports(tree)))
    for node in tree.body:
        if isinstance(node, Definition):
            module.functions[node.name] = Function(module=module, node=node)
        elif isinstance(node, ast.ClassDef):
            owner = module.classes[node.name] = Class(module=module, node=node)
            for inner in node.body:
                if isinstance(inner, Definition):
                    owner.methods[inner.name] = Function(module=module, node=inner, owner=owner)
    return module


def _imports(tree: ast.Module) -> Iterator[tuple[str, tuple[str, str]]]:
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=source, names=names):
                yield from ((alias.asname or alias.name, (source or "", alias.name)) for alias in names)
            case ast.Import(names=names):
                yield from ((alias.asname or alias.name, (alias.name, "")) for alias in names)


@cache
def call_graph() -> CallGraph:
    """The layer's package and the handlers (`functions.api`)."""
    files = [
        (str(path.relative_to(LAYER).with_suffix("")).replace("/", ".").removesuffix(".__init__"), path)
        for path in sorted((LAYER / "certification").rglob("*.py"))
    ]
    handlers = sorted((ROOT / "functions").glob("*/app.py"))
    return CallGraph([*files, *((f"functions.{path.parent.name}", path) for path in handlers)])
