"""Click commands that speak two languages: help, option texts and examples are chosen when they are shown.

A command's module is imported when the command is used, not before. What a command does is not here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Final

import click

from rekap.commands import KNOWN
from rekap.session import session_of
from rekap.text.placeholders import in_language
from schemas.language import Language, Text

HELP_NAMES: Final = ["-h", "--help"]
HEADINGS: Final = {
    "Options": "Pilihan",
    "Commands": "Perintah",
    "Examples": "Contoh",
    "Usage: ": "Cara pakai: ",
}
"""Click's own headings in Indonesian."""
HELP: Final = Text(id="Tampilkan penjelasan ini.", en="Show this message.")


class _Formatter(click.HelpFormatter):
    """Writes help with the headings of one language."""

    language: Language = "en"

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, self._heading(prefix or "Usage: "))

    def write_heading(self, heading: str) -> None:
        super().write_heading(self._heading(heading))

    def _heading(self, english: str) -> str:
        return HEADINGS.get(english, english) if self.language == "id" else english


class _Context(click.Context):
    def make_formatter(self) -> click.HelpFormatter:
        formatter = _Formatter(width=self.terminal_width, max_width=self.max_content_width)
        formatter.language = session_of(self).language
        return formatter


class Argument(click.Argument):
    """An argument whose placeholder is written in the user's language."""

    def make_metavar(self, ctx: click.Context) -> str:
        return in_language(super().make_metavar(ctx), session_of(ctx).language)


class Option(click.Option):
    """An option whose help is a Text."""

    def __init__(self, declarations: Sequence[str], said: Text | None = None, **settings: Any) -> None:
        super().__init__(declarations, help=said.en if said else None, **settings)
        self._said = said

    def make_metavar(self, ctx: click.Context) -> str:
        return in_language(super().make_metavar(ctx), session_of(ctx).language)

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        if self._said is not None:
            self.help = self._said.within(session_of(ctx).language)
        return super().get_help_record(ctx)


class Command(click.Command):
    """A subcommand. `said` begins with a sentence that also stands in the list of commands."""

    context_class = _Context

    def __init__(self, name: str, *, said: Text, examples: Sequence[str], **settings: Any) -> None:
        self._said = said
        self.examples = tuple(examples)
        names = {"help_option_names": HELP_NAMES, **settings.pop("context_settings", {})}
        settings["help"] = said.en
        super().__init__(name, context_settings=names, **settings)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        language = session_of(ctx).language
        return [in_language(self.options_metavar or "", language), *super().collect_usage_pieces(ctx)[1:]]

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        return _with_help_in(super().get_help_option(ctx), ctx)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.help = self._said.within(session_of(ctx).language)
        super().format_help_text(ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        formatter.write_paragraph()
        formatter.write_heading("Examples")
        for example in self.examples:
            formatter.write(f"  {example}\n")


class CommandOnIds(Command):
    """A subcommand whose argument may be an id that begins with a minus sign (overseas, 2019)."""

    def __init__(self, name: str, **settings: Any) -> None:
        super().__init__(name, context_settings={"ignore_unknown_options": True}, **settings)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        known = {"--help", *(option for parameter in self.params for option in parameter.opts)}
        for argument in args:
            name = argument.partition("=")[0]
            if name.startswith("--") and name not in known:
                raise click.NoSuchOption(name, possibilities=None, ctx=ctx)
        return super().parse_args(ctx, args)


def subcommand(
    name: str, more: Text, examples: Sequence[str], kind: type[Command] = Command
) -> Callable[[Callable[..., Any]], click.Command]:
    """Makes a function (with its options) the subcommand `name`. Its help: the sentence in the list of
    commands, then `more`, then `examples`: lines that work as they stand."""
    said = Text(id=f"{KNOWN[name].id}\n\n{more.id}", en=f"{KNOWN[name].en}\n\n{more.en}")
    decorator: Callable[[Callable[..., Any]], click.Command]
    decorator = click.command(name, cls=kind, said=said, examples=examples)
    return decorator


class Group(click.Group):
    """`rekap` itself: knows every subcommand's name and sentence, and imports only the one that is used."""

    context_class = _Context

    def __init__(self, name: str, said: Text, known: Mapping[str, Text], **settings: Any) -> None:
        super().__init__(name, context_settings={"help_option_names": HELP_NAMES}, **settings)
        self._said = said
        self._known = known

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [in_language(one, session_of(ctx).language) for one in super().collect_usage_pieces(ctx)]

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(self._known)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in self._known:
            return None
        module = import_module(f"rekap.commands.{cmd_name.replace('import', 'importing')}")
        command: click.Command = module.command
        return command

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.help = self._said.within(session_of(ctx).language)
        super().format_help_text(ctx, formatter)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        return _with_help_in(super().get_help_option(ctx), ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        language = session_of(ctx).language
        with formatter.section("Commands"):
            formatter.write_dl([(name, said.within(language)) for name, said in self._known.items()])


def _with_help_in(option: click.Option | None, context: click.Context) -> click.Option | None:
    if option is not None:
        option.help = HELP.within(session_of(context).language)
    return option
