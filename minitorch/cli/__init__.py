"""The command line: ``python -m minitorch train | classify | evaluate | data | models | ...``.

Commands are imported when they are called, so that ``--help`` is quick and one
that lacks a package does not take the others with it. Bad input ends in one
line on standard error and exit code 2; ``--debug`` shows where it came from.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import sys
from collections.abc import Iterator
from typing import Any

import click

import minitorch
from minitorch.utils import did_you_mean

__all__ = ["BadInput", "cli", "main"]

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")

# name -> (module:attribute, one line for --help)
COMMANDS = {
    "train": ("minitorch.cli.train:train", "Train a network on a dataset and report its error."),
    "report": ("minitorch.cli.report:report", "Make one page of what a run has left."),
    "classify": ("minitorch.cli.classify:classify", "Say what is on pictures."),
    "evaluate": ("minitorch.cli.evaluate:evaluate", "Measure a trained network."),
    "look": ("minitorch.cli.look:look", "Show what a network sees in a picture."),
    "predict": ("minitorch.cli.predict:predict", "Write probabilities for images into a file."),
    "export": ("minitorch.cli.export:export", "Write a trained network for other programs."),
    "sample": ("minitorch.cli.sample:sample", "Make images by a trained generator."),
    "style": ("minitorch.cli.style:style", "Paint a photograph in the style of paintings."),
    "train-style": (
        "minitorch.cli.train_style:train_style",
        "Train a network that paints in a picture's style.",
    ),
    "apply-style": (
        "minitorch.cli.apply_style:apply_style",
        "Paint photographs by a network, in one pass.",
    ),
    "edit": ("minitorch.cli.edit:edit", "Change attributes of faces: skin=dark."),
    "data": ("minitorch.cli.data:data", "List the datasets, and show what is in one."),
    "models": ("minitorch.cli.models:models", "List the networks, and what they take."),
    "gradcheck": ("minitorch.cli.gradcheck:gradcheck", "Check the gradients of every op."),
    "explain": ("minitorch.cli.explain:explain", "Walk through a graph and its backward."),
    "kernels": ("minitorch.cli.kernels:kernels", "List, check and lint the device's kernels."),
    "status": ("minitorch.cli.status:status", "Say which devices and kernels there are."),
}


class BadInput(click.ClickException):
    """One clear line on standard error, exit code 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """Print the line."""
        click.echo(f"minitorch: {self.format_message()}", err=True, file=file)


@contextlib.contextmanager
def _usage_in_one_line() -> Iterator[None]:
    """Click's own complaints, without the lines on usage that it puts before them."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:  # which is the help, not a complaint
        raise
    except click.UsageError as error:
        text = " ".join(error.format_message().split()).rstrip(".")
        text = text[:1].lower() + text[1:]
        more = f" ({error.ctx.command_path} --help)" if error.ctx else ""
        raise BadInput(text + more) from error


class _Commands(click.Group):
    """A group whose commands are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            hint = did_you_mean(args[0], COMMANDS)
            raise click.UsageError(f"no command named {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # --debug is taken wherever it stands, also after the command's name.
        rest = [arg for arg in args if arg != "--debug"]
        with _usage_in_one_line():
            return super().parse_args(ctx, ["--debug", *rest] if len(rest) < len(args) else rest)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with _usage_in_one_line():
                return super().invoke(ctx)
        except (ValueError, TypeError, RuntimeError, OSError, ImportError) as error:
            if ctx.params.get("debug") or isinstance(
                error, click.exceptions.Exit | BrokenPipeError
            ):
                raise
            raise BadInput(" ".join(str(error).split())) from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(minitorch.__version__, message="%(version)s")
def cli(debug: bool) -> None:
    """Autograd, kernels and networks that can be read from top to bottom."""


def main() -> None:
    """Run the command line."""
    _with_threads(sys.argv[1:])
    cli(prog_name="minitorch")


def _with_threads(arguments: list[str]) -> None:
    """Start over if ``--threads`` asks for another number than NumPy was loaded with.

    NumPy's matrix products take theirs from the environment, once, and NumPy is
    loaded before any argument can be read.
    """
    joined = " ".join(arguments)
    found = re.search(r"(?:^|\s)--threads[\s=]+([1-9]\d{0,3})(?:\s|$)", joined)
    if found is None or all(os.environ.get(name) == found[1] for name in _THREAD_VARIABLES):
        return
    environment = os.environ | dict.fromkeys(_THREAD_VARIABLES, found[1])
    os.execve(sys.executable, [sys.executable, "-m", "minitorch", *arguments], environment)
