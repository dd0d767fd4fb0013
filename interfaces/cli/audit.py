"""`ml-service audit`: is the log what was written, and proof of it for others."""

import gzip
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, cast

import typer

from interfaces.cli.maintenance import DatabaseUrl, Home, OpenMaintenance, PublicKeys, SoundLog
from interfaces.cli.progress_bars import progress_bars
from interfaces.cli.verdicts import OutOfReach, told

_STANDARD_OUTPUT = Path("-")


def audit_commands(open_maintenance: OpenMaintenance) -> typer.Typer:
    """Return the commands, which do their work with what the function gives them."""
    commands = typer.Typer(help="Verify the log, export it, sign its head.", no_args_is_help=True)

    @commands.command()
    def verify(
        *,
        file: Annotated[
            Path | None, typer.Argument(help="A log that was exported; the service's own where none is named.")
        ] = None,
        public_key: PublicKeys = None,
        home: Home = None,
        database_url: DatabaseUrl = None,
    ) -> None:
        """Compute the hash chain again, and hold it against what was signed.

        Ends with 1 and the first place where the log is not what was written, if there is one. Says how far the
        signatures reach. A file needs no service and no database.
        """
        with told(), progress_bars() as on_step:
            found = open_maintenance(home, database_url).verify(
                file, public_keys=public_key or (), on_step=on_step
            )
        print(f"verified: {found.events} events, head {found.head}")
        for line in _signed(found, is_file=file is not None, is_key_given=bool(public_key)):
            print(line)

    @commands.command()
    def export(
        *,
        file: Annotated[
            Path, typer.Argument(help="Where to; compressed if the name ends with .gz.", show_default="stdout")
        ] = _STANDARD_OUTPUT,
        home: Home = None,
        database_url: DatabaseUrl = None,
    ) -> None:
        """Write the whole log with its chain and checkpoints as JSON lines, for `audit verify FILE`."""
        with told(), progress_bars() as on_step, _written(file) as into:
            exported = open_maintenance(home, database_url).export(into, on_step=on_step)
        sys.stderr.write(f"ml-service: exported {exported.events} events, head {exported.head}\n")

    @commands.command()
    def checkpoint(*, home: Home = None, database_url: DatabaseUrl = None) -> None:
        """Sign the newest head of the chain, and print the public key to give to those who will verify."""
        with told():
            signed = open_maintenance(home, database_url).checkpoint()
        if signed is None:
            print("there is no event yet: nothing to sign")
            return
        print(f"signed: position {signed.position}, head {signed.hash}, at {signed.at}")
        if signed.former_keys:
            print(
                f"a new key begins: what {', '.join(signed.former_keys)} has signed before counts still, "
                "by `audit verify --public-key` with that one"
            )
        print(f"public key: {signed.public_key}")

    return commands


def _signed(found: SoundLog, *, is_file: bool, is_key_given: bool) -> Iterator[str]:
    if not found.checkpoints:
        yield "no checkpoint was signed of it: that its end was cut off could not be seen"
        return
    keys = ", ".join(found.public_keys)
    if is_key_given:
        why = "named by you"
    elif is_file:
        why = "trusted because the file names it: give --public-key to trust nobody's word"
    else:
        why = "trusted because the data directory holds it: give --public-key to trust nobody's word"
    yield f"held against {_count(found.checkpoints)} of public key {keys} ({why})"
    if found.checkpoints_of_others:
        yield f"{_count(found.checkpoints_of_others)} of other keys did not count"
    reach = f"newest signed position {found.signed_position} of {found.events}"
    if found.signed_position < found.events:
        reach += ": what came after could have been cut off or rewritten unseen"
    yield reach


def _count(checkpoints: int) -> str:
    return "1 checkpoint" if checkpoints == 1 else f"{checkpoints} checkpoints"


@contextmanager
def _written(path: Path) -> Iterator[BinaryIO]:
    """Yield where to write; a file gets its name when it is complete."""
    if path == _STANDARD_OUTPUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    new = path.with_name(f"{path.name}.part")
    try:
        with new.open("wb") as file:
            if path.suffix == ".gz":
                with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=6, filename="") as compressed:
                    yield cast("BinaryIO", compressed)
            else:
                yield file
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        msg = f"cannot write {path}: {error.strerror or error}"
        raise OutOfReach(msg) from error
    finally:
        new.unlink(missing_ok=True)
