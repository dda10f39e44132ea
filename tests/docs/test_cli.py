"""Every command has a complete help text, and docs/cli.md contains the help texts."""

import click
import pytest

from stanchion.cli.main import main

from .cli_reference import REFERENCE, render, walk

CONTEXTS = {context.command_path: context for context in walk()}
SUMMARY = 63  # characters that a list of commands has room for on a terminal with 80 columns


def test_the_reference_page_is_current() -> None:
    if REFERENCE.read_text(encoding="utf-8") != render():
        pytest.fail("docs/cli.md differs from the help texts; run: make catalog", pytrace=False)


@pytest.mark.parametrize("path", CONTEXTS)
def test_a_help_text_begins_with_a_short_sentence(path: str) -> None:
    """The first sentence stands in lists of commands, where click cuts off a longer one."""
    first = CONTEXTS[path].command.get_short_help_str(SUMMARY)
    assert first[:1].isupper()
    assert first.endswith(".")
    assert not first.endswith("...")


@pytest.mark.parametrize("name", main.entries)
def test_the_summary_in_the_list_is_that_of_the_command(name: str) -> None:
    """The list of commands contains copies of the first sentences, so that --help imports no command."""
    command = CONTEXTS[f"stanchion {name}"].command
    assert command.name == name
    assert main.entries[name].summary == command.get_short_help_str(SUMMARY)


@pytest.mark.parametrize("path", CONTEXTS)
def test_a_help_text_contains_an_example(path: str) -> None:
    if isinstance(CONTEXTS[path].command, click.Group):
        pytest.skip("a group lists its commands instead")
    example = (CONTEXTS[path].command.help or "").partition("Example:\n")[2]
    assert path in example


@pytest.mark.parametrize("path", CONTEXTS)
def test_every_option_has_a_help_text_of_sentences(path: str) -> None:
    context = CONTEXTS[path]
    options = [option for option in context.command.get_params(context) if isinstance(option, click.Option)]
    assert [option.name for option in options if not (option.help or "").endswith(".")] == []
