"""``python -m minitorch explain``: an op's card, or a graph and its backward."""

from __future__ import annotations

import importlib.util
import inspect
import json
import linecache
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import click

from minitorch.utils import did_you_mean

__all__ = ["explain"]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("op", required=False)
@click.option("--list", "listing", is_flag=True, help="List every op with its formula.")
@click.option("--demo", is_flag=True, help="Take the built-in example.")
@click.option(
    "--file",
    "target",
    metavar="FILE:FUNCTION",
    help="Take the loss that your function returns; it is called without arguments.",
)
@click.option("--table", is_flag=True, help="Print the graph instead of stepping.")
@click.option("--why", metavar="NAME", help="Say why the gradient of that tensor is what it is.")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Draw the graph.")
@click.option(
    "--dot", type=click.Path(dir_okay=False, path_type=Path), help="Write it for Graphviz."
)
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write graph and steps as one page that needs no network.",
)
@click.option("--until", metavar="OP", help="Stop at this op, name, number (#3) or at nan.")
@click.option(
    "--interactive/--no-interactive",
    default=None,
    help="Wait for a key after each step.  [default: on a terminal]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
def explain(op: str | None, listing: bool, demo: bool, target: str | None, **options: Any) -> None:
    """Explain OP, or step through the backward of a graph.

    \b
    explain softmax                       formula, rules and conventions of an op
    explain --demo                        walk through a small backward
    explain --file net.py:loss            the same for a loss of your own
    explain --file net.py:loss --html loss.html --svg loss.svg
    explain --file net.py:loss --why w    why is the gradient of w None, zero, NaN?
    """
    given = {"OP": op, "--list": listing, "--demo": demo, "--file": target}
    chosen = [name for name, value in given.items() if value]
    if len(chosen) != 1:
        found = " and ".join(chosen) or "none"
        raise click.UsageError(f"give one of OP, --list, --demo and --file; found {found}")
    if op is not None or listing:
        _refuse_graph_options(chosen[0], options)
        _show_list(options["as_json"]) if listing else _show_card(op or "", options["as_json"])
        return
    _show_graph(_demo() if demo else _load(target or ""), options)


def _refuse_graph_options(chosen: str, options: dict[str, Any]) -> None:
    """--svg and its like make sense for a graph only."""
    given = [name for name, value in options.items() if value not in (None, False)]
    wrong = [f"--{name}" for name in given if name != "as_json"]
    if wrong:
        raise click.UsageError(f"{', '.join(wrong)} need a graph (--demo or --file), not {chosen}")


def _show_list(as_json: bool) -> None:
    from minitorch import registry
    from minitorch.autograd.op import Composite

    rows = [
        {
            "name": name,
            "formula": entry.formula,
            "kind": "composite" if isinstance(entry, Composite) else "op",
            "rules": sorted(entry.rules),
        }
        for name, entry in sorted(registry.items())
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    width = max(len(str(row["name"])) for row in rows)
    for row in rows:
        click.echo(f"{row['name']:<{width}}  {row['formula']}")


def _show_card(op: str, as_json: bool) -> None:
    from minitorch.explain import card
    from minitorch.explain.printing import print_lines

    found = card(op)
    if as_json:
        click.echo(json.dumps(found.as_dict(), ensure_ascii=False, indent=1))
    else:
        print_lines(found.lines())


def _demo() -> Callable[[], Any]:
    """The example, run as if it were a user's file: the package's own lines are never named."""
    source = files("minitorch.explain").joinpath("demo.py").read_text(encoding="utf-8")
    linecache.cache["demo.py"] = (len(source), None, source.splitlines(keepends=True), "demo.py")
    namespace: dict[str, Any] = {"__name__": "demo"}
    exec(compile(source, "demo.py", "exec"), namespace)
    function: Callable[[], Any] = namespace["demo_loss"]
    return function


def _load(target: str) -> Callable[[], Any]:
    """The function that ``FILE:FUNCTION`` names."""
    file, _, name = target.rpartition(":")
    if not file or not name:
        raise ValueError(f"--file {target!r}: give FILE:FUNCTION, for example net.py:loss")
    path = Path(file).resolve()
    if not path.is_file():
        raise FileNotFoundError(f"--file {target!r}: there is no file {file}")
    module = _import(path)
    function = getattr(module, name, None)
    if not callable(function):
        names = [n for n, value in vars(module).items() if inspect.isfunction(value)]
        hint = did_you_mean(name, names, "it has")
        raise ValueError(f"{file} has no function {name!r}; {hint}")
    chosen: Callable[[], Any] = function
    return chosen


def _import(path: Path) -> Any:
    """Run a file as a module; it may import its neighbours."""
    name = f"explained_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path.name} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module


def _show_graph(function: Callable[[], Any], options: dict[str, Any]) -> None:
    """Compute the loss under a tape, then do what was asked for."""
    from minitorch import Tensor
    from minitorch.explain import record

    with record() as tape:
        loss = function()
    if not isinstance(loss, Tensor):
        raise TypeError(
            f"{_name(function)} must return a tensor, it returned {type(loss).__name__}"
        )
    tape.set_name(loss, "loss")
    if options["why"]:
        _why(loss, options, tape)
    elif not loss.requires_grad:
        _refuse(loss, tape)
    elif loss.size != 1:
        raise ValueError(f"{_name(function)} must return one element, not shape {loss.shape}")
    elif options["as_json"]:
        _write_files(loss, options, tape)
        click.echo(json.dumps(_as_json(loss, tape), ensure_ascii=False, indent=1))
    elif not _write_files(loss, options, tape):
        _print(loss, options, tape)


def _name(function: Any) -> str:
    return getattr(function, "__name__", str(function))


def _refuse(loss: Any, tape: Any) -> None:
    from minitorch.explain import explain_grad

    raise ValueError(f"there is no backward to show: {explain_grad(loss, tape=tape).summary}")


def _print(loss: Any, options: dict[str, Any], tape: Any) -> None:
    from minitorch.explain import print_graph, step_through

    if options["table"]:
        print_graph(loss, tape=tape)
    else:
        step_through(loss, interactive=options["interactive"], until=options["until"], tape=tape)


def _write_files(loss: Any, options: dict[str, Any], tape: Any) -> bool:
    """Write the drawings that were asked for; whether there were any."""
    from minitorch.explain import html_text, to_dot, to_svg
    from minitorch.io.files import atomic_write

    makers: dict[str, Callable[..., str]] = {"svg": to_svg, "dot": to_dot, "html": html_text}
    wanted = [(kind, options[kind]) for kind in makers if options[kind] is not None]
    for kind, path in wanted:
        atomic_write(path, makers[kind](loss, tape=tape))
        click.echo(f"wrote {path}", err=True)
    return bool(wanted)


def _why(loss: Any, options: dict[str, Any], tape: Any) -> None:
    from minitorch.explain import explain_grad

    known = tape.named()
    name = options["why"]
    if name not in known:
        hint = did_you_mean(name, known)
        raise ValueError(f"no tensor named {name!r} in this graph; {hint}")
    if loss.requires_grad and loss.size == 1:
        loss.backward(retain_graph=True)
    why = explain_grad(loss, known[name], tape=tape)
    if options["as_json"]:
        click.echo(json.dumps(why.as_dict(), ensure_ascii=False, indent=1))
    else:
        click.echo(str(why))


def _as_json(loss: Any, tape: Any) -> list[dict[str, Any]]:
    from minitorch.explain import steps

    return [step.as_dict() for step in steps(loss, tape=tape)]
