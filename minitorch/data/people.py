"""Noto's emoji of people: aligned drawings whose attributes are exact, as they were drawn so.

Unicode spells a person as a drawing (a farmer, a person who shrugs) with a gender and a tone of
skin, and some with a kind of hair. So the drawings come in families in which one attribute alone
differs, and an edited image has a true counterpart.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy

from minitorch.data.attributes import Attribute, AttributeImages
from minitorch.data.errors import DataError
from minitorch.data.image_file import decode, to_square
from minitorch.data.images import held_out
from minitorch.data.packages import emoji_files

__all__ = ["emoji_people"]

_FOLDER = "package/img/google/64/"
_GROUPS = ("person", "person-role", "person-gesture", "person-fantasy")
_TONES = {
    "1F3FB": "light",
    "1F3FC": "medium-light",
    "1F3FD": "medium",
    "1F3FE": "medium-dark",
    "1F3FF": "dark",
}
SKIN = Attribute("skin", ("yellow", *_TONES.values()))
GENDER = Attribute("gender", ("person", "man", "woman"))
_SIGNS = {"1F468": "man", "2642": "man", "1F469": "woman", "2640": "woman"}
_WORDS = {
    **dict.fromkeys(("MAN", "BOY", "PRINCE", "FATHER"), "man"),
    **dict.fromkeys(("WOMAN", "GIRL", "PRINCESS", "MOTHER"), "woman"),
}
_HAIR = {
    "1F9B0": "red",
    "1F9B1": "curly",
    "1F9B3": "white",
    "1F9B2": "bald",
    "1F471": "blond",
    "1F9D4": "beard",
    "1F473": "turban",
    "1F9D5": "headscarf",
}
HAIR = Attribute("hair", ("unnamed", *_HAIR.values()))
# Characters of one drawing with different genders that Unicode does not spell alike.
_SAME = {
    **dict.fromkeys(("1F468", "1F469", "1F9D1", "1F9D4"), "adult"),
    **dict.fromkeys(("1F466", "1F467", "1F9D2"), "child"),
    **dict.fromkeys(("1F474", "1F475", "1F9D3"), "older adult"),
    **dict.fromkeys(("1F934", "1F478", "1FAC5"), "crown"),
    **dict.fromkeys(("1F385", "1F936", "1F384"), "Christmas"),
    **dict.fromkeys(("1F930", "1FAC3", "1FAC4"), "pregnant"),
    **dict.fromkeys(("1F471", "1F9B0", "1F9B1", "1F9B2", "1F9B3"), "with hair"),
}


def emoji_people(
    data_dir: str | Path | None = None, size: int = 64
) -> tuple[AttributeImages, AttributeImages]:
    """The people among the emoji, from npm's package ``emoji-datasource-google``.

    Parameters
    ----------
    data_dir : str or Path, optional
        Holds ``emoji-datasource-google-16.0.0.tgz`` (or is it). Default: the cache folder.
    size : int
        Rows and columns; 64 is what the package has.

    Returns
    -------
    (train, test) : pair of AttributeImages
        997 RGB images on white, with ``skin``, ``gender`` and ``hair``. A fifth of the drawings is
        held out, each with all its variants.

    Raises
    ------
    DataError
        If the archive is not there (the message says how to get it) or another file.

    Notes
    -----
    What a name does not say is "person" and "unnamed"; a drawing with a man's and a woman's
    variant is a person without one, whatever its old name. Genies, zombies and the troll, seven
    images, have no tones; they count as yellow, and are blue and green.
    """
    archive, files = emoji_files(data_dir, _FOLDER)
    images, labels, drawings = [], [], []
    entries = [entry for entry in json.loads(files["table"]) if entry["subcategory"] in _GROUPS]
    known = {entry["unified"] for entry in entries}
    for entry in entries:
        for tone, image in _variants(entry):
            name = _FOLDER + image
            if name not in files:
                raise DataError(f"{archive}:{name}: expected this file in the archive")
            images.append(to_square(decode(files[name], f"{archive}:{name}"), size))
            labels.append([tone, GENDER.number(_gender(entry, known)), HAIR.number(_hair(entry))])
            drawings.append(_drawing(entry["unified"].split("-")))
    whole = AttributeImages(
        numpy.stack(images), labels, (SKIN, GENDER, HAIR), tuple(drawings), "train"
    )
    names = sorted(set(drawings))
    tests = held_out(names, numpy.zeros(len(names), int))
    mask = numpy.isin(drawings, [name for name, test in zip(names, tests, strict=True) if test])
    return whole.take(~mask), whole.take(mask, "test")


def _variants(entry: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """The number of each tone that the drawing comes in, and its image's name."""
    yield 0, entry["image"]
    for tone, variant in entry.get("skin_variations", {}).items():
        if variant["has_img_google"]:
            yield SKIN.number(_TONES[tone]), variant["image"]


def _gender(entry: Mapping[str, Any], known: set[str]) -> str:
    """What the code says, else the name."""
    code = entry["unified"]
    for part in code.split("-"):
        if part in _SIGNS:
            return _SIGNS[part]
    if f"{code}-200D-2642-FE0F" in known:
        return "person"
    found = [_WORDS[word] for word in entry["name"].replace(":", "").split() if word in _WORDS]
    return found[0] if found else "person"


def _hair(entry: Mapping[str, Any]) -> str:
    """The kind of hair that the code names."""
    found = [_HAIR[part] for part in entry["unified"].split("-") if part in _HAIR]
    return found[0] if found else "unnamed"


def _drawing(code: list[str]) -> str:
    """What is left of a code without gender, tone and hair."""
    parts = [_SAME.get(p, p) for p in code if p not in ("200D", "FE0F", "2642", "2640")]
    rest = [p for p in parts if p != "adult"]  # a person with a kind of hair or a plough is that
    return "-".join(rest) or "adult"
