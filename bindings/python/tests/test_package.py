"""The package itself: its library, and what it says when the library is missing."""

from __future__ import annotations

import _datetime
import importlib.metadata
from pathlib import Path

import adbc_driver_manager
import adbc_driver_redshift
import pytest


def test_the_package_carries_the_library():
    path = adbc_driver_redshift.driver_path()
    assert path.is_file()
    assert path.parent == Path(adbc_driver_redshift.__file__).parent


def test_the_library_is_small_enough_to_ship():
    assert adbc_driver_redshift.driver_path().stat().st_size < 25_000_000


def test_the_wheel_is_typed_and_tagged_for_its_platform():
    files = importlib.metadata.files("adbc-driver-redshift")
    assert any(file.name == "py.typed" for file in files)
    wheel = importlib.metadata.distribution("adbc-driver-redshift").read_text("WHEEL")
    assert "Root-Is-Purelib: false" in wheel
    assert "Tag: py3-none-" in wheel
    assert "py3-none-any" not in wheel


def test_a_missing_library_is_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(adbc_driver_redshift, "_LIBRARY_NAME", "libmissing.so")
    with pytest.raises(FileNotFoundError, match="make build"):
        adbc_driver_redshift.driver_path()


@pytest.mark.parametrize(("library", "reason"), [(b"not a library", "file too short"), (None, "undefined symbol")])
def test_a_wrong_library_is_an_error_of_one_line(
    library: bytes | None, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "libadbc_driver_redshift.so"
    path.write_bytes(library if library is not None else Path(_datetime.__file__).read_bytes())
    monkeypatch.setattr(adbc_driver_redshift, "driver_path", lambda: path)
    with pytest.raises(adbc_driver_manager.Error) as caught:
        adbc_driver_redshift.connect("redshift://localhost/dev")
    (line,) = str(caught.value).splitlines()
    for words in (str(path), reason, "install a wheel"):
        assert words in line
