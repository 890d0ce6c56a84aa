"""Builds ``minitorch._cpu`` from csrc/; everything else stands in pyproject.toml.

A machine without a compiler gets the pure Python package: the build then leaves
the reason in ``minitorch/_cpu_missing.txt``, where ``python -m minitorch status``
finds it, and never fails the installation.

The files under csrc/cpu are compiled once per instruction set in ``ISAS`` (the
macro MT_ISA names it) and all variants are linked in; which one runs is decided
when the module is imported, so that a wheel runs on any CPU of its architecture.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).parent
X86 = platform.machine().lower() in ("x86_64", "amd64")

# Name -> compiler flags, the most portable first: the linker keeps the first copy
# of an inline function that several variants contain, and that one must run anywhere.
ISAS: dict[str, list[str]] = {"generic": []}
if X86:
    ISAS["avx2"] = ["-mavx2", "-mfma"]

COMMON = ["-std=c++17", "-O3", "-g0", "-Wall", "-Wextra", "-fvisibility=hidden"]
COMMON += ["-fopenmp-simd"]  # its pragmas only; there is no OpenMP runtime (see parallel.hpp)
# For the sanitizers, e.g. MINITORCH_CFLAGS="-fsanitize=address" (linked with as well).
EXTRA = os.environ.get("MINITORCH_CFLAGS", "").split()


def sources(*folders: str) -> list[str]:
    """The .cpp files of folders of csrc/, as setuptools wants them: relative."""
    found = [p for folder in folders for p in (ROOT / "csrc" / folder).rglob("*.cpp")]
    return sorted(p.relative_to(ROOT).as_posix() for p in found)


class BuildNative(build_ext):  # type: ignore[misc]  # setuptools is not typed here
    """build_ext that compiles the kernels per instruction set and may fail in peace."""

    def run(self) -> None:
        """Build, or say in one line why the package stays pure Python."""
        in_tree = self.editable_mode or self.inplace
        package = (ROOT if in_tree else Path(self.build_lib)) / "minitorch"
        note = package / "_cpu_missing.txt"
        note.unlink(missing_ok=True)
        try:
            self._check_tools()
            super().run()
        except Exception as error:  # whatever a broken toolchain throws
            reason = (str(error).strip() or repr(error)).splitlines()[-1]
            print(f"warning: minitorch._cpu is not built, NumPy will do: {reason}", file=sys.stderr)
            self.extensions: list[Extension] = []
            package.mkdir(parents=True, exist_ok=True)
            note.write_text(reason + "\n")
            for old in package.glob("_cpu.*"):
                old.unlink()

    def _check_tools(self) -> None:
        """Fail with a sentence where the compiler would fail with a page."""
        try:
            import pybind11
        except ImportError:
            raise RuntimeError("pybind11 is not installed where the build runs") from None
        if not (Path(sysconfig.get_path("include")) / "Python.h").exists():
            raise RuntimeError("Python.h is missing; install the Python development package")
        self.include_dirs.append(pybind11.get_include())

    def build_extension(self, ext: Extension) -> None:
        """Compile side by side, every kernel once per instruction set, and link it all."""
        macros = [(f"MT_HAS_{isa.upper()}", "1") for isa in ISAS]
        jobs: list[tuple[str, str, list[Any], list[str]]] = [
            ("bindings", source, macros, []) for source in sources("bindings", "common")
        ]
        for isa, flags in ISAS.items():
            jobs += [(isa, source, [("MT_ISA", isa)], flags) for source in sources("cpu")]
        jobs = [job for job in jobs if job[1] not in ext.sources]
        ext.define_macros += macros
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            for made in pool.map(lambda job: self._compile(ext, *job), jobs):
                ext.extra_objects += made
        try:
            super().build_extension(ext)
        except Exception:  # as in _compile
            raise RuntimeError(f"{ext.name} could not be linked") from None

    def _compile(
        self, ext: Extension, folder: str, source: str, macros: list[Any], flags: list[str]
    ) -> list[str]:
        command: list[str] = getattr(self.compiler, "compiler_so_cxx", self.compiler.compiler_so)
        if shutil.which(command[0]) is None:
            raise RuntimeError(f"the C++ compiler {command[0]} was not found")
        try:
            objects: list[str] = self.compiler.compile(
                [source],
                output_dir=str(Path(self.build_temp) / folder),
                macros=macros,
                include_dirs=ext.include_dirs,
                extra_postargs=[*ext.extra_compile_args, *flags],
                depends=ext.depends,
            )
        except Exception:  # the compiler has said why on standard error
            raise RuntimeError(f"{command[0]} could not compile {source}") from None
        return objects


def extension() -> Extension:
    """The module itself; everything it is made of comes in as objects."""
    return Extension(
        "minitorch._cpu",
        ["csrc/bindings/module.cpp"],
        include_dirs=["csrc"],
        depends=[p.relative_to(ROOT).as_posix() for p in (ROOT / "csrc").rglob("*.[ch]pp")],
        extra_compile_args=[*COMMON, *EXTRA],
        extra_link_args=["-pthread", *EXTRA],
        language="c++",
    )


setup(ext_modules=[extension()], cmdclass={"build_ext": BuildNative})
